// How often a client may present a wrong token: guessing is to be slow.

import { ByAddress } from './by-address.js'

const WINDOW_MS = 60_000

export class WrongTokens {
  readonly #most: number
  readonly #wrong = new ByAddress(() => ({ count: 0 }))
  #windowEnd = 0

  /** In a minute, from one client; 0 for any number. */
  constructor(most: number) {
    this.#most = most
  }

  count(address: string): void {
    this.#window().get(address).count++
  }

  /** Then a right token is refused, too: else the answer would tell it from a wrong one. */
  tooMany(address: string): boolean {
    return this.#most > 0 && this.#window().get(address).count >= this.#most
  }

  #window(): ByAddress<{ count: number }> {
    const now = performance.now()
    if (now >= this.#windowEnd) {
      this.#wrong.clear()
      this.#windowEnd = now + WINDOW_MS
    }
    return this.#wrong
  }
}
