// Small integers that stand for JavaScript objects while C holds on to them.

export class HandleTable<T> {
  readonly #objects = new Map<number, T>()
  #last = 0

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

  delete(handle: number): void {
    this.#objects.delete(handle)
  }
}
