// A socket that is read and written by calls which wait, as a transport: what the sockets of Deno and of edge workers
// have in common.

import { Interrupt } from '../pump/interrupt.js'
import type { ByteTransport } from '../pump/transport.js'
import { onAbort } from './on-abort.js'

/** How long a socket may stay half open once nobody reads it any more. */
const LINGER_MS = 1_000

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

/** Takes over a socket. Once both directions have ended it is closed. */
export function fromSocketCalls(socket: SocketCalls): ByteTransport {
  let source!: ReadableStreamDefaultController<Uint8Array>
  let sink!: WritableStreamDefaultController
  const life = new Interrupt()
  let receiving = true // until the peer's end, or nobody wants it
  let sending = true
  let open = true
  let peerEnded = false
  let discarding: Promise<void> | undefined

  const close = () => {
    if (open) socket.close()
    open = false
  }
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
  const discard = async () => { while (await life.guard(socket.read()) !== undefined); }
  const linger = () => {
    const deadline = setTimeout(close, LINGER_MS)
    void discarding!.then(() => clearTimeout(deadline))
  }

  const readable = new ReadableStream<Uint8Array>({
    start(controller) { source = controller },
    async pull(controller) {
      try {
        const bytes = await life.guard(socket.read())
        if (!receiving) return
        if (bytes !== undefined) return controller.enqueue(bytes)
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
      onAbort(controller, (reason) => {
        sending = false
        fail(reason)
      })
    },
    async write(chunk) {
      if (chunk.byteLength === 0) return
      try {
        await life.guard(socket.write(chunk))
      } catch (error) {
        fail(error)
        throw error
      }
    },
    async close() {
      await life.guard(socket.endWriting())
      sending = false
      if (peerEnded) close()
      else if (discarding) linger()
    },
  })

  socket.closed?.then(() => {
    if (sending) fail(new Error('the socket was closed'))
  }, fail)
  return { readable, writable }
}
