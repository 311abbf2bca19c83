// Whether a client is still there. One that vanishes without a word (no power, no network) is noticed by its silence alone.

import type { RelaySocket } from './visitor.js'

/** How often it is looked at within its time limit. */
const LOOKS = 12

/**
 * Asks a client that has said nothing for half of `timeoutMs` whether it is there, and gives it up when it has said nothing until
 * the end (0 for never). No answer is expected while we do not read from it, or while it does not take what we say: then it is
 * asked at each look, since a connection that was reset is noticed by writing. Gives back what ends the watch.
 */
export function watchPresence(socket: RelaySocket, timeoutMs: number): () => void {
  if (!socket.ping || timeoutMs === 0) return () => {}
  let received: number | undefined
  let silentLooks = 0
  const timer = setInterval(() => {
    const held = socket.isPaused === true || (socket.bufferedAmount ?? 0) > 0
    silentLooks = held || socket.bytesReceived !== received ? 0 : silentLooks + 1
    received = socket.bytesReceived
    if (silentLooks === LOOKS && received !== undefined) socket.terminate?.()
    else if (held || silentLooks === LOOKS / 2) socket.ping!()
  }, timeoutMs / LOOKS)
  return () => clearInterval(timer)
}
