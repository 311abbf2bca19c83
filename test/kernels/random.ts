// Random numbers that come again from the same seed.

import { createCipheriv, createHash } from 'node:crypto'

const POOL_BYTES = 1 << 20

/** Bytes for `seed`; each case reads its own from anywhere in them. */
export class Pool {
  readonly bytes: Buffer
  readonly #seed: string

  constructor(seed: string) {
    this.#seed = seed
    const key = createHash('sha256').update(seed).digest()
    this.bytes = createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(POOL_BYTES))
  }

  /** The numbers of case `index` of `target`. */
  case(target: string, index: number): Random {
    return new Random(this.bytes, createHash('sha256').update(`${this.#seed}/${target}/${index}`).digest())
  }
}

/** sfc32, which passes PractRand. */
export class Random {
  readonly #pool: Buffer
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(pool: Buffer, seed: Buffer) {
    this.#pool = pool
    this.#a = seed.readInt32LE(0)
    this.#b = seed.readInt32LE(4)
    this.#c = seed.readInt32LE(8)
    for (let i = 0; i < 12; i++) this.#next()
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** From 0 to `limit` − 1. */
  below(limit: number): number {
    return Math.floor(this.#next() / 2 ** 32 * limit)
  }

  /** Once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!
  }

  /** A piece of the pool: not to be changed. */
  bytes(length: number): Buffer {
    const at = this.below(POOL_BYTES - length)
    return this.#pool.subarray(at, at + length)
  }

  /** Sizes that make up `length`, from one piece to very small ones, large upon small. Multiples of `unit`, the last aside. */
  pieces(length: number, unit = 1): number[] {
    const sizes: number[] = []
    let largest = 0
    for (let left = length; left > 0;) {
      // So many small ones reach every state; a message of them alone would take its time from other messages.
      if (sizes.length % 32 === 0) largest = this.pick([length, length, 17, 65, 300, 2049, 5000])
      const any = this.below(largest + 1)
      const size = Math.min(left, Math.max(unit, any - any % unit))
      sizes.push(size)
      left -= size
    }
    return sizes
  }

  /** `bytes` in pieces. */
  split(bytes: Buffer): Buffer[] {
    let at = 0
    return this.pieces(bytes.length).map((size) => bytes.subarray(at, at += size))
  }
}
