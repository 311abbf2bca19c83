// Time limits.

import { DeadlineError } from '../base/errors.js'

/** Settles as `task` does. Calls `late` when that takes longer than `limitMs`; 0: there is no limit. */
export async function withDeadline<T>(limitMs: number, late: () => void, task: Promise<T>): Promise<T> {
  const timer = limitMs > 0 ? setTimeout(late, limitMs) : undefined
  try {
    return await task
  } finally {
    clearTimeout(timer)
  }
}

/** What a connection breaks with when its end takes longer than `limitMs`. */
export function closeTimeout(limitMs: number): DeadlineError {
  return new DeadlineError('ERR_TLS_CLOSE_TIMEOUT', `the connection could not be closed within ${limitMs} ms`)
}

/** Whether it is a {@link closeTimeout}: then the peer is told nothing more. */
export function isCloseTimeout(error: unknown): boolean {
  return error instanceof DeadlineError && error.code === 'ERR_TLS_CLOSE_TIMEOUT'
}
