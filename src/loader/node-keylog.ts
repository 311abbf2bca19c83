// A file of secrets, where there are files: Node, Deno and Bun.

/** The part of node:fs that is used. Types of our own: the package is used without Node's. */
export interface AppendingFs {
  appendFileSync(path: string, data: string, options: { readonly mode: number }): void
}

/** For the owner alone: anyone who reads it can decrypt. */
const MODE = 0o600

/**
 * What appends lines to `file`, or to the one that SSLKEYLOGFILE names; `undefined` if that is not set. The file is made at
 * once, so that it throws here if it cannot be. Each line is one write, at the end: several processes may share a file.
 */
export function nodeKeylog(
  fs: AppendingFs, env: Readonly<Record<string, string | undefined>>, file: string | undefined,
): ((line: string) => void) | undefined {
  const path = file ?? env['SSLKEYLOGFILE']
  if (path === undefined || path === '') return undefined
  fs.appendFileSync(path, '', { mode: MODE })
  return (line) => fs.appendFileSync(path, `${line}\n`, { mode: MODE })
}
