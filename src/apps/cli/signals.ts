// SIGINT and SIGTERM: the first ends what runs, the second ends the process.

import { constants } from 'node:os'

/** `end` is given the exit status that shells expect. */
export function onSignals(end: (status: number, reason: Error) => void): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => end(128 + constants.signals[signal], new Error(`interrupted by ${signal}`)))
  }
}
