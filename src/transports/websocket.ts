// A WebSocket as a transport: the browser's, Node's own, an edge worker's, or that of the `ws` package. Where messages
// begin and end means nothing. What they carry is the subprotocol's business: `libssl-wasm.credit.v1` holds back a peer
// whose bytes nobody reads (docs/credit-window.md); without it, each message is a piece of the stream, and as WebSocket
// has no half-close, an empty one says "this direction has ended". A relay that does not know this passes on its zero bytes.

import { ApiMisuseError } from '../base/errors.js'
import type { ByteTransport } from '../pump/transport.js'
import { onAbort } from './on-abort.js'
import { CREDIT_PROTOCOL, CreditFraming, INITIAL_WINDOW_BYTES } from './websocket-credit.js'
import type { Framing, Wire } from './websocket-framing.js'
import {
  ABORTED, closeError, GOING_AWAY, MESSAGE_TOO_BIG, NORMAL, UNSUPPORTED_DATA, WebSocketError,
} from './websocket-close.js'
import { CLOSED, CONNECTING, OPEN, type WebSocketLike } from './websocket-like.js'
import { RawFraming } from './websocket-raw.js'

export { isWebSocket, type WebSocketLike } from './websocket-like.js'

export interface WebSocketTransportOptions {
  /** Above this much that waits to be sent, a write waits. Default 256 KiB. */
  readonly highWaterMarkBytes?: number | undefined
  /**
   * A browser's WebSocket cannot be told to wait: what nobody reads piles up. Above this much the transport fails.
   * Default 16 MiB. Where the WebSocket can be paused it is, and with a credit window the peer waits: this is not
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

/** bufferedAmount has no event: it is looked at this often, and only while somebody waits. */
const LOOK_AGAIN_MS = 4
/**
 * The streams' own limit is out of the way: the framing decides how much may wait, and is told of each read. As large as
 * workerd can count.
 */
const NO_LIMIT = 2 ** 31 - 1

/**
 * Takes over a WebSocket, open or still connecting. Set no handlers of your own for messages. Once both directions
 * have ended it is closed. A reader or writer that fails because the WebSocket was closed gets an error with its
 * `closeCode` and `reason`, the reader after all that arrived before; aborting with such an error closes the WebSocket so.
 */
export function fromWebSocket(socket: WebSocketLike, options: WebSocketTransportOptions = {}): ByteTransport {
  const { readable, writable } = takeWebSocket(socket, options)
  return { readable, writable }
}

/** As {@link fromWebSocket}, for those of our own who want to know more. */
export function takeWebSocket(socket: WebSocketLike, options: WebSocketTransportOptions = {}): WebSocketTransport {
  return new Taken(socket, options)
}

class Taken implements WebSocketTransport, Wire {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
  readonly opened: Promise<void>
  readonly closed: WebSocketTransport['closed']
  readonly #socket: WebSocketLike
  readonly #options: WebSocketTransportOptions
  #source!: ReadableStreamDefaultController<Uint8Array>
  #sink!: WritableStreamDefaultController
  #framing: Framing | undefined
  /** The peer's direction is over for us: it has ended, failed, or nobody wants it. */
  #received = false
  /** Ours is over. */
  #sent = false
  #failed = false
  /** The peer's direction has failed, and its reader is yet to be told. */
  #cut: { readonly error: unknown } | undefined
  #cannotOpen!: (error: unknown) => void

  constructor(socket: WebSocketLike, options: WebSocketTransportOptions) {
    const { windowBytes = INITIAL_WINDOW_BYTES } = options
    if (!Number.isInteger(windowBytes) || windowBytes < INITIAL_WINDOW_BYTES || windowBytes >= 2 ** 31) {
      throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', `windowBytes must be a whole number from ${INITIAL_WINDOW_BYTES} to ${2 ** 31 - 1}`)
    }
    this.#socket = socket
    this.#options = options
    socket.binaryType = 'arraybuffer'
    this.readable = new ReadableStream<Uint8Array>({
      start: (controller) => { this.#source = controller },
      pull: () => {
        this.#framing?.consumed()
        this.#tellOfCut()
      },
      cancel: () => {
        this.#received = true
        this.#framing?.consumed()
        if (this.#sent) return this.#finish()
      },
    }, new ByteLengthQueuingStrategy({ highWaterMark: NO_LIMIT }))
    this.writable = new WritableStream<Uint8Array>({
      start: (controller) => {
        this.#sink = controller
        onAbort(controller, (reason) => this.#abort(reason))
      },
      write: (chunk) => this.#write(chunk),
      close: () => this.#close(),
    })
    this.opened = new Promise<void>((resolve, reject) => {
      this.#cannotOpen = reject
      const open = () => void this.#open().then(resolve)
      if (socket.readyState === CONNECTING) socket.addEventListener('open', open)
      else open()
    })
    this.opened.catch(() => {}) // seen by the first write, and by the reader through fail()
    socket.addEventListener('message', ({ data }: { data: unknown }) => this.#receive(data))
    socket.addEventListener('error', (event: { error?: unknown; message?: unknown }) => {
      const why = typeof event.message === 'string' && event.message !== '' ? `: ${event.message}` : ''
      this.#lost(new Error(`the WebSocket failed${why}`, { cause: event.error }))
    })
    this.closed = new Promise((resolve) => {
      socket.addEventListener('close', ({ code, reason }: { code: number; reason: string }) => {
        this.#closedByPeer(code, reason)
        resolve({ closeCode: code, reason })
      })
    })
    if (socket.readyState === CLOSED) this.fail(new Error('the WebSocket was closed before'))
  }

  get unreadBytes(): number {
    return this.#received ? 0 : NO_LIMIT - this.#source.desiredSize!
  }

  deliver(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#received) this.#framing?.consumed()
    else this.#source.enqueue(bytes)
  }

  end(): void {
    if (this.#received) return
    this.#received = true
    this.#source.close()
    if (this.#sent) void this.#finish()
  }

  fail(error: unknown, closeCode = ABORTED, reason = ''): void {
    if (this.#failed) return
    if (!this.#received) this.#source.error(error)
    this.#giveUp(error, closeCode, reason)
  }

  /** The peer or the network has ended it: what has arrived is still to be read. */
  #lost(error: unknown): void {
    if (this.#failed) return
    if (!this.#received) this.#cut = { error }
    this.#tellOfCut()
    this.#giveUp(error, ABORTED, '')
  }

  /** When the reader has come to the end: a stream that fails forgets what nobody has read. */
  #tellOfCut(): void {
    if (this.#cut && this.#source.desiredSize === NO_LIMIT) this.#source.error(this.#cut.error)
  }

  #giveUp(error: unknown, closeCode: number, reason: string): void {
    this.#failed = true // now: Node 22's close() of a socket that has not opened fires 'error' again, before it returns
    this.#cannotOpen(error) // a write that waits for the opening is told why
    if (!this.#sent) this.#sink.error(error)
    this.#received = this.#sent = true
    this.#framing?.stop()
    this.#closeSocket(closeCode, reason)
  }

  send(message: Uint8Array<ArrayBuffer>): void {
    if (this.#socket.readyState === OPEN) this.#socket.send(message)
  }

  async drained(mostBytes = this.#options.highWaterMarkBytes ?? 256 * 1024): Promise<void> {
    while ((this.#socket.bufferedAmount ?? 0) > mostBytes && this.#socket.readyState === OPEN) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
    }
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
    const text = 'binary messages only'
    if (!(data instanceof ArrayBuffer)) return this.fail(new TypeError('the WebSocket gave text, not bytes'), UNSUPPORTED_DATA, text)
    if (data.byteLength > maxMessageBytes) return this.fail(new Error(`a message of more than ${maxMessageBytes} bytes`), MESSAGE_TOO_BIG)
    this.#framing?.receive(new Uint8Array(data))
  }

  async #write(chunk: Uint8Array): Promise<void> {
    if (chunk.byteLength === 0) return // it would mean the end
    await this.opened
    if (this.#socket.readyState !== OPEN) throw new Error('the WebSocket is not open any more') // send() would say nothing
    await this.#framing!.write(chunk)
  }

  async #close(): Promise<void> {
    await this.opened
    if (this.#sent) return
    this.#sent = true
    this.#framing!.end()
    if (this.#received) return this.#finish()
  }

  #abort(reason: unknown): void {
    this.#sent = true
    const { closeCode, reason: words } = reason instanceof WebSocketError ? reason : { closeCode: ABORTED, reason: '' }
    this.fail(reason, closeCode, words)
  }

  /** Both directions have ended. A close has a time limit of its own, which would cut what still waits to be sent. */
  async #finish(): Promise<void> {
    await this.drained(0)
    this.#closeSocket(NORMAL, 'both directions ended')
  }

  #closedByPeer(code: number, reason: string): void {
    this.#cannotOpen(new Error('the WebSocket was closed before it was open'))
    const error = closeError(code, reason)
    if (error && !(code === GOING_AWAY && this.#options.role === 'server')) return this.#lost(error)
    this.end()
    if (!this.#sent) this.#sink.error(error ?? new WebSocketError('the WebSocket was closed', code, reason))
    this.#sent = true
    this.#framing?.stop()
  }

  #closeSocket(code: number, reason: string): void {
    if (this.#socket.readyState === CLOSED) return
    try {
      this.#socket.close(code, reason)
    } catch {
      this.#socket.close(ABORTED, reason) // a browser's, which keeps the other codes for itself
    }
  }
}
