// What an error says, of whatever kind.

/** One line of text; `''` if it says nothing. */
export function wordsOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error ?? '')
  const { message, errors, code, name } = error as Partial<AggregateError & { code: unknown }>
  if (typeof message === 'string' && message !== '') return message
  if (Array.isArray(errors)) return errors.map(wordsOf).join('; ') // Node's, of a host with several addresses
  return String(code ?? name ?? '')
}
