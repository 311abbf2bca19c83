// What is done with the plaintext that the peer sends.

import { StateTable } from './state-table.js'

/**
 * WANTED: it is read. UNWANTED: it is not, and stays where it is. DISCARDING: it is thrown away, because the peer's
 * close_notify behind it is waited for. ENDED: close_notify has come.
 */
export type ReadingState = 'WANTED' | 'UNWANTED' | 'DISCARDING' | 'ENDED'

const transitions: Readonly<Record<ReadingState, readonly ReadingState[]>> = {
  WANTED: ['UNWANTED', 'DISCARDING', 'ENDED'],
  UNWANTED: ['DISCARDING', 'ENDED'],
  DISCARDING: ['ENDED'],
  ENDED: [],
}

export class Reading extends StateTable<ReadingState> {
  readonly #waiting: (() => void)[] = []

  constructor() {
    super('reading', transitions, 'WANTED')
  }

  get ended(): boolean {
    return this.state === 'ENDED'
  }

  /** Resolves when plaintext has been read. */
  progress(): Promise<void> {
    return new Promise((resolve) => { this.#waiting.push(resolve) })
  }

  /** To be called when plaintext has been read. */
  tell(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
