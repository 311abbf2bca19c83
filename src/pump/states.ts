// States as data: which there are, and which may follow which. One function changes them.

import { ApiMisuseError, InternalError } from '../base/errors.js'

export class StateTable<State extends string> {
  readonly #transitions: Readonly<Record<State, readonly State[]>>
  #state: State

  constructor(transitions: Readonly<Record<State, readonly State[]>>, initial: State) {
    this.#transitions = transitions
    this.#state = initial
  }

  get state(): State {
    return this.#state
  }

  to(next: State): void {
    if (!this.#transitions[this.#state].includes(next)) {
      throw new InternalError('ERR_TLS_INTERNAL', `no state ${next} follows ${this.#state}`)
    }
    this.#state = next
  }
}

/**
 * What is done with the plaintext that the peer sends. WANTED: it is read. UNWANTED: it is not, and stays where it is.
 * DISCARDING: it is thrown away, because the peer's close_notify behind it is waited for. ENDED: close_notify has come.
 */
export const readingStates = {
  WANTED: ['UNWANTED', 'DISCARDING', 'ENDED'],
  UNWANTED: ['DISCARDING', 'ENDED'],
  DISCARDING: ['ENDED'],
  ENDED: [],
} as const

/**
 * The states of a connection. IDLE: nothing was sent. OPEN: application data flows. CLOSING: our close_notify is sent, the peer's has not
 * come. LEAVING: both, or we do not wait; the transport has yet to accept our last bytes. CLOSED: it has, or cannot any more.
 * BROKEN: a fatal error, for ever.
 */
const connectionStates = {
  IDLE: ['HANDSHAKE', 'BROKEN'],
  HANDSHAKE: ['OPEN', 'BROKEN'],
  OPEN: ['CLOSING', 'LEAVING', 'BROKEN'],
  CLOSING: ['LEAVING', 'BROKEN'],
  LEAVING: ['CLOSED', 'BROKEN'],
  CLOSED: [],
  BROKEN: [],
} as const

export type State = keyof typeof connectionStates

export class StateMachine extends StateTable<State> {
  #error: unknown

  constructor() {
    super(connectionStates, 'IDLE')
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

  /** Throws if it is in none of `states`: what broke the connection, or else `ERR_TLS_INVALID_STATE`. */
  demand(message: string, ...states: readonly State[]): void {
    this.throwIfBroken()
    if (!states.includes(this.state)) throw new ApiMisuseError('ERR_TLS_INVALID_STATE', message)
  }
}
