// Whether a pointer may still be used. Every object of the core holds its pointer in a Lifetime: using it after it was
// freed throws, and never reaches linear memory.

import { ApiMisuseError } from '../base/errors.js'
import type { Owned, Ptr } from './pointers.js'

export class Lifetime<T extends string> {
  readonly #what: string
  readonly #free: (ptr: Owned<T>) => void
  #ptr: Owned<T> | undefined

  /** @param what names the object in the error, for example `Ssl`. */
  constructor(what: string, ptr: Owned<T>, free: (ptr: Owned<T>) => void) {
    this.#what = what
    this.#ptr = ptr
    this.#free = free
  }

  get alive(): boolean {
    return this.#ptr !== undefined
  }

  /** The pointer; throws `ERR_TLS_DISPOSED` once it was freed. */
  get ptr(): Ptr<T> {
    if (this.#ptr === undefined) throw new ApiMisuseError('ERR_TLS_DISPOSED', `this ${this.#what} was freed`)
    return this.#ptr
  }

  /** Frees it, once; again does nothing. From now on it counts as freed; `when` may put off what is done about that. */
  free(when = (free: () => void) => free()): void {
    const ptr = this.#ptr
    if (ptr === undefined) return
    this.#ptr = undefined
    when(() => this.#free(ptr))
  }
}
