// A socket that is read and written by calls which wait, as a transport: what the sockets of Deno and of edge workers
// have in common.

import { linger } from '../base/linger.js'
import type { ByteTransport } from '../pump/transport.js'
import { StreamEnds } from './stream-ends.js'

export interface SocketCalls {
  /** The next bytes, not to be changed any more; undefined at the peer's end. One call at a time. */
  read(): Promise<Uint8Array | undefined>
  /** Settles when all of it has been taken. One call at a time. */
  write(bytes: Uint8Array): Promise<void>
  /** Ends our direction; the peer's goes on. */
  endWriting(): Promise<void>
  /** Ends the connection, and with it what is still going on. Called once. */
  close(): void
  /** Rejects if the connection fails by itself, and resolves if it is closed so. */
  readonly closed?: Promise<unknown>
}

/** Takes over a socket. Once both directions have ended it is closed. A write that fails leaves what there is to read. */
export function fromSocketCalls(socket: SocketCalls): ByteTransport {
  let reading = true
  let open = true
  let ended = false // our direction, in order
  let stay = () => {}
  const close = () => {
    stay()
    if (open) socket.close()
    open = false
  }
  const ends = new StreamEnds({
    write: (chunk) => socket.write(chunk),
    async end() {
      await socket.endWriting()
      ended = true
    },
    done: () => (reading ? stay = linger(close) : close()),
    giveUp: close,
  })
  const { incoming, outgoing, transport } = ends
  let failure: { readonly error: unknown } | undefined
  const fail = (error: unknown) => {
    if (!ended) failure = { error }
    outgoing.fail(error)
  }
  socket.closed?.then(() => fail(new Error('the socket was closed')), fail)
  incoming.readAhead(async () => {
    const bytes = await socket.read()
    if (!bytes && failure) throw failure.error // workerd gives an end where the peer has reset the connection
    return bytes
  }).then(() => {
    reading = false
    ends.end()
    if (outgoing.over) close()
  }, (error) => {
    ends.lost(error)
    close()
  })
  return transport
}
