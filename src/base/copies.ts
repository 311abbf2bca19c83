// Copies of bytes that callers give. Certificates are given again and again, all of Mozilla's with each connection: as long as
// they say the same, the copy of before serves, and its hash with it.

import { asBytes, same, type BytesLike } from './bytes.js'

/** Fewer are copied and hashed faster than looked up. */
const MANY_BYTES = 256

/** The copies, by their originals. */
const copies = new WeakMap<object, Uint8Array<ArrayBuffer>>()
/** Hashes of the copies: these never change, so a hash holds for ever. */
const hashes = new WeakMap<Uint8Array, Uint8Array | undefined>()

/**
 * A copy, which must not be changed: the next caller with the same bytes may get it as well. It lives as long as `source`: not for
 * secrets, which callers overwrite.
 */
export function copyBytes(source: BytesLike): Uint8Array<ArrayBuffer> {
  const bytes = asBytes(source)
  const before = copies.get(source)
  if (before && same(before, bytes)) return before
  const copy = new Uint8Array(bytes)
  if (copy.byteLength >= MANY_BYTES) {
    copies.set(source, copy)
    hashes.set(copy, undefined)
  }
  return copy
}

/** A hash in place of bytes that are longer. */
export function shorten(bytes: Uint8Array, hash: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  if (bytes.byteLength < MANY_BYTES) return bytes
  const hashed = hashes.get(bytes) ?? hash(bytes)
  if (hashes.has(bytes)) hashes.set(bytes, hashed)
  return hashed
}
