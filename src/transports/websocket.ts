// A WebSocket as a transport: the browser's, Node's own, an edge worker's, or that of the `ws` package. Where messages
// begin and end means nothing. What they carry is the subprotocol's business: `libssl-wasm.credit.v1` holds back a peer
// whose bytes are not read (docs/credit-window.md); without it, each message is a piece of the stream, and as WebSocket
// has no half-close, an empty one says "this direction has ended". A relay that does not know this passes on its zero bytes.

import { asBytes, isBytesLike } from '../base/bytes.js'
import { deferred } from '../base/deferred.js'
import { ApiMisuseError } from '../base/errors.js'
import { checkOptions, isCount, isIntegerFrom, isOneOf, type Check } from '../base/options.js'
import type { ByteTransport } from '../pump/transport.js'
import { StreamEnds } from './stream-ends.js'
import { CREDIT_PROTOCOL, CreditFraming, INITIAL_WINDOW_BYTES } from './websocket-credit.js'
import { ABORTED, closeError, GOING_AWAY, MESSAGE_TOO_BIG, NORMAL, UNSUPPORTED_DATA, WebSocketError } from './websocket-close.js'
import type { Carrier, Framing } from './websocket-framing.js'
import { CLOSED, closeWebSocket, CONNECTING, failureOf, OPEN, untilDrained, type WebSocketLike } from './websocket-like.js'
import { RawFraming } from './websocket-raw.js'

export { isWebSocket, type WebSocketLike } from './websocket-like.js'

export interface WebSocketTransportOptions {
  /** Above this much that waits to be sent, a write waits. Default 256 KiB. */
  readonly highWaterMarkBytes?: number | undefined
  /**
   * A browser's WebSocket cannot be told to wait: what is unread piles up. Above this much the transport fails, and drops
   * it. Default 16 MiB. Where the WebSocket can be paused it is, and with a credit window the peer waits: this is not
   * reached then.
   */
  readonly maxBufferedBytes?: number | undefined
  /** How much a peer with a credit window may be ahead of the reader: from 262144 (256 KiB) to 2147483647. Default 1 MiB. */
  readonly windowBytes?: number | undefined
  /** A longer message ends the transport (close code 1009). Default: any length. */
  readonly maxMessageBytes?: number | undefined
  /**
   * `'server'` if this is the end that accepted the WebSocket: it need not wait for the client to show that it speaks
   * the subprotocol, and a client that goes away (1001: a page was left) has ended its stream. Default `'client'`.
   */
  readonly role?: 'client' | 'server' | undefined
}

/** The transport, and what else is known of its WebSocket. */
export interface WebSocketTransport extends ByteTransport {
  /** Fulfilled when bytes may be sent; rejects if that never comes. */
  readonly opened: Promise<void>
  /** Fulfilled when the WebSocket has been closed, with how. */
  readonly closed: Promise<{ readonly closeCode: number; readonly reason: string }>
  /** Fails both streams with `error` at once, and closes the WebSocket so. */
  fail(error: unknown, closeCode: number, reason?: string): void
}

export const isWindow = isIntegerFrom(INITIAL_WINDOW_BYTES, 2 ** 31 - 1)

const checks: Readonly<Record<keyof WebSocketTransportOptions, Check>> = {
  highWaterMarkBytes: isCount,
  maxBufferedBytes: isCount,
  maxMessageBytes: isCount,
  role: isOneOf('client', 'server'),
  windowBytes(value) {
    const wrong = isWindow(value)
    if (!wrong) return undefined
    // It had this code before it was checked with the others.
    throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', `option 'windowBytes' ${wrong}`, { option: 'windowBytes' })
  },
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
  const { readable, writable } = takeWebSocket(socket, options)
  return { readable, writable }
}

/** As {@link fromWebSocket}, for those of our own who want to know more. */
export function takeWebSocket(socket: WebSocketLike, options: WebSocketTransportOptions = {}): WebSocketTransport {
  return new Taken(socket, options)
}

class Taken implements WebSocketTransport, Carrier {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
  readonly closed: WebSocketTransport['closed']
  readonly #opened = deferred<void>()
  readonly #socket: WebSocketLike
  readonly #options: WebSocketTransportOptions
  readonly ends: StreamEnds
  #framing: Framing | undefined
  /** What to close with when everything is given up. */
  #closing = { closeCode: ABORTED, reason: '' }

  constructor(socket: WebSocketLike, options: WebSocketTransportOptions) {
    this.#options = checkOptions(options, checks, 'fromWebSocket')
    this.#socket = socket
    socket.binaryType = 'arraybuffer'
    this.ends = new StreamEnds({
      ready: this.opened,
      write: (chunk) => this.#write(chunk),
      end: () => this.#framing!.end(),
      taken: () => this.#framing?.consumed(),
      done: () => void this.#finish(),
      giveUp: (reason) => this.#giveUp(reason),
    })
    ;({ readable: this.readable, writable: this.writable } = this.ends.transport)
    const open = () => void this.#open().then(this.#opened.resolve)
    if (socket.readyState === CONNECTING) socket.addEventListener('open', open)
    else open()
    socket.addEventListener('message', ({ data }: { data: unknown }) => this.#receive(data))
    socket.addEventListener('error', (event) => this.ends.lost(failureOf(event)))
    this.closed = new Promise((resolve) => {
      socket.addEventListener('close', ({ code, reason }: { code: number; reason: string }) => {
        this.#closedByPeer(code, reason)
        resolve({ closeCode: code, reason })
      })
    })
    if (socket.readyState === CLOSED) this.fail(new Error('the WebSocket was closed before'))
  }

  get opened(): Promise<void> { return this.#opened.promise }

  fail(error: unknown, closeCode = ABORTED, reason = ''): void {
    this.#closing = { closeCode, reason }
    this.ends.fail(error)
  }

  send(message: Uint8Array<ArrayBuffer>): void {
    if (this.#socket.readyState === OPEN) this.#socket.send(message)
  }

  drained(): Promise<void> {
    return untilDrained(this.#socket, this.#options.highWaterMarkBytes ?? 256 * 1024)
  }

  #open(): Promise<void> {
    const { maxBufferedBytes = 16 * 1024 * 1024, windowBytes = 1024 * 1024, role = 'client' } = this.#options
    this.#framing = this.#socket.protocol === CREDIT_PROTOCOL
      ? new CreditFraming(this, windowBytes, role)
      : new RawFraming(this.#socket, this, maxBufferedBytes)
    return this.#framing.ready
  }

  #receive(data: unknown): void {
    const { maxMessageBytes = Infinity } = this.#options
    if (!isBytesLike(data)) {
      return this.fail(new TypeError('the WebSocket gave text, not bytes'), UNSUPPORTED_DATA, 'binary messages only')
    }
    if (data.byteLength > maxMessageBytes) return this.fail(new Error(`a message of more than ${maxMessageBytes} bytes`), MESSAGE_TOO_BIG)
    this.#framing?.receive(asBytes(data))
  }

  async #write(chunk: Uint8Array): Promise<void> {
    if (this.#socket.readyState !== OPEN) throw new Error('the WebSocket is not open any more') // send() would say nothing
    await this.#framing!.write(chunk)
  }

  #giveUp(reason: unknown): void {
    this.#opened.reject(reason) // a write that waits for the opening is told why
    this.#framing?.stop()
    const { closeCode, reason: words } = reason instanceof WebSocketError ? reason : this.#closing
    this.#closeSocket(closeCode, words)
  }

  /** Both directions have ended. A close has a time limit of its own, which would cut what still waits to be sent. */
  async #finish(): Promise<void> {
    await untilDrained(this.#socket, 0)
    this.#closeSocket(NORMAL, 'both directions ended')
  }

  #closedByPeer(code: number, reason: string): void {
    this.#opened.reject(new Error('the WebSocket was closed before it was open'))
    const error = closeError(code, reason)
    if (error && !(code === GOING_AWAY && this.#options.role === 'server')) return this.ends.lost(error)
    this.ends.end()
    this.ends.outgoing.fail(error ?? new WebSocketError('the WebSocket was closed', code, reason))
    this.#framing?.stop()
  }

  #closeSocket(code: number, reason: string): void {
    if (this.#socket.readyState !== CLOSED) closeWebSocket(this.#socket, code, reason)
  }
}
