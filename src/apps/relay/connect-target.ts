// Opens the TCP connection that a tunnel leads to.

import { connect, type Socket } from 'node:net'
import { formatTarget, type Target } from './target.js'

/** A connected peer that vanishes without a word (no power, no network) is noticed after this and some probes. */
const keepAliveMs = 30_000

/**
 * Connects to `target`. Rejects with the system's error, with one that says the time is up, or with `signal.reason`;
 * in each of these cases nothing is left open. Who takes the socket listens for its errors.
 */
export function connectTarget(target: Target, timeoutMs: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...target,
      allowHalfOpen: true, // the target's end is not the client's
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveMs,
    })
    const giveUp = (reason: unknown) => {
      finish()
      socket.destroy()
      reject(reason)
    }
    const onAbort = () => giveUp(signal.reason)
    const timeout = new Error(`no connection to ${formatTarget(target)} within ${timeoutMs} ms`)
    const timer = setTimeout(() => giveUp(timeout), timeoutMs)
    const finish = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
    socket.on('error', giveUp)
    socket.once('connect', () => {
      finish()
      // Stays for the life of the socket: an error between two owners must not end the process.
      socket.off('error', giveUp).on('error', () => {})
      resolve(socket)
    })
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort)
  })
}
