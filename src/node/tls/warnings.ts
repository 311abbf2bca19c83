// Warnings as Node gives them.

const given = new Set<string>()

/** Once each. `code` is that of a deprecation, or empty. */
export function warnOnce(code: string, text: string): void {
  if (given.has(text)) return
  given.add(text)
  if (code === '') warn('Warning', text)
  else warn('DeprecationWarning', text, code)
}

export function warn(kind: string, text: string, code?: string): void {
  const { process } = globalThis as { process?: { emitWarning?(text: string, kind: string, code?: string): void } }
  process?.emitWarning?.(text, kind, code)
}
