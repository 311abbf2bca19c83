// What is made once, and serves again: contexts of OpenSSL's, stores of trust anchors.

import { asBytes, concat, hex, isBytesLike, utf8 } from '../base/bytes.js'
import { shorten } from '../base/copies.js'
import { isPlainObject } from '../base/options.js'
import type { LibSsl } from '../core/lib-ssl.js'

/** Keeps the latest of what was asked for, by key. What goes is freed: whatever uses it has a reference of its own. */
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

/**
 * Different values have different encodings: what they are, as text, then all bytes in them, `shorten`ed. Values that mean the same to an
 * option have the same encoding: text and its bytes, one value and an array of it. Of a function only its presence counts; an
 * object with methods and an instance of a class stand for themselves.
 */
export function encodeOptions(options: object, shorten = (bytes: Uint8Array) => bytes): Uint8Array<ArrayBuffer> {
  const bytes: Uint8Array[] = []
  const shape = utf8(shapeOfAll(options, bytes))
  return concat([utf8(`${shape.byteLength} `), shape, ...bytes.map(shorten)])
}

function shapeOfAll(values: object, bytes: Uint8Array[]): string {
  const entries = Object.entries(values).sort(([one], [other]) => (one < other ? -1 : 1))
  return `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${shapeOf(value, bytes)}`).join()}}`
}

/** Its bytes are added to `bytes`. */
function shapeOf(value: unknown, bytes: Uint8Array[]): string {
  if (isBytesLike(value) || typeof value === 'string') return String(bytes[bytes.push(asBytes(value)) - 1]!.byteLength)
  if (Array.isArray(value)) return value.length === 1 ? shapeOf(value[0], bytes) : `[${value.map((one) => shapeOf(one, bytes)).join()}]`
  if (typeof value === 'function') return '()'
  if (isData(value)) return shapeOfAll(value, bytes)
  return JSON.stringify(`${typeof value} ${typeof value === 'object' && value !== null ? numberOf(value) : String(value)}`)
}

function isData(value: unknown): value is Readonly<Record<string, unknown>> {
  return isPlainObject(value) && !Object.values(value).some((field) => typeof field === 'function')
}

const numbers = new WeakMap<object, number>()
let last = 0

function numberOf(object: object): number {
  if (!numbers.has(object)) numbers.set(object, ++last)
  return numbers.get(object)!
}
