// What is made once, and serves again: contexts of OpenSSL's, stores of trust anchors.

import { asBytes, concat, hex, isBytesLike, utf8 } from '../base/bytes.js'
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

/** A key for {@link Kept}: hashed, so that secrets do not stay in it. */
export function contentKey(lib: LibSsl, options: object): string {
  return hex(lib.sha256(encodeOptions(options)))
}

/**
 * Different values have different encodings: a type, a length, the bytes. Values that mean the same to an option have the same
 * encoding: text and its bytes, one value and an array of it. Of a function only its presence counts; an object with methods and
 * an instance of a class stand for themselves.
 */
export function encodeOptions(options: object): Uint8Array<ArrayBuffer> {
  return concat(encodeAll(options))
}

type Parts = readonly Uint8Array[]

function encodeAll(values: object): Parts {
  const entries = Object.entries(values).sort(([one], [other]) => (one < other ? -1 : 1))
  return tagged('o', entries.flatMap(([name, value]) => [...tagged('n', [utf8(name)]), ...encode(value)]))
}

function encode(value: unknown): Parts {
  if (isBytesLike(value) || typeof value === 'string') return tagged('b', [asBytes(value)])
  if (Array.isArray(value) && value.length === 1) return encode(value[0])
  if (typeof value === 'function') return tagged('f', [])
  if (Array.isArray(value) || isData(value)) return encodeAll(value)
  return tagged(typeof value, [utf8(String(typeof value === 'object' && value !== null ? numberOf(value) : value))])
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

function tagged(type: string, parts: Parts): Parts {
  return [utf8(`${type} ${parts.reduce((sum, { byteLength }) => sum + byteLength, 0)} `), ...parts]
}
