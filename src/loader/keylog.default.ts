// Browsers and edge workers have no files.

/** Whether there are files to append to. */
export function hasKeylogFiles(): boolean {
  return false
}

/** Never called: there are none. */
export function keylogFile(_file: string | undefined): ((line: string) => void) | undefined {
  return undefined
}
