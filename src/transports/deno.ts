// A Deno.Conn as a transport: TCP, Unix, TLS. Its own `readable` and `writable` will not do: the end of either closes
// the whole connection, so neither side could answer once the other has ended. So it is read and written by its calls.

import { Interrupt } from '../pump/interrupt.js'
import type { ByteTransport } from '../pump/transport.js'

/** How long a connection may stay half open once nobody reads it any more. */
const LINGER_MS = 1_000
const READ_BYTES = 64 * 1024

/** What is used of a Deno.Conn. */
export interface DenoConnLike {
  /** How many bytes were read; null at the end. */
  read(into: Uint8Array): Promise<number | null>
  /** How many were written, which may be fewer. */
  write(bytes: Uint8Array): Promise<number>
  closeWrite(): Promise<void>
  close(): void
}

/** Whether `value` is a Deno.Conn of some kind. */
export function isDenoConn(value: object): value is DenoConnLike {
  const { read, write, closeWrite, close } = value as Partial<DenoConnLike>
  return [read, write, closeWrite, close].every((method) => typeof method === 'function')
}

/**
 * Takes over a Deno.Conn. Do not read or write it beside the transport, nor ask it for its streams. Once both sides are
 * done it is closed.
 */
export function fromDenoConn(conn: DenoConnLike): ByteTransport {
  let source!: ReadableStreamDefaultController<Uint8Array>
  let sink!: WritableStreamDefaultController
  const writing = new Interrupt()
  const buffer = new Uint8Array(READ_BYTES)
  let receiving = true // until its end, or nobody wants it
  let sending = true
  let closed = false
  let peerEnded = false

  const close = () => {
    if (closed) return
    closed = true
    try {
      conn.close()
    } catch {} // its owner was faster
  }
  const fail = (error: unknown) => {
    if (receiving) source.error(error)
    if (sending) sink.error(error)
    receiving = sending = false
    writing.trip(error)
    close()
  }
  const discard = async () => {
    while (await conn.read(buffer) !== null);
    peerEnded = true
    if (!sending) close()
  }
  // What was written is still on its way, and closing with unread data would reset the connection.
  const linger = () => {
    const deadline = setTimeout(close, LINGER_MS)
    discarding!.finally(() => clearTimeout(deadline))
  }
  let discarding: Promise<void> | undefined

  const readable = new ReadableStream<Uint8Array>({
    start(controller) { source = controller },
    async pull(controller) {
      try {
        const count = await conn.read(buffer)
        if (!receiving) return
        if (count !== null) return controller.enqueue(buffer.slice(0, count))
        receiving = false
        peerEnded = true
        controller.close()
        if (!sending) close()
      } catch (error) {
        fail(error)
      }
    },
    cancel() {
      receiving = false
      discarding = discard().catch(close)
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
      try {
        for (let at = 0; at < chunk.byteLength;) at += await writing.guard(conn.write(chunk.subarray(at)))
      } catch (error) {
        fail(error)
        throw error
      }
    },
    async close() {
      await conn.closeWrite()
      sending = false
      if (peerEnded) close()
      else if (discarding) linger()
    },
  })
  return { readable, writable }
}
