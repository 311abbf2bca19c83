// Our own formats of bytes: big-endian numbers, and bytes behind their length.

import { concat } from './bytes.js'

/** An unsigned integer of `size` bytes, at most four. */
export function uint(size: number, value: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => value >>> (8 * (size - 1 - index)))
}

export function float64(value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  return new Uint8Array(view.buffer)
}

/** `bytes` behind their length, an integer of `size` bytes. */
export function prefixed(size: number, bytes: Uint8Array): Uint8Array {
  return concat([uint(size, bytes.byteLength), bytes])
}

/** Reads what the functions above have written, and copies it. `refuse` makes the error for other bytes. */
export class BinaryReader {
  readonly #bytes: Uint8Array
  readonly #refuse: (why: string) => Error
  #at = 0

  constructor(bytes: Uint8Array, refuse: (why: string) => Error) {
    this.#bytes = bytes
    this.#refuse = refuse
  }

  take(count: number): Uint8Array<ArrayBuffer> {
    if (count > this.#bytes.byteLength - this.#at) throw this.#refuse('too few bytes')
    this.#at += count
    return new Uint8Array(this.#bytes.subarray(this.#at - count, this.#at))
  }

  uint(size: number): number {
    return this.take(size).reduce((sum, byte) => sum * 256 + byte, 0)
  }

  float64(): number {
    return new DataView(this.take(8).buffer).getFloat64(0)
  }

  prefixed(size: number): Uint8Array<ArrayBuffer> {
    return this.take(this.uint(size))
  }

  /** Whether `expected` come next. */
  skips(expected: Uint8Array): boolean {
    return this.take(expected.byteLength).every((byte, index) => byte === expected[index])
  }

  end(): void {
    if (this.#at < this.#bytes.byteLength) throw this.#refuse('too many bytes')
  }
}
