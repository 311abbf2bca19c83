// Opens the TCP connection that a tunnel leads to, on Node.

import { connect } from 'node:net'
import { fromNodeStream } from '../../transports/node.js'
import { resetSocket } from '../../transports/reset-socket.js'
import type { Target } from '../../transports/target.js'
import type { TargetConnection } from './visitor.js'

/** A connected peer that vanishes without a word (no power, no network) is noticed after this and some probes. */
const keepAliveMs = 30_000

export function connectTarget(target: Target, signal: AbortSignal): Promise<TargetConnection> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...target,
      allowHalfOpen: true, // the target's end is not the client's
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveMs,
    })
    const giveUp = (reason: unknown) => {
      signal.removeEventListener('abort', onAbort)
      socket.destroy()
      reject(reason)
    }
    const onAbort = () => giveUp(signal.reason)
    socket.on('error', giveUp)
    socket.once('connect', () => {
      signal.removeEventListener('abort', onAbort)
      const closed = new Promise<void>((close) => { socket.once('close', () => close()) })
      resolve({
        ...fromNodeStream(socket), // listens for errors from now on
        closed,
        reset: () => void (socket.destroyed || resetSocket(socket)),
      })
      socket.off('error', giveUp)
    })
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort)
  })
}
