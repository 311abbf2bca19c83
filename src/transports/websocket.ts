// A WebSocket as a transport: the browser's, Node's own, or that of the `ws` package. Each binary message is a piece
// of the byte stream; where messages begin and end means nothing. WebSocket has no half-close, so an empty message
// says "this direction has ended"; a relay that does not know this passes on its zero bytes.

import type { ByteTransport } from '../pump/transport.js'
import { ABORTED, closeError, NORMAL } from './websocket-close.js'

/** What is used of a WebSocket. */
export interface WebSocketLike {
  binaryType: string
  readonly readyState: number
  readonly bufferedAmount: number
  send(data: Uint8Array<ArrayBuffer>): void
  close(code?: number, reason?: string): void
  // Each kind of WebSocket has event types of its own; what is used of them is checked where it is used.
  addEventListener(type: 'open' | 'close' | 'error' | 'message', listener: (event: any) => void): void
  /** The `ws` package can hold back what arrives. */
  pause?(): void
  resume?(): void
}

export interface WebSocketTransportOptions {
  /** Above this much that waits to be sent, a write waits. Default 256 KiB. */
  readonly highWaterMarkBytes?: number
  /**
   * A browser's WebSocket cannot be told to wait: what nobody reads piles up. Above this much the transport fails.
   * Default 16 MiB. Where the WebSocket can be paused it is, and this is not reached.
   */
  readonly maxBufferedBytes?: number
}

const CONNECTING = 0
const OPEN = 1
const CLOSED = 3
/** bufferedAmount has no event: it is looked at this often, and only while a write waits. */
const LOOK_AGAIN_MS = 4

/** Whether `value` is a WebSocket of some kind. */
export function isWebSocket(value: object): value is WebSocketLike {
  const socket = value as Partial<WebSocketLike>
  return typeof socket.send === 'function' && typeof socket.bufferedAmount === 'number' && typeof socket.addEventListener === 'function'
}

/**
 * Takes over a WebSocket, open or still connecting. Set no handlers of your own for messages. Once both directions
 * have ended it is closed.
 */
export function fromWebSocket(socket: WebSocketLike, options: WebSocketTransportOptions = {}): ByteTransport {
  const { highWaterMarkBytes = 256 * 1024, maxBufferedBytes = 16 * 1024 * 1024 } = options
  socket.binaryType = 'arraybuffer'
  let source!: ReadableStreamDefaultController<Uint8Array>
  let sink!: WritableStreamDefaultController
  let paused = false
  let received = false // the peer's direction has ended
  let sent = false // ours has
  let failed!: (error: unknown) => void
  const opened = new Promise<void>((resolve, reject) => {
    failed = reject
    if (socket.readyState === CONNECTING) socket.addEventListener('open', () => resolve())
    else resolve()
  })
  opened.catch(() => {}) // seen by the first write, and by the reader through fail()

  const resume = () => {
    if (paused) socket.resume!()
    paused = false
  }
  const fail = (error: unknown) => {
    failed(error) // a write that waits for the opening is told why
    if (!received) source.error(error)
    if (!sent) sink.error(error)
    received = sent = true
    resume() // the peer's answer to our close waits behind what nobody has read
    socket.close(ABORTED)
  }
  const endOfPeer = () => {
    if (received) return
    received = true
    source.close()
    if (sent) socket.close(NORMAL)
  }

  const readable = new ReadableStream<Uint8Array>({
    start(controller) {
      source = controller
      socket.addEventListener('message', ({ data }: { data: unknown }) => {
        if (received) return
        if (!(data instanceof ArrayBuffer)) return fail(new TypeError('the WebSocket gave text, not bytes'))
        if (data.byteLength === 0) return endOfPeer()
        controller.enqueue(new Uint8Array(data))
        if (controller.desiredSize! <= 0) {
          if (socket.pause && socket.resume) {
            socket.pause()
            paused = true
          } else if (controller.desiredSize! < -maxBufferedBytes) {
            fail(new Error(`more than ${maxBufferedBytes} bytes arrived that nobody read`))
          }
        }
      })
      socket.addEventListener('error', (event: { error?: unknown; message?: unknown }) => {
        const why = typeof event.message === 'string' && event.message !== '' ? `: ${event.message}` : ''
        fail(new Error(`the WebSocket failed${why}`, { cause: event.error }))
      })
      socket.addEventListener('close', ({ code, reason }: { code: number; reason: string }) => {
        failed(new Error('the WebSocket was closed before it was open'))
        const error = closeError(code, reason)
        if (error) return fail(error)
        endOfPeer()
        if (!sent) sink.error(new Error('the WebSocket was closed'))
        sent = true
      })
    },
    pull: resume,
    cancel() {
      received = true
      resume()
      if (sent) socket.close(NORMAL)
    },
  }, new ByteLengthQueuingStrategy({ highWaterMark: 64 * 1024 }))

  const writable = new WritableStream<Uint8Array>({
    start(controller) {
      sink = controller
      // `abort` would wait for a write in flight, which may be what is stuck.
      controller.signal.addEventListener('abort', () => {
        sent = true
        fail(controller.signal.reason)
      })
      if (socket.readyState === CLOSED) fail(new Error('the WebSocket was closed before'))
    },
    async write(chunk) {
      if (chunk.byteLength === 0) return // it would mean the end
      await opened
      if (socket.readyState !== OPEN) throw new Error('the WebSocket is not open any more') // send() would say nothing
      socket.send(chunk as Uint8Array<ArrayBuffer>)
      while (socket.bufferedAmount > highWaterMarkBytes && socket.readyState === OPEN) {
        await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
      }
    },
    async close() {
      await opened
      if (sent) return
      sent = true
      if (received) socket.close(NORMAL)
      else socket.send(new Uint8Array())
    },
  })
  return { readable, writable }
}
