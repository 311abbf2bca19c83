// States as data: which there are, and which may follow which. One function changes them.

import { InternalError } from '../base/errors.js'

export class StateTable<State extends string> {
  readonly #what: string
  readonly #transitions: Readonly<Record<State, readonly State[]>>
  #state: State

  /** @param what whose states they are, for the error about a transition that is not in the table. */
  constructor(what: string, transitions: Readonly<Record<State, readonly State[]>>, initial: State) {
    this.#what = what
    this.#transitions = transitions
    this.#state = initial
  }

  get state(): State {
    return this.#state
  }

  to(next: State): void {
    if (!this.#transitions[this.#state].includes(next)) {
      throw new InternalError('ERR_TLS_INTERNAL', `${this.#what} cannot go from ${this.#state} to ${next}`)
    }
    this.#state = next
  }
}
