// Bytes that wait for their reader. A chunk costs memory beside its bytes: an object, a buffer, a place in the queue, some
// hundred bytes in all, and a million chunks of one byte each cost that a million times. So small chunks, and those that are a
// small part of a larger buffer, are copied into blocks: the queue takes at most twice its bytes, and some KiB; and what comes
// in small chunks is read in large ones.

/** A chunk of this size costs little beside its bytes. */
const LARGE_BYTES = 4 * 1024
const BLOCK_BYTES = 64 * 1024
/** A block begins with room for twice what is in it, and so much more. */
const FIRST_BLOCK_BYTES = 1024

export class ByteQueue {
  byteLength = 0
  readonly #chunks: Uint8Array[] = []
  /** The block beneath the last chunk, if it is one of ours. */
  #block: Uint8Array | undefined

  /** Puts `chunk` at the end, as it is or copied. Not an empty one. */
  push(chunk: Uint8Array): void {
    this.byteLength += chunk.byteLength
    if (chunk.byteLength < LARGE_BYTES || !isMostOfItsBuffer(chunk)) return this.#append(chunk)
    this.#block = undefined
    this.#chunks.push(chunk)
  }

  /** Takes the first chunk; undefined if there is none. */
  shift(): Uint8Array | undefined {
    const chunk = this.#chunks.shift()
    this.byteLength -= chunk?.byteLength ?? 0
    if (this.byteLength === 0) this.clear()
    return chunk
  }

  clear(): void {
    this.byteLength = this.#chunks.length = 0
    this.#block = undefined
  }

  #append(chunk: Uint8Array): void {
    const filled = this.#block && this.#chunks.pop()
    const filledBytes = filled?.byteLength ?? 0
    const bytes = filledBytes + chunk.byteLength
    if (filled && bytes > BLOCK_BYTES) {
      this.#chunks.push(filled)
      this.#block = undefined
      return this.#append(chunk)
    }
    if (!this.#block || bytes > this.#block.byteLength) {
      this.#block = new Uint8Array(Math.max(bytes, Math.min(BLOCK_BYTES, FIRST_BLOCK_BYTES + 2 * bytes)))
      if (filled) this.#block.set(filled)
    }
    this.#block.set(chunk, filledBytes)
    this.#chunks.push(this.#block.subarray(0, bytes))
  }
}

/** A view keeps all of its buffer in memory. */
function isMostOfItsBuffer({ byteLength, buffer }: Uint8Array): boolean {
  return buffer.byteLength <= 2 * byteLength + FIRST_BLOCK_BYTES
}
