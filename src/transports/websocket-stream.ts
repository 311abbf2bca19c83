// A WebSocketStream as a transport. It is to the wire what a WebSocket is (websocket.ts), an empty message being the end
// of a direction, but it can hold back what arrives: TCP's own back-pressure reaches the peer.

import { Interrupt } from '../pump/interrupt.js'
import type { ByteTransport } from '../pump/transport.js'
import { onAbort } from './on-abort.js'
import { ABORTED, closeError, NORMAL } from './websocket-close.js'

/** What is used of a WebSocketStream, which is in Chromium and in no specification yet. */
export interface WebSocketStreamLike {
  readonly opened: Promise<{ readonly readable: ReadableStream<unknown>; readonly writable: WritableStream<any> }>
  readonly closed: Promise<{ readonly closeCode?: number; readonly reason?: string }>
  close(info?: { closeCode?: number; reason?: string }): void
}

/** Whether `value` is a WebSocketStream. (A socket of `cloudflare:sockets` has its streams beside `opened`.) */
export function isWebSocketStream(value: object): value is WebSocketStreamLike {
  const { opened, closed, close, readable } = value as Partial<WebSocketStreamLike> & { readable?: unknown }
  return opened instanceof Promise && closed instanceof Promise && typeof close === 'function' && readable === undefined
}

/**
 * Takes over a WebSocketStream, open or still connecting. Its own streams must not be in use. Once both directions have
 * ended it is closed.
 */
export function fromWebSocketStream(stream: WebSocketStreamLike): ByteTransport {
  let source!: ReadableStreamDefaultController<Uint8Array>
  let sink!: WritableStreamDefaultController
  let received = false // the peer's direction has ended
  let sent = false // ours has
  // A write that TCP holds back would otherwise outlive the connection.
  const writing = new Interrupt()
  const inner = stream.opened.then(({ readable, writable }) => ({ reader: readable.getReader(), writer: writable.getWriter() }))

  const discard = () => {
    inner.then(async ({ reader }) => { while (!(await reader.read()).done); }).catch(() => {})
  }
  const endSending = (error: unknown) => {
    writing.trip(error)
    if (!sent) sink.error(error)
    sent = true
  }
  const fail = (error: unknown) => {
    if (!received) source.error(error)
    received = true
    endSending(error)
    stream.close({ closeCode: ABORTED })
    discard() // the peer's answer to our close waits behind what nobody has read
  }
  const failed = (cause: unknown) => fail(new Error('the WebSocket failed', { cause }))
  inner.then(({ writer }) => writer.closed.catch(() => {}), failed)

  const endOfPeer = () => {
    received = true
    source.close()
    if (sent) stream.close({ closeCode: NORMAL })
  }
  const receive = async () => {
    const { reader } = await inner
    const { done, value } = await reader.read()
    if (received) return
    if (done) {
      const { closeCode = 1005, reason = '' } = await stream.closed
      const error = closeError(closeCode, reason)
      if (error) fail(error)
      else endOfPeer()
    } else if (!(value instanceof ArrayBuffer || value instanceof Uint8Array)) {
      fail(new TypeError('the WebSocket gave text, not bytes'))
    } else if (value.byteLength === 0) {
      endOfPeer()
    } else {
      source.enqueue(value instanceof ArrayBuffer ? new Uint8Array(value) : value)
    }
  }

  const readable = new ReadableStream<Uint8Array>({
    start(controller) { source = controller },
    pull: () => receive().catch(failed),
    cancel() {
      received = true
      if (sent) stream.close({ closeCode: NORMAL })
      // Nobody wants it, but it must not hold up what the peer still takes from us.
      discard()
    },
  }, { highWaterMark: 0 })
  const writable = new WritableStream<Uint8Array>({
    start(controller) {
      sink = controller
      onAbort(controller, (reason) => {
        sent = true
        fail(reason)
      })
    },
    async write(chunk) {
      if (chunk.byteLength === 0) return // it would mean the end
      await writing.guard(inner.then(({ writer }) => writer.write(chunk)))
    },
    async close() {
      const { writer } = await writing.guard(inner)
      if (!received) await writing.guard(writer.write(new Uint8Array()))
      sent = true
      if (received) stream.close({ closeCode: NORMAL })
    },
  })

  stream.closed.then(({ closeCode = 1005, reason = '' }) => {
    // What has arrived is still to be read; the reader learns of the code when it comes to the end.
    endSending(closeError(closeCode, reason) ?? new Error('the WebSocket was closed'))
  }, failed)
  return { readable, writable }
}
