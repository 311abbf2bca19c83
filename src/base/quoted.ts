// Bytes and texts that others wrote, for an error's message: one line of ASCII, not too long, and not to be taken for our own words.

/** How much of it is shown. */
export const MOST_QUOTED_BYTES = 64

/** In quotes; what cannot be printed as `\x00`, line ends as `\r\n`. */
export function quoted(bytes: Uint8Array, mostBytes = MOST_QUOTED_BYTES): string {
  const text = Array.from(bytes.subarray(0, mostBytes), (byte) => escapes[byte] ?? printed(byte)).join('')
  return `"${text}"${bytes.byteLength > mostBytes ? '…' : ''}`
}

/** Text as printable ASCII, as JSON would write it, and not long: it moves no cursor, turns no writing round, ends no line or string. */
export function plain(text: string): string {
  return text.slice(0, 300).replace(/["\\]/g, '\\$&').replace(/[^ -~]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** For texts that can be printed, but have any length: a certificate may hold thousands of names. */
export function shorten(text: string, mostCharacters = 200): string {
  return text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text
}

const escapes: Readonly<Record<number, string>> = { 0x09: '\\t', 0x0a: '\\n', 0x0d: '\\r', 0x22: '\\"', 0x5c: '\\\\' }

function printed(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`
}
