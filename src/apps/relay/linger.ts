// The end of a TCP connection whose other side of the tunnel has gone.

import type { Socket } from 'node:net'

/**
 * Ends `socket` and lets what was written to it arrive, for as long as some of it moves within `graceMs`. After that the
 * target has `graceMs` to end too, and what it says meanwhile is dropped: nobody is left to hear it.
 */
export function linger(socket: Socket, graceMs: number): void {
  // A target that talks without listening would look alive for ever.
  socket.removeAllListeners('data').pause()
  socket.setTimeout(graceMs, () => socket.destroy())
  socket.end(() => {
    if (socket.destroyed) return
    const timer = setTimeout(() => socket.destroy(), graceMs)
    socket.once('close', () => clearTimeout(timer))
    socket.setTimeout(0).resume()
  })
}
