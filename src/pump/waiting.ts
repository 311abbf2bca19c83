// Waiting: in turns, with a time limit, and so that it can be broken off.

import { ApiMisuseError, DeadlineError } from '../base/errors.js'

/** One at a time, in the order of asking. */
export class FifoLock {
  #last: Promise<unknown> = Promise.resolve()

  /** Runs `task` when all that came before have settled; settles as it does. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task)
    this.#last = result.catch(() => {})
    return result
  }
}

/** Ends what waits. Promise.race against one long-lived promise would keep every loser alive with it. */
export class Interrupt {
  readonly #waiting = new Set<(reason: unknown) => void>()
  #tripped: { reason(): unknown } | undefined

  get tripped(): boolean {
    return this.#tripped !== undefined
  }

  /** Settles as `promise` does, or rejects as soon as {@link trip} is called. */
  guard<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#tripped) reject(this.#tripped.reason())
      else this.#waiting.add(reject)
      promise.then((value) => {
        this.#waiting.delete(reject)
        resolve(value)
      }, (error: unknown) => {
        this.#waiting.delete(reject)
        reject(error)
      })
    })
  }

  /** Rejects all that is guarded now or later. Only the first reason counts. */
  trip(reason: unknown): void {
    this.tripLate(() => reason)
  }

  /** The same, for a reason that is made when it is needed, which it mostly is not: an error takes long to make. */
  tripLate(reason: () => unknown): void {
    if (this.#tripped) return
    this.#tripped = { reason }
    for (const reject of this.#waiting) reject(reason())
    this.#waiting.clear()
  }

  throwIfTripped(): void {
    if (this.#tripped) throw this.#tripped.reason()
  }
}

/** Settles as `task` does. Calls `late` when that takes longer than `limitMs`; 0: there is no limit. */
export function withDeadline<T>(limitMs: number, late: () => void, task: Promise<T>): Promise<T> {
  const timer = limitMs > 0 ? setTimeout(late, limitMs) : undefined
  return task.finally(() => clearTimeout(timer))
}

/** What a connection breaks with when its end takes longer than `limitMs`. */
export function closeTimeout(limitMs: number): DeadlineError {
  return new DeadlineError('ERR_TLS_CLOSE_TIMEOUT', `the connection could not be closed within ${limitMs} ms`)
}

/** A {@link closedError} that is made when it is first asked for. */
export function lateClosedError(): () => ApiMisuseError {
  let error: ApiMisuseError | undefined
  return () => error ??= closedError()
}

/** The error of writes and requests on a connection that was closed in order. */
export function closedError(): ApiMisuseError {
  return new ApiMisuseError('ERR_TLS_INVALID_STATE', 'the connection was closed')
}

/** Whether it is a {@link closeTimeout}: then the peer is told nothing more. */
export function isCloseTimeout(error: unknown): boolean {
  return error instanceof DeadlineError && error.code === 'ERR_TLS_CLOSE_TIMEOUT'
}
