// A socket of cloudflare:sockets as a transport. Its streams are nearly right as they are: but giving up one of them
// leaves the connection open, and a write that waits waits on; only the socket's own close() ends it all.

import { hasMethods } from '../base/realms.js'
import type { ByteTransport } from '../pump/transport.js'
import { fromSocketCalls } from './socket-calls.js'

/** What is used of a Socket of `cloudflare:sockets`. */
export interface CloudflareSocketLike {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
  readonly opened: Promise<unknown>
  readonly closed: Promise<unknown>
  close(): Promise<unknown>
  /** Not called. It tells such a socket from a connection of our own, which can be a transport, too. */
  readonly startTls?: unknown
}

/** Whether `value` is such a socket. */
export function isCloudflareSocket(value: object): value is CloudflareSocketLike {
  const { opened, closed, close, startTls } = value as Partial<CloudflareSocketLike>
  return hasMethods(opened, 'then') && hasMethods(closed, 'then') && typeof close === 'function' && typeof startTls === 'function'
}

/**
 * Takes over a socket, open or still connecting. Make it with `allowHalfOpen: true`: without, what we still have to say
 * when the peer has ended is refused. Once both directions have ended it is closed.
 */
export function fromCloudflareSocket(socket: CloudflareSocketLike): ByteTransport {
  const reader = socket.readable.getReader()
  const writer = socket.writable.getWriter()
  return fromSocketCalls({
    async read() {
      const { done, value } = await reader.read()
      return done ? undefined : value
    },
    write: (bytes) => writer.write(bytes),
    endWriting: () => writer.close(),
    close() { socket.close().catch(() => {}) },
    closed: new Promise((resolve, reject) => {
      for (const promise of [reader.closed, writer.closed, socket.opened, socket.closed]) promise.catch(reject)
      socket.closed.then(resolve, () => {})
    }),
  })
}
