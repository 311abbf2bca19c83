// The states of a connection.

import { StateTable } from './state-table.js'

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

export class StateMachine extends StateTable<State> {
  #error: unknown

  constructor() {
    super('a connection', transitions, 'IDLE')
  }

  /** Whether OpenSSL is asked for nothing more. */
  get ended(): boolean {
    return this.state === 'LEAVING' || this.state === 'CLOSED' || this.state === 'BROKEN'
  }

  /** To BROKEN: from now on {@link throwIfBroken} throws `error`. */
  break(error: unknown): void {
    this.to('BROKEN')
    this.#error = error
  }

  throwIfBroken(): void {
    if (this.state === 'BROKEN') throw this.#error
  }
}
