// Small integers that stand for JavaScript objects while C holds on to them.

import { ApiMisuseError } from '../base/errors.js'

export class HandleTable<T> {
  readonly #what: string
  readonly #objects = new Map<number, T>()
  #last = 0

  /** @param what names the objects in errors, for example `Ssl`. */
  constructor(what = 'object') {
    this.#what = what
  }

  /** How many are taken. */
  get size(): number {
    return this.#objects.size
  }

  /** A handle for `object`, never 0 and not in use. */
  add(object: T): number {
    do {
      this.#last = (this.#last % 0x7fffffff) + 1
    } while (this.#objects.has(this.#last))
    this.#objects.set(this.#last, object)
    return this.#last
  }

  get(handle: number): T | undefined {
    return this.#objects.get(handle)
  }

  /** The same for an object that must be there; throws `ERR_TLS_DISPOSED` if it was deleted. */
  live(handle: number): T {
    const object = this.#objects.get(handle)
    if (object === undefined) throw new ApiMisuseError('ERR_TLS_DISPOSED', `the ${this.#what} beneath this call was freed`)
    return object
  }

  values(): Iterable<T> {
    return this.#objects.values()
  }

  delete(handle: number): void {
    this.#objects.delete(handle)
  }
}
