// A WebSocket as a transport: the browser's, Node's own, an edge worker's, or that of the `ws` package. Where messages
// begin and end means nothing. What they carry is the subprotocol's business: `libssl-wasm.credit.v1` holds back a peer
// whose bytes are not read (docs/credit-window.md); without it, the framing is plain (websocket-framing.ts).

import { isBytesLike, viewOf } from '../base/bytes.js'
import { deferred } from '../base/deferred.js'
import { checkOptions } from '../base/options.js'
import { tellUntil, type ByteTransport } from '../pump/transport.js'
import { SendBacklog } from './send-backlog.js'
import { StreamEnds } from './stream-ends.js'
import { CREDIT_PROTOCOL, creditFraming } from './websocket-credit.js'
import {
  ABORTED, closeError, GOING_AWAY, MESSAGE_TOO_BIG, nameOf, NORMAL, unanswered, UNSUPPORTED_DATA, WebSocketError,
} from './websocket-close.js'
import { rawFraming, type Framing } from './websocket-framing.js'
import { ALREADY_CLOSED, CLOSED, closeWebSocket, CONNECTING, failureOf, OPEN, reachOf, type WebSocketLike } from './websocket-like.js'
import { webSocketChecks, type WebSocketTransportOptions } from './websocket-options.js'

/** The transport, and what else is known of its WebSocket. */
export interface WebSocketTransport extends ByteTransport {
  /** Fulfilled when bytes may be sent; rejects if that never comes. */
  readonly opened: Promise<void>
  /** Fulfilled when the WebSocket has been closed, with how. */
  readonly closed: Promise<{ readonly closeCode: number; readonly reason: string }>
  /** Fails both streams with `error` at once, and closes the WebSocket so. */
  fail(error: unknown, closeCode: number, reason?: string): void
}

/**
 * Takes over a WebSocket, open or still connecting. Set no handlers of your own for messages. Once both directions
 * have ended it is closed. A reader or writer that fails because the WebSocket was closed gets an error with its
 * `closeCode` and `reason`, the reader after all that arrived before; aborting with such an error closes the WebSocket so.
 *
 * Throws `ERR_TLS_UNKNOWN_OPTION` and `ERR_TLS_INVALID_OPTION` (for `windowBytes`: `ERR_TLS_INVALID_ARGUMENT`), with `option`
 * naming it.
 */
export function fromWebSocket(socket: WebSocketLike, options: WebSocketTransportOptions = {}): ByteTransport {
  const { readable, writable } = takeWebSocket(socket, checkOptions(options, webSocketChecks, 'fromWebSocket'))
  return { readable, writable }
}

/**
 * As {@link fromWebSocket}, with what else is known, and with options that were checked. `reach`: what it leads to, for messages.
 */
export function takeWebSocket(socket: WebSocketLike, options: WebSocketTransportOptions = {}, reach = reachOf(socket)): WebSocketTransport {
  const {
    highWaterMarkBytes = 256 * 1024, maxBufferedBytes = 16 * 1024 * 1024, windowBytes = 1024 * 1024, maxMessageBytes = Infinity,
    role = 'client',
  } = options
  const name = nameOf(reach)
  const opened = deferred<void>()
  const backlog = new SendBacklog(socket)
  let framing: Framing | undefined
  /** How to close when everything is given up. */
  let closing = { closeCode: ABORTED, reason: '' }
  const close = (code: number, reason: string) => { if (socket.readyState !== CLOSED) closeWebSocket(socket, code, reason) }
  const ends = new StreamEnds({
    ready: opened.promise,
    write(chunk) {
      if (socket.readyState !== OPEN) throw new Error(`${name} is not open any more`) // send() would say nothing
      return framing!.write(chunk)
    },
    end: () => framing!.end(),
    taken: () => framing?.consumed(),
    // A close has a time limit of its own, which would cut what still waits to be sent.
    done: () => void backlog.untilDrained(0).then(() => close(NORMAL, 'both directions ended')),
    giveUp(error) {
      opened.reject(error) // a write that waits for the opening is told why
      const { closeCode, reason } = error instanceof WebSocketError ? error : closing
      close(closeCode, reason)
    },
  })
  const fail = (error: unknown, closeCode: number, reason = '') => {
    closing = { closeCode, reason }
    ends.fail(error)
  }
  const send = (message: Uint8Array<ArrayBuffer>) => { if (socket.readyState === OPEN) backlog.send(message) }
  const drained = () => backlog.untilDrained(highWaterMarkBytes)
  const open = () => {
    const carrier = { ends, opened, fail, send, drained }
    const hasCredit = socket.protocol === CREDIT_PROTOCOL
    framing = hasCredit ? creditFraming(carrier, windowBytes, role) : rawFraming(socket, carrier, maxBufferedBytes)
  }

  socket.binaryType = 'arraybuffer'
  if (socket.readyState === CONNECTING) socket.addEventListener('open', open)
  else if (socket.readyState !== CLOSED) open()
  else ends.fail(failureOf(ALREADY_CLOSED, { reach, url: socket.url, opened: false }))
  socket.addEventListener('message', ({ data }: { data: unknown }) => {
    if (!isBytesLike(data)) return fail(new TypeError('the WebSocket gave text, not bytes'), UNSUPPORTED_DATA, 'binary messages only')
    if (data.byteLength > maxMessageBytes) return fail(new Error(`a message of more than ${maxMessageBytes} bytes`), MESSAGE_TOO_BIG)
    framing?.receive(viewOf(data))
  })
  socket.addEventListener('error', (event) => ends.lost(failureOf(event, { reach, url: socket.url, opened: framing !== undefined })))
  const closed = deferred<{ closeCode: number; reason: string }>()
  socket.addEventListener('close', ({ code, reason }: { code: number; reason: string }) => {
    closed.resolve({ closeCode: code, reason })
    const error = closeError(code, reason, reach, socket.protocol)
    opened.reject(error ?? new WebSocketError(`cannot reach ${reach}: it closed at once`, code, reason))
    if (error && !(code === GOING_AWAY && role === 'server')) return ends.lost(error)
    ends.end()
    ends.outgoing.fail(error ?? new WebSocketError(`${name} was closed`, code, reason))
  })
  tellUntil(opened.promise, ends.transport.writable, unanswered(reach))
  return { ...ends.transport, opened: opened.promise, closed: closed.promise, fail }
}
