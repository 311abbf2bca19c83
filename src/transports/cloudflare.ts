// A socket of cloudflare:sockets as a transport. Its streams are nearly right as they are: but giving up one of them
// leaves the connection open, and a write that waits waits on; only the socket's own close() ends it all.

import { Interrupt } from '../pump/interrupt.js'
import type { ByteTransport } from '../pump/transport.js'

/** How long a socket may stay half open once nobody reads it any more. */
const LINGER_MS = 1_000

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
  return opened instanceof Promise && closed instanceof Promise && typeof close === 'function' && typeof startTls === 'function'
}

/**
 * Takes over a socket, open or still connecting. Make it with `allowHalfOpen: true`: without, what we still have to say
 * when the peer has ended is refused. Once both directions have ended it is closed.
 */
export function fromCloudflareSocket(socket: CloudflareSocketLike): ByteTransport {
  let source!: ReadableStreamDefaultController<Uint8Array>
  let sink!: WritableStreamDefaultController
  const reader = socket.readable.getReader()
  const writer = socket.writable.getWriter()
  const life = new Interrupt()
  let receiving = true // until the peer's end, or nobody wants it
  let sending = true
  let peerEnded = false
  let discarding: Promise<void> | undefined

  const close = () => { socket.close().catch(() => {}) }
  const fail = (error: unknown) => {
    if (receiving) source.error(error)
    if (sending) sink.error(error)
    receiving = sending = false
    life.trip(error)
    close()
  }
  const endOfPeer = () => {
    peerEnded = true
    receiving = false
    if (!sending) close()
  }
  // What was written is still on its way, and closing with unread data would reset the connection.
  const discard = async () => { while (!(await life.guard(reader.read())).done); }
  const linger = () => {
    const deadline = setTimeout(close, LINGER_MS)
    void discarding!.then(() => clearTimeout(deadline))
  }

  const readable = new ReadableStream<Uint8Array>({
    start(controller) { source = controller },
    async pull(controller) {
      try {
        const { done, value } = await life.guard(reader.read())
        if (!receiving) return
        if (!done) return controller.enqueue(value)
        endOfPeer()
        controller.close()
      } catch (error) {
        fail(error)
      }
    },
    cancel() {
      receiving = false
      discarding = discard().then(endOfPeer, fail)
      if (!sending) linger()
    },
  }, { highWaterMark: 0 })

  const writable = new WritableStream<Uint8Array>({
    start(controller) {
      sink = controller
      // `abort` would wait for a write in flight, which may be what is stuck.
      controller.signal.addEventListener('abort', () => {
        sending = false
        fail(controller.signal.reason)
      })
    },
    async write(chunk) {
      if (chunk.byteLength === 0) return
      await life.guard(writer.write(chunk))
    },
    async close() {
      await life.guard(writer.close())
      sending = false
      if (peerEnded) close()
      else if (discarding) linger()
    },
  })

  for (const promise of [reader.closed, writer.closed, socket.opened, socket.closed]) promise.catch(fail)
  socket.closed.then(() => {
    if (sending) fail(new Error('the socket was closed'))
  }, () => {})
  return { readable, writable }
}
