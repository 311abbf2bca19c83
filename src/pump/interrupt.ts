// Waiting for what may never come. Promise.race against one long-lived promise would keep every loser alive with it.

export class Interrupt {
  readonly #waiting = new Set<(reason: unknown) => void>()
  #tripped: { reason: unknown } | undefined

  get tripped(): boolean {
    return this.#tripped !== undefined
  }

  /** Settles as `promise` does, or rejects as soon as {@link trip} is called. */
  guard<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#tripped) reject(this.#tripped.reason)
      else this.#waiting.add(reject)
      promise.then(resolve, reject).finally(() => this.#waiting.delete(reject))
    })
  }

  /** Rejects all that is guarded now or later. Only the first reason counts. */
  trip(reason: unknown): void {
    if (this.#tripped) return
    this.#tripped = { reason }
    for (const reject of this.#waiting) reject(reason)
    this.#waiting.clear()
  }

  throwIfTripped(): void {
    if (this.#tripped) throw this.#tripped.reason
  }
}
