// How a client hears that it is refused: by an HTTP status, or, as a browser keeps that from its page, by the close of a WebSocket
// that was opened for it.

import { isOurProtocol } from '../../transports/websocket-close.js'
import type { Refusal, Visitor } from './visitor.js'

/** How long the client may take to answer the close. */
const graceMs = 2_000

/** Fulfilled when nothing of it is left open: a client that does not go costs as much as one that is let in. */
export async function turnAway(visitor: Visitor, refusal: Refusal): Promise<void> {
  const { status, reason, close } = refusal
  if (status === 0 || !close || !(close.message || isOurProtocol(close.protocol)) || visitor.fault) return visitor.refuse(refusal)
  await visitor.accept(close.protocol, (socket) => new Promise<void>((resolve) => {
    const timer = setTimeout(() => socket.terminate ? socket.terminate() : resolve(), graceMs)
    socket.addEventListener('close', () => {
      clearTimeout(timer)
      resolve()
    })
    socket.addEventListener('error', () => {}) // the close that follows says enough
    if (close.message) socket.send(close.message)
    socket.close(close.code, reason)
  }))
}
