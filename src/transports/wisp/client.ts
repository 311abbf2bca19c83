// The client's end of a Wisp connection.

import { ApiMisuseError, TransportError } from '../../base/errors.js'
import { utf8 } from '../../base/bytes.js'
import { deferred } from '../../base/deferred.js'
import { checkOptions, isCount, isFunction, isMilliseconds, isOneOf, isSignal, type Check } from '../../base/options.js'
import { abortReason, throwIfAborted } from '../../base/realms.js'
import type { ByteTransport } from '../../pump/transport.js'
import { ABORTED, NORMAL } from '../websocket-close.js'
import { isWebSocket, OPEN, webSocketClass, type WebSocketConstructor, type WebSocketLike } from '../websocket-like.js'
import { WispCloseError, WispCloseReason } from './close-reason.js'
import { clientInfo, readServerInfo, WISP_SUBPROTOCOL, type Credentials } from './handshake.js'
import { PacketLink } from './link.js'
import { CLOSE, closePacket, connectPacket, CONTINUE, DATA, INFO, infoPacket, MAX_STREAM_ID, type Info, type Packet } from './packets.js'
import type { WispTarget } from './server-options.js'
import { WispStream } from './stream.js'

export interface ConnectWispOptions {
  /**
   * 2: offers the subprotocol `wisp-v2`, and fails if the server does not speak it. 1: does not offer it. Default
   * `'auto'`: offers it, once more without it if the WebSocket then does not open (a browser fails it if the server
   * selects none), and goes by what the server says. With a WebSocket of your own it is you who offers.
   */
  readonly version?: 1 | 2 | 'auto' | undefined
  /** Default: the platform's. Node 20 has none: give that of the `ws` package. */
  readonly WebSocket?: (new (url: string, protocols?: string[]) => object) | undefined
  /** User name and password (version 2). Used if the server asks for them. Key authentication is not spoken. */
  readonly credentials?: Credentials | undefined
  /**
   * How much may wait in each stream for its reader. Above it the WebSocket is paused, with all its streams, if it can
   * be (that of `ws`); if not (a browser's), that stream fails alone. Default 16 MiB.
   */
  readonly maxBufferedBytes?: number | undefined
  /** Above this much that waits to be sent, writes wait. Default 256 KiB. */
  readonly highWaterMarkBytes?: number | undefined
  /** Until the server has introduced itself. Default 30 000. */
  readonly handshakeTimeoutMs?: number | undefined
  /** Ends the connection at any time. */
  readonly signal?: AbortSignal | undefined
}

export interface WispConnection {
  /** The version that both sides speak. */
  readonly version: 1 | 2
  /** The server's message for the user, or `undefined`. Escape it before showing. */
  readonly motd: string | undefined
  /** Streams now. */
  readonly streams: number
  /** Fulfilled when the connection has ended, in whatever way; its streams have failed then. Never rejects. */
  readonly closed: Promise<void>
  /**
   * Opens a TCP stream; bytes may be written at once. If the server cannot open it, both its directions fail with a
   * {@link WispCloseError}, whose `reason` says why.
   *
   * Closing `writable` does not reach the target (unless the server is ours, and speaks version 2), as Wisp has no
   * half-close: the stream is closed when `readable` has ended too, or was cancelled. So read it to its end or cancel it.
   *
   * Throws `ERR_TLS_INVALID_ARGUMENT` for a target that is none, or for UDP, and `ERR_TLS_TRANSPORT` if the connection
   * has ended.
   */
  open(target: WispTarget & { readonly protocol?: 'tcp' | undefined }): ByteTransport
  /** Ends all streams and the WebSocket. Settles as `closed`. */
  close(): Promise<void>
}

const checks: Readonly<Record<keyof ConnectWispOptions, Check>> = {
  version: isOneOf(1, 2, 'auto'),
  WebSocket: isFunction,
  credentials(value) {
    const { username, password } = (value ?? {}) as Partial<Credentials>
    return fits(username, 255) && fits(password, 65535) ? undefined : 'must be { username, password }, at most 255 and 65535 bytes'
  },
  maxBufferedBytes: isCount,
  highWaterMarkBytes: isCount,
  handshakeTimeoutMs: isMilliseconds(1),
  signal: isSignal,
}

/**
 * Connects to a Wisp server: a URL, which by the specification ends with `/`, or a WebSocket that is new, so that its
 * first message has not come yet. Fulfilled when streams can be opened.
 *
 * Rejects with `ERR_TLS_UNKNOWN_OPTION`, `ERR_TLS_INVALID_OPTION`, `ERR_TLS_INVALID_ARGUMENT`; with `ERR_TLS_TRANSPORT`
 * if there is no connection, or no Wisp server at its end, or it does not let us in (a {@link WispCloseError} if it
 * said so); or with the reason of `signal`.
 */
export async function connectWisp(target: string | URL | WebSocketLike, given: ConnectWispOptions = {}): Promise<WispConnection> {
  const options = checkOptions(given, checks, 'connectWisp')
  const { version = 'auto', signal } = options
  throwIfAborted(signal)
  if (typeof target === 'object' && isWebSocket(target)) return new Client(target, options).opened
  const url = String(target)
  const Constructor = webSocketClass(options.WebSocket as WebSocketConstructor | undefined)
  const attempt = (protocols: string[]) => {
    let socket: WebSocketLike
    try {
      socket = new Constructor(url, protocols)
    } catch (cause) {
      throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', `not the URL of a WebSocket: ${url}`, { cause })
    }
    return new Client(socket, options)
  }
  if (version === 1) return attempt([]).opened
  const first = attempt([WISP_SUBPROTOCOL])
  try {
    return await first.opened
  } catch (error) {
    if (version === 2 || first.reached || signal?.aborted) throw error
    return attempt([]).opened
  }
}

class Client implements WispConnection {
  version: 1 | 2 = 1
  motd: string | undefined
  /** Whether the WebSocket itself was open. */
  reached = false
  readonly #link: PacketLink
  readonly #options: ConnectWispOptions
  readonly #streams = new Map<number, WispStream>()
  readonly #opened = deferred<WispConnection>()
  readonly #closed = deferred<void>()
  #open = false
  #halfClose = false
  /** Packets that each stream may send at first. */
  #credit = 0
  #lastStreamId = 0
  /** Why it ended, if we know better than the WebSocket. */
  #error: unknown
  #timer: ReturnType<typeof setTimeout>

  constructor(socket: WebSocketLike, options: ConnectWispOptions) {
    this.#options = options
    this.#link = new PacketLink(socket, {
      highWaterMarkBytes: options.highWaterMarkBytes ?? 256 * 1024,
      maxMessageBytes: Infinity,
      onPacket: (packet) => (this.#open ? this.#receive(packet) : this.#shakeHands(packet)),
      onViolation: (_code, why) => this.#violated(why),
      onEnd: (_code, error) => this.#ended(error),
    })
    this.reached = socket.readyState === OPEN
    if (!this.reached) socket.addEventListener('open', () => { this.reached = true })
    const limitMs = options.handshakeTimeoutMs ?? 30_000
    this.#timer = setTimeout(() => this.#fail(new TransportError(`no Wisp server has answered within ${limitMs} ms`)), limitMs)
    options.signal?.addEventListener('abort', this.#onAbort)
  }

  get opened(): Promise<WispConnection> { return this.#opened.promise }

  get closed(): Promise<void> { return this.#closed.promise }

  get streams(): number { return this.#streams.size }

  open({ host, port, protocol = 'tcp' }: WispTarget & { readonly protocol?: string | undefined }): ByteTransport {
    const misuse = (why: string) => new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', why)
    if (protocol !== 'tcp') throw misuse(`Wisp carries TCP here, not ${protocol}: TLS wants a stream`)
    if (!fits(host, 255) || host === '' || /[\s\p{Cc}]/u.test(host)) throw misuse('host must be a name or an address, at most 255 bytes')
    if (!Number.isInteger(port) || port < 1 || port > 65535) throw misuse('port must be from 1 to 65535')
    if (this.#link.done) throw new TransportError('the Wisp connection has ended', { cause: this.#error })
    const streamId = this.#newStreamId()
    const stream = new WispStream({
      link: this.#link,
      streamId,
      credit: this.#credit,
      halfClose: this.#halfClose,
      maxBufferedBytes: this.#options.maxBufferedBytes ?? 16 * 1024 * 1024,
      onEnd: () => this.#streams.delete(streamId),
    })
    this.#streams.set(streamId, stream)
    this.#link.send(connectPacket(streamId, host, port))
    return stream.transport
  }

  close(): Promise<void> {
    this.#fail(new TransportError('the Wisp connection was closed'))
    return this.closed
  }

  #onAbort = () => this.#fail(abortReason(this.#options.signal!))

  #newStreamId(): number {
    do this.#lastStreamId = this.#lastStreamId === MAX_STREAM_ID ? 1 : this.#lastStreamId + 1
    while (this.#streams.has(this.#lastStreamId))
    return this.#lastStreamId
  }

  /** A server of version 2 begins with INFO, and waits for ours; one of version 1 with CONTINUE. */
  #shakeHands(packet: Packet): void {
    switch (packet.type) {
      case INFO:
        if (this.version === 1) this.#introduce(packet.info)
        return
      case CONTINUE:
        if (packet.streamId !== 0) return
        if (this.version === 1 && this.#options.version === 2) {
          return this.#fail(new TransportError('the server does not speak version 2 of Wisp'))
        }
        this.#credit = packet.packets
        this.#open = true
        clearTimeout(this.#timer)
        return this.#opened.resolve(this)
      default:
        this.#beyondStreams(packet)
    }
  }

  #introduce(info: Info): void {
    const server = readServerInfo(info)
    const { credentials, version } = this.#options
    if (version === 1) return this.#refuse('the server speaks version 2 of Wisp, which was not asked for')
    if (server.major < 2) return this.#refuse(`the server introduces itself with version ${server.major} of Wisp`)
    if (server.keyRequired && !(server.password !== 'none' && credentials)) {
      return this.#refuse(server.password === 'none'
        ? 'the server wants key (certificate) authentication, which is not spoken here'
        : 'the server wants credentials: a key, which is not spoken here, or a user name and a password')
    }
    if (server.password === 'required' && !credentials) {
      return this.#refuse('the server wants a user name and a password', WispCloseReason.CREDENTIALS_WANTED)
    }
    this.version = 2
    this.motd = server.motd
    this.#halfClose = server.halfClose
    this.#link.send(infoPacket(clientInfo(server, credentials)))
  }

  #refuse(why: string, reason: number = WispCloseReason.INCOMPATIBLE): void {
    this.#link.send(closePacket(0, reason))
    this.#fail(new TransportError(why))
  }

  #receive(packet: Packet): void {
    switch (packet.type) {
      case DATA: return this.#streams.get(packet.streamId)?.receive(packet.bytes)
      case CONTINUE: return this.#streams.get(packet.streamId)?.grant(packet.packets)
      case CLOSE:
        if (packet.streamId !== 0) return this.#streams.get(packet.streamId)?.closed(packet.reason)
    }
    this.#beyondStreams(packet)
  }

  #beyondStreams(packet: Packet): void {
    if (packet.type === 'malformed') this.#violated(packet.why)
    else if (packet.type === CLOSE && packet.streamId === 0) {
      this.#fail(new WispCloseError('the server has closed the Wisp connection', packet.reason), NORMAL, 'lost')
    }
  }

  #violated(what: string): void {
    this.#fail(new TransportError(`the Wisp server has sent ${what}`), ABORTED) // a page may not send 1002
  }

  #fail(error: unknown, code = NORMAL, how: 'fail' | 'lost' = 'fail'): void {
    if (this.#link.done) return
    this.#error = error
    this.#link.close(code)
    this.#giveUp(error, how)
  }

  /** The WebSocket is closed. What it says comes second: if we had a reason of our own, that is the one. */
  #ended(error: Error): void {
    this.#giveUp(this.#error ?? new TransportError(`the Wisp connection was lost: ${error.message}`, { cause: error }), 'lost')
    this.#closed.resolve()
  }

  /** Each stream either fails at once, or is lost, and then gives what has arrived before. */
  #giveUp(error: unknown, how: 'fail' | 'lost'): void {
    this.#error ??= error
    clearTimeout(this.#timer)
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.#opened.reject(error)
    for (const stream of [...this.#streams.values()]) stream[how](error)
  }
}

function fits(text: unknown, mostBytes: number): boolean {
  return typeof text === 'string' && utf8(text).byteLength <= mostBytes
}
