// Cuts a socket of Node's.

/** What is used of a net.Socket. */
interface Resettable {
  readonly writableEnded: boolean
  readonly writableFinished: boolean
  destroy(): unknown
  resetAndDestroy(): unknown
}

/**
 * As its resetAndDestroy(), but for a socket whose end is on its way to the system: libuv refuses to reset that (EINVAL), and Node would
 * then leave it open for ever, without 'close'. The peer has been told of the end, so it is closed.
 */
export function resetSocket(socket: Resettable): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy()
  else socket.resetAndDestroy()
}
