// A WebSocketStream as a transport. It is to the wire what a WebSocket is (websocket.ts), an empty message being the end
// of a direction, but it can hold back what arrives: TCP's own back-pressure reaches the peer.

import { isBytesLike, viewOf } from '../base/bytes.js'
import { hasMethods } from '../base/realms.js'
import { tellUntil, type ByteTransport } from '../pump/transport.js'
import { StreamEnds } from './stream-ends.js'
import { ABORTED, closeError, nameOf, NO_CODE, NORMAL, unanswered } from './websocket-close.js'
import { failureOf, reachOf } from './websocket-like.js'

/** What is used of a WebSocketStream, which is in Chromium and in no specification yet. */
export interface WebSocketStreamLike {
  /** Named in messages, without what may be secret. */
  readonly url?: string | undefined
  /** Fulfilled with its streams when it is open; `protocol` is the subprotocol that was selected. */
  readonly opened: Promise<{
    readonly readable: ReadableStream<unknown>
    readonly writable: WritableStream<any>
    readonly protocol?: string | undefined
  }>
  /** Fulfilled with the close code when it is closed. */
  readonly closed: Promise<{ readonly closeCode?: number | undefined; readonly reason?: string | undefined }>
  /** Closes it. */
  close(info?: { closeCode?: number | undefined; reason?: string | undefined }): void
}

/** Whether `value` is a WebSocketStream. (A socket of `cloudflare:sockets` has its streams beside `opened`.) */
export function isWebSocketStream(value: object): value is WebSocketStreamLike {
  if (!hasMethods(value, 'close') || value['readable'] !== undefined) return false
  return hasMethods(value['opened'], 'then') && hasMethods(value['closed'], 'then')
}

/**
 * Takes over a WebSocketStream, open or still connecting. Its own streams must not be in use. Once both directions have
 * ended it is closed.
 */
export function fromWebSocketStream(stream: WebSocketStreamLike): ByteTransport {
  const { readable, writable } = takeWebSocketStream(stream)
  return { readable, writable }
}

/** As {@link fromWebSocketStream}, and when bytes may be sent. `reach`: what it leads to, for messages. */
export function takeWebSocketStream(
  stream: WebSocketStreamLike, reach = reachOf(stream),
): ByteTransport & { readonly opened: Promise<unknown> } {
  let protocol: string | undefined
  let opened = false
  const failed = (error: unknown): Error => {
    // A close that overtakes what we have sent is a failure to Chromium, which has the code all the same.
    const { closeCode, reason = '', message } = (error ?? {}) as { closeCode?: unknown; reason?: string; message?: unknown }
    const closed = typeof closeCode === 'number' ? closeError(closeCode, reason, reach, protocol) : undefined
    return closed ?? failureOf({ error, message }, { reach, url: stream.url, opened })
  }
  const fail = (cause: unknown): never => { throw failed(cause) }
  const inner = stream.opened.then((connection) => {
    opened = true
    protocol = connection.protocol
    return { reader: connection.readable.getReader(), writer: connection.writable.getWriter() }
  }, fail)
  const ends = new StreamEnds({
    ready: inner,
    write: async (chunk) => (await inner).writer.write(chunk).catch(async (cause: unknown) => { throw await closed ?? cause }),
    end: async () => { if (!ends.peerEnded) await (await inner).writer.write(new Uint8Array()) },
    done: () => stream.close({ closeCode: NORMAL }),
    giveUp() {
      stream.close({ closeCode: ABORTED })
      // The peer's answer to our close waits behind what is unread.
      inner.then(async ({ reader }) => { while (!(await reader.read()).done); }).catch(() => {})
    },
  })
  /** The error that the close stands for; undefined for an end. */
  const closed = stream.closed.then(({ closeCode = NO_CODE, reason = '' }) => closeError(closeCode, reason, reach, protocol), failed)
  inner.then(({ writer }) => writer.closed).catch(() => {}) // seen by the write that fails
  ends.readFrom(async () => {
    const { done, value } = await (await inner).reader.read().catch(fail)
    const error = done && await closed
    if (error) throw error
    if (done) return undefined
    if (!isBytesLike(value)) throw new TypeError('the WebSocket gave text, not bytes')
    return value.byteLength === 0 ? undefined : viewOf(value)
  })
  // What has arrived is still to be read; the reader learns of the close when it comes to the end.
  void closed.then((error) => ends.outgoing.fail(error ?? new Error(`${nameOf(reach)} was closed`)))
  tellUntil(inner, ends.transport.writable, unanswered(reach))
  return { ...ends.transport, opened: inner }
}
