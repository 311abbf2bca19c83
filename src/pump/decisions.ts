// Decisions that take time. OpenSSL asks in the middle of a call. An answer that is not there yet suspends the call: it
// returns SSL_ERROR_WANT_X509_LOOKUP, _CLIENT_HELLO_CB or _RETRY_VERIFY, and the pump repeats it when the answer has come.
// A connection has one question open at a time, though several calls may have come to it.
//
// Where OpenSSL cannot wait (its server, when it has verified a client) it is told to go on, and the answer is looked at
// when the handshake is done: a review.

import { isPromiseLike } from '../base/realms.js'

export class Decisions {
  #pending: Promise<void> | undefined
  /** The answer to the question that a call was suspended for. */
  #answer: { readonly value: unknown } | undefined
  #refused: { readonly error: unknown } | undefined

  readonly #reviews: (() => void | PromiseLike<void>)[] = []

  /**
   * Has `review` called when the handshake is done, before any application data. What it throws or rejects with refuses
   * the peer, which gets the alert certificate_unknown, or that of a `RefusalError`.
   */
  reviewWith(review: () => void | PromiseLike<void>): void {
    this.#reviews.push(review)
  }

  /** Runs the reviews, one after the other; rejects as the first that refuses. */
  async review(): Promise<void> {
    for (const review of this.#reviews) await review()
  }

  /**
   * To be called by OpenSSL's callback, each time it is called. Gives the answer, or `undefined` if there is none yet and
   * the call is to be suspended. Throws what `decide` throws or rejects with, and what {@link refuse} was given.
   */
  ask<T>(decide: () => T | PromiseLike<T>): { readonly value: T } | undefined {
    if (this.#refused) throw this.#refused.error
    const answer = this.#answer as { readonly value: T } | undefined
    this.#answer = undefined
    if (answer || this.#pending) return answer // two calls may wait for it, a read and a write: it is one question
    const value = decide()
    if (!isPromiseLike(value)) return { value }
    this.#pending = Promise.resolve(value)
      .then((settled) => { this.#answer = { value: settled } }, (error: unknown) => { this.refuse(error) })
      .finally(() => { this.#pending = undefined })
    return undefined
  }

  /** Settles when the open question is answered, one way or the other; `undefined` if there is none. */
  get pending(): Promise<void> | undefined {
    return this.#pending
  }

  /** Answers every question, from now on, by throwing `error`. The first one counts. */
  refuse(error: unknown): void {
    this.#refused ??= { error }
  }
}
