// How a client hears that it is refused: by an HTTP status, or, as a browser keeps that from its page, by the close of a WebSocket
// that was opened for it.

import { isOurProtocol } from '../../transports/websocket-close.js'
import type { Refusal, Visitor } from './visitor.js'

/** How long the client may take to answer the close. */
const graceMs = 2_000

export async function turnAway(visitor: Visitor, refusal: Refusal): Promise<void> {
  const { status, reason, close } = refusal
  if (status === 0 || !close || !isOurProtocol(close.protocol) || visitor.fault) return visitor.refuse(refusal)
  await visitor.accept(close.protocol, (socket) => {
    const timer = setTimeout(() => socket.terminate?.(), graceMs)
    socket.addEventListener('close', () => clearTimeout(timer))
    socket.addEventListener('error', () => {}) // the close that follows says enough
    socket.close(close.code, reason)
  })
}
