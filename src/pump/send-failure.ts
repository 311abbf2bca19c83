// A transport that takes nothing any more may still have something to give: the answer of a server that has not read all of
// an upload, or the alert that explains why the peer has gone. So the connection goes on for a while, for reading alone.

import { deferred } from '../base/deferred.js'
import type { TransportError } from '../base/errors.js'
import { LINGER_MS } from '../base/linger.js'

export class SendFailure {
  readonly error: TransportError
  /** Resolves when all is known about the failure that can be known without reading plaintext, and the connection has not ended. */
  readonly explained = deferred<void>()
  readonly #readTimeoutMs: number
  readonly #giveUp: () => void
  #timer: ReturnType<typeof setTimeout> | undefined

  /** @param readTimeoutMs how long a reader may take, or plaintext may lie unread; 0: no limit. `giveUp` is called after that. */
  constructor(error: TransportError, readTimeoutMs: number, giveUp: () => void) {
    this.error = error
    this.#readTimeoutMs = readTimeoutMs
    this.#giveUp = giveUp
    this.wait(false)
  }

  /** Begins the time limit again. `hopeful`: there is plaintext, or a reader of it. */
  wait(hopeful: boolean): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      if (!hopeful) return this.#giveUp()
      this.explained.resolve()
      if (this.#readTimeoutMs > 0) this.#timer = setTimeout(this.#giveUp, this.#readTimeoutMs)
    }, LINGER_MS)
  }

  /** The connection has ended. */
  end(): void {
    clearTimeout(this.#timer)
  }
}
