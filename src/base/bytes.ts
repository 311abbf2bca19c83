// Bytes in the forms that callers have them.

import { brandOf } from './realms.js'

/** An ArrayBuffer or a view of one; shared ones too: what is given is copied. */
export type BytesLike = ArrayBufferView | ArrayBufferLike

const encoder = /* @__PURE__ */ new TextEncoder()
const decoder = /* @__PURE__ */ new TextDecoder('utf-8', { ignoreBOM: true })
const strictDecoder = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** UTF-8. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** All of it: what is not UTF-8 becomes U+FFFD, and a byte order mark stays. */
export function decodeUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

/** `undefined` if it is not UTF-8. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes)
  } catch {
    return undefined
  }
}

/** Whether `value` is bytes of some kind, of any realm: an ArrayBuffer or a view of one. */
export function isBytesLike(value: unknown): value is BytesLike {
  return ArrayBuffer.isView(value) || /^(Shared)?ArrayBuffer$/.test(brandOf(value))
}

/** Whether `value` is a Uint8Array, of any realm. */
export function isUint8Array(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array || (ArrayBuffer.isView(value) && brandOf(value) === 'Uint8Array') // the first is quicker
}

/** A view of the same bytes, not a copy; text is encoded as UTF-8. */
export function asBytes(source: BytesLike | string): Uint8Array {
  return typeof source === 'string' ? utf8(source) : viewOf(source)
}

/** A view of the same bytes, not a copy. */
export function viewOf(source: BytesLike): Uint8Array {
  if (source instanceof Uint8Array) return source
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source)
}

/** Whether they hold the same; not for secrets, as its time tells how far. */
export function same(one: Uint8Array, other: Uint8Array): boolean {
  const count = one.length
  let index = count === other.length ? 0 : count + 1
  while (index < count && one[index] === other[index]) index++ // every() takes ten times as long
  return index === count
}

/** Joins chunks into one. */
export function concat(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0))
  let offset = 0
  for (const chunk of chunks) {
    joined.set(chunk, offset)
    offset += chunk.byteLength
  }
  return joined
}

/**
 * What base64 stands for; white space in it does not count. Throws as `atob`. (`Uint8Array.from` with a function takes five times as
 * long.)
 */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}

const DIGITS = '0123456789ABCDEF'

/** Upper-case hexadecimal, bytes separated by `separator`. */
export function hex(bytes: Uint8Array, separator = ''): string {
  let text = ''
  for (const byte of bytes) text += (text && separator) + DIGITS[byte >> 4]! + DIGITS[byte & 15]!
  return text
}
