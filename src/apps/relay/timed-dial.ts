// A dial with an end: a target that does not answer, and people who do not wait for it.

import { formatTarget, type Target } from '../../transports/target.js'
import type { Dial, TargetConnection } from './visitor.js'

/**
 * Dials `target`. Rejects with what `dial` says, or with the code ETIMEDOUT after `timeoutMs`, or when one of `unwanted`
 * aborts.
 */
export async function timedDial(dial: Dial, target: Target, timeoutMs: number, ...unwanted: AbortSignal[]): Promise<TargetConnection> {
  const giveUp = new AbortController()
  const onAbort = () => giveUp.abort()
  const late = Object.assign(new Error(`no connection to ${formatTarget(target)} within ${timeoutMs} ms`), { code: 'ETIMEDOUT' })
  const timer = setTimeout(() => giveUp.abort(late), timeoutMs)
  for (const signal of unwanted) {
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
  }
  try {
    return await dial(target, giveUp.signal)
  } finally {
    clearTimeout(timer)
    for (const signal of unwanted) signal.removeEventListener('abort', onAbort)
  }
}
