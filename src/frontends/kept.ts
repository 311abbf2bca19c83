// What is made once, and serves again: contexts of OpenSSL's, stores of trust anchors.

import { hex } from '../base/bytes.js'
import { encodeOptions } from '../base/content.js'
import { shorten } from '../base/copies.js'
import type { LibSsl } from '../core/lib-ssl.js'

/** Keeps the objects that were asked for last, by key. One that makes room is freed: its users have references of their own. */
export class Kept<T extends { free(): void }> {
  readonly #byKey = new Map<string, T>()
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  /** Keeps nothing if `make` throws. */
  get(key: string, make: () => T): T {
    const one = this.#byKey.get(key) ?? make()
    this.#byKey.delete(key)
    this.#byKey.set(key, one) // the latest comes last
    if (this.#byKey.size > this.#most) this.#drop(this.#byKey.keys().next().value!)
    return one
  }

  free(): void {
    for (const key of this.#byKey.keys()) this.#drop(key)
  }

  #drop(key: string): void {
    this.#byKey.get(key)!.free()
    this.#byKey.delete(key)
  }
}

/** The same for each instance, which takes it along when it is collected. */
export function keptByInstance<T extends { free(): void }>(most: number): (lib: LibSsl) => Kept<T> {
  const all = new WeakMap<LibSsl, Kept<T>>()
  return (lib) => {
    const kept = all.get(lib) ?? new Kept<T>(most)
    all.set(lib, kept)
    return kept
  }
}

/** `one`, once `body` has set it up; freed if that throws. */
export function setUp<T extends { free(): void }>(one: T, body: (one: T) => void): T {
  try {
    body(one)
    return one
  } catch (error) {
    one.free()
    throw error
  }
}

/** What `use` makes of `one`, which is freed after that. */
export function useUp<T extends { free(): void }, Result>(one: T, use: (one: T) => Result): Result {
  try {
    return use(one)
  } finally {
    one.free()
  }
}

/** A key for {@link Kept}: hashed, so that secrets do not stay in it. */
export function contentKey(lib: LibSsl, options: object): string {
  return hex(contentHash(lib, options))
}

/** SHA-256 of what {@link encodeOptions} makes of them. */
export function contentHash(lib: LibSsl, options: object): Uint8Array<ArrayBuffer> {
  return lib.sha256(encodeOptions(options, (bytes) => shorten(bytes, (long) => lib.sha256(long))))
}
