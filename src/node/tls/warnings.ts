// Warnings as Node gives them, once each.

const given = new Set<string>()

/** `code` is that of a deprecation, or empty. */
export function warnOnce(code: string, text: string): void {
  const { process } = globalThis as { process?: { emitWarning?(text: string, kind: string, code?: string): void } }
  if (given.has(text)) return
  given.add(text)
  if (code === '') process?.emitWarning?.(text, 'Warning')
  else process?.emitWarning?.(text, 'DeprecationWarning', code)
}
