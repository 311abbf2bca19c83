// What ends a life from outside, wherever its OpenSSL is: the caller's signal, and a limit for closing.

import { onAbort } from '../base/realms.js'
import { closeTimeout, withDeadline } from '../pump/waiting.js'

interface Ending {
  readonly closed: Promise<void>
  abort(reason: unknown): void
}

/** Closes the life by `close`, and aborts it with `ERR_TLS_CLOSE_TIMEOUT` if that takes too long. */
export function closeInTime(life: Ending, limitMs: number, close: () => Promise<void>): Promise<void> {
  return withDeadline(limitMs, () => life.abort(closeTimeout(limitMs)), close())
}

/** Aborts the life when `signal` aborts, until it has ended. */
export function abortBySignal(signal: AbortSignal | undefined, life: Ending): void {
  const forget = onAbort(signal, (reason) => life.abort(reason))
  life.closed.then(forget, forget)
}
