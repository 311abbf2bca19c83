// A socket of cloudflare:sockets as a transport. Its streams are nearly right as they are: but giving up one of them
// leaves the connection open, and a write that waits waits on; only the socket's own close() ends it all.

import { hasMethods } from '../base/realms.js'
import type { ByteTransport } from '../pump/transport.js'
import { StreamEnds } from './stream-ends.js'

/** What is used of a Socket of `cloudflare:sockets`. */
export interface CloudflareSocketLike {
  /** What comes from the peer. */
  readonly readable: ReadableStream<Uint8Array>
  /** What goes to the peer. */
  readonly writable: WritableStream<Uint8Array>
  /** Fulfilled when it is connected. */
  readonly opened: Promise<unknown>
  /** Fulfilled when it is closed. */
  readonly closed: Promise<unknown>
  /** Ends both directions. */
  close(): Promise<unknown>
  /** Not called. It tells such a socket from a connection of our own, which can be a transport, too. */
  readonly startTls?: unknown
}

/** Whether `value` is such a socket. */
export function isCloudflareSocket(value: object): value is CloudflareSocketLike {
  return hasMethods(value, 'close', 'startTls') && hasMethods(value['opened'], 'then') && hasMethods(value['closed'], 'then')
}

/**
 * Takes over a socket, open or still connecting. Make it with `allowHalfOpen: true`: without, what we still have to say
 * when the peer has ended is refused. Once both directions have ended it is closed.
 */
export function fromCloudflareSocket(socket: CloudflareSocketLike): ByteTransport {
  const reader = socket.readable.getReader()
  const writer = socket.writable.getWriter()
  const close = () => void socket.close().catch(() => {})
  let ended = false // our direction, in order
  let failure: { readonly error: unknown } | undefined
  /** workerd cancels the streams of a socket that does not open, and only `opened` says why. */
  const whyOf = (error: unknown): Promise<unknown> => socket.opened.then(() => error, (reason: unknown) => reason)
  const rethrow = async (error: unknown): Promise<never> => { throw await whyOf(error) }
  const ends = new StreamEnds({
    write: (bytes) => writer.write(bytes).catch(rethrow),
    end: () => writer.close().catch(rethrow),
    lingers: true,
    done: close,
    giveUp: close,
  })
  const fail = (error: unknown) => {
    if (!ended) failure ??= { error }
    ends.outgoing.fail(error)
  }
  const failed = async (error: unknown) => fail(await whyOf(error))
  for (const promise of [reader.closed, socket.opened]) promise.catch(failed)
  writer.closed.then(() => { ended = true }, failed)
  socket.closed.then(() => fail(new Error('the socket was closed')), failed)
  ends.readFrom(async () => {
    const { done, value } = await reader.read().catch(rethrow)
    if (done && failure) throw failure.error // workerd gives an end where the peer has reset the connection
    return value
  })
  return ends.transport
}
