// Bytes to send, and what came.

import type { Digest } from './host.js'

export const MIB = 1024 * 1024

/** `count` bytes that repeat only after a long while; the same for the same seed (xorshift32). */
export function noise(count: number, seed: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(count / 4))
  let state = (seed * 0x9e3779b1) >>> 0 || 1
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[index] = state
  }
  return new Uint8Array(words.buffer, 0, count)
}

export async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<Digest> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return { bytes: bytes.byteLength, sha256: [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('') }
}

export async function readAll(readable: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  return readBytes(readable, Infinity)
}

/** `count` bytes, or fewer if the stream ends before; the stream stays usable. Throws if a chunk goes beyond them. */
export async function readBytes(readable: ReadableStream<Uint8Array>, count: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let size = 0
  const reader = readable.getReader()
  try {
    while (size < count) {
      const { done, value } = await reader.read()
      if (done) break
      chunks.push(value)
      size += value.byteLength
    }
  } finally {
    reader.releaseLock()
  }
  if (size > count) throw new Error(`${size} bytes came, where ${count} were expected`)
  return concat(chunks, size)
}

/** Text as far as `enough`; the stream stays usable. Throws if it ends before. */
export async function readUntil(readable: ReadableStream<Uint8Array>, enough: RegExp): Promise<string> {
  const reader = readable.getReader()
  const decoder = new TextDecoder()
  try {
    for (let text = ''; ;) {
      if (enough.test(text)) return text
      const { done, value } = await reader.read()
      if (done) throw new Error(`the stream ended after ${JSON.stringify(text.slice(-500))}`)
      text += decoder.decode(value, { stream: true })
    }
  } finally {
    reader.releaseLock()
  }
}

/** Writes, each piece when the one before was accepted, and leaves the stream open and unlocked. */
export async function send(
  writable: WritableStream<Uint8Array<ArrayBuffer>>, bytes: string | Uint8Array<ArrayBuffer>, pieceBytes = 100_000,
): Promise<void> {
  const all = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes
  const writer = writable.getWriter()
  try {
    for (let at = 0; at < all.byteLength; at += pieceBytes) {
      await writer.ready
      await writer.write(all.subarray(at, at + pieceBytes))
    }
  } finally {
    writer.releaseLock()
  }
}

/** Whether both hold the same bytes. (Comparing arrays by `toEqual` takes seconds over a megabyte.) */
export function same(one: Uint8Array, other: Uint8Array): boolean {
  return one.byteLength === other.byteLength && one.every((byte, index) => byte === other[index])
}

function concat(chunks: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.byteLength
  }
  return all
}
