// One at a time, in the order of asking.

export class FifoLock {
  #last: Promise<unknown> = Promise.resolve()

  /** Runs `task` when all that came before have settled; settles as it does. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task)
    this.#last = result.catch(() => {})
    return result
  }
}
