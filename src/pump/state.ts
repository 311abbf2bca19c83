// The states of a connection, and which may follow which. One function changes them.

import { InternalError } from '../base/errors.js'

/**
 * IDLE: nothing was sent. OPEN: application data flows. CLOSING: our close_notify is sent, the peer's has not come.
 * LEAVING: both, or we do not wait; the transport has yet to accept our last bytes. CLOSED: it has, or cannot any more.
 * BROKEN: a fatal error, for ever.
 */
export type State = 'IDLE' | 'HANDSHAKE' | 'OPEN' | 'CLOSING' | 'LEAVING' | 'CLOSED' | 'BROKEN'

const transitions: Readonly<Record<State, readonly State[]>> = {
  IDLE: ['HANDSHAKE', 'BROKEN'],
  HANDSHAKE: ['OPEN', 'BROKEN'],
  OPEN: ['CLOSING', 'LEAVING', 'BROKEN'],
  CLOSING: ['LEAVING', 'BROKEN'],
  LEAVING: ['CLOSED', 'BROKEN'],
  CLOSED: [],
  BROKEN: [],
}

export class StateMachine {
  #state: State = 'IDLE'

  get state(): State {
    return this.#state
  }

  /** Whether OpenSSL is asked for nothing more. */
  get ended(): boolean {
    return this.#state === 'LEAVING' || this.#state === 'CLOSED' || this.#state === 'BROKEN'
  }

  to(next: State): void {
    if (!transitions[this.#state].includes(next)) {
      throw new InternalError('ERR_TLS_INTERNAL', `a connection cannot go from ${this.#state} to ${next}`)
    }
    this.#state = next
  }
}
