// The client's end of a Wisp connection.

import { ApiMisuseError, TransportError } from '../../base/errors.js'
import { utf8 } from '../../base/bytes.js'
import { deferred } from '../../base/deferred.js'
import { checkOptions, each, isCount, isFunction, isMilliseconds, isOneOf, isSignal, type Check } from '../../base/options.js'
import { onAbort, throwIfAborted } from '../../base/realms.js'
import { withDeadline } from '../../pump/waiting.js'
import { transportFailure, type ByteTransport } from '../../pump/transport.js'
import { demandTarget, formatTarget, type Target } from '../target.js'
import { ABORTED, NORMAL } from '../websocket-close.js'
import { isWebSocket, OPEN, reachOf, webSocketClass, type WebSocketConstructor, type WebSocketLike } from '../websocket-like.js'
import { WispCloseError, WispCloseReason } from './close-reason.js'
import { clientInfo, readServerInfo, WISP_SUBPROTOCOL, type Credentials, type ServerInfo } from './handshake.js'
import { PacketLink } from './link.js'
import { CLOSE, closePacket, connectPacket, CONTINUE, INFO, infoPacket, MAX_STREAM_ID, type Info, type Packet } from './packets.js'
import { WispStream } from './stream.js'

/** Options of {@link connectWisp}. */
export interface ConnectWispOptions {
  /**
   * 2: offers the subprotocol `wisp-v2`, and fails if the server does not speak it. 1: does not offer it. Default
   * `'auto'`: offers it, once more without it if the WebSocket then does not open (a browser fails it if the server
   * selects none), and goes by what the server says. If you give a WebSocket of your own, offer the subprotocol yourself.
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
  /** Ends the connection when it has had no stream for so long. Default: never. */
  readonly idleTimeoutMs?: number | undefined
  /** Ends the connection at any time. */
  readonly signal?: AbortSignal | undefined
}

/** A connection to a Wisp server: many streams over one WebSocket. */
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
   * Throws `ERR_TLS_INVALID_ARGUMENT` for UDP or a target that is none (`host` has 1 to 255 bytes, and no spaces),
   * `ERR_TLS_UNKNOWN_OPTION` for an option of `connectWisp` in it, and `ERR_TLS_TRANSPORT` if the connection has ended.
   */
  open(target: Target & { readonly protocol?: 'tcp' | undefined }): ByteTransport
  /** Ends all streams and the WebSocket. Settles as `closed`. */
  close(): Promise<void>
}

/** Text of at most so many bytes of UTF-8. */
const fits = (text: unknown, mostBytes: number) => typeof text === 'string' && utf8(text).byteLength <= mostBytes

const checks: Readonly<Record<keyof ConnectWispOptions, Check>> = {
  version: isOneOf(1, 2, 'auto'),
  WebSocket: isFunction,
  credentials(value) {
    const { username, password } = (value ?? {}) as Partial<Credentials>
    return fits(username, 255) && fits(password, 65535) ? undefined : 'must be { username, password }, at most 255 and 65535 bytes'
  },
  ...each(isCount, 'maxBufferedBytes', 'highWaterMarkBytes'),
  ...each(isMilliseconds(1), 'handshakeTimeoutMs', 'idleTimeoutMs'),
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
  const Constructor = webSocketClass(options.WebSocket as WebSocketConstructor | undefined)
  const offers = { 1: [[]], 2: [[WISP_SUBPROTOCOL]], auto: [[WISP_SUBPROTOCOL], []] }[version]
  for (;;) {
    let socket: WebSocketLike
    try {
      socket = new Constructor(String(target), offers.shift()!)
    } catch (cause) {
      throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', `not the URL of a WebSocket: ${target}`, { cause })
    }
    const client = new Client(socket, options)
    try {
      return await client.opened
    } catch (error) {
      if (client.reached || signal?.aborted || offers.length === 0) throw error
    }
  }
}

class Client implements WispConnection {
  /** Whether the WebSocket itself was open. */
  reached: boolean
  readonly #link: PacketLink<WispStream>
  readonly #options: ConnectWispOptions
  /** The server, for messages. */
  readonly #reach: string
  readonly #opened = deferred<WispConnection>()
  readonly opened = this.#opened.promise
  readonly #closed = deferred<void>()
  readonly closed = this.#closed.promise
  readonly #forgetSignal: () => void
  #idleTimer: ReturnType<typeof setTimeout> | undefined
  /** What it has said of itself, if it speaks version 2. */
  #server: ServerInfo | undefined
  /** Packets that each stream may send at first. `undefined`: the connection is not open yet. */
  #credit: number | undefined
  #lastStreamId = 0
  /** Why it has ended. */
  #error: unknown

  constructor(socket: WebSocketLike, options: ConnectWispOptions) {
    this.#options = options
    this.#reach = reachOf(socket)
    const { highWaterMarkBytes = 256 * 1024, handshakeTimeoutMs: limitMs = 30_000, signal } = options
    this.#link = new PacketLink(socket, {
      highWaterMarkBytes,
      maxMessageBytes: Infinity,
      maxUnheardPackets: Infinity, // none answers what the server sends
      onPacket: (packet) => this.#receive(packet),
      // A page may not send the code.
      onViolation: (_code, what) => this.#fail(new TransportError(`the Wisp server has sent ${what}`), 'fail', ABORTED),
      onIdle: () => this.#idle(),
      onEnd: (_code, error) => this.#ended(error),
    })
    this.reached = socket.readyState === OPEN
    socket.addEventListener('open', () => { this.reached = true })
    const late = () => this.#fail(new TransportError(`no Wisp server has answered at ${this.#reach} within ${limitMs} ms`))
    void withDeadline(limitMs, late, this.opened).catch(() => {})
    this.#forgetSignal = onAbort(signal, (reason) => this.#fail(reason))
  }

  get version(): 1 | 2 { return this.#server ? 2 : 1 }

  get motd(): string | undefined { return this.#server?.motd }

  get streams(): number { return this.#link.streams.size }

  open(target: Target & { readonly protocol?: string | undefined }): ByteTransport {
    demandTarget(target, 'open()', ['host', 'port', 'protocol'], Object.keys(checks), 'is an option of connectWisp()')
    const { host, port, protocol = 'tcp' } = target
    const misuse = (why: string) => new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', why)
    if (protocol !== 'tcp') throw misuse(`Wisp carries TCP here, not ${protocol}: TLS needs a stream`)
    if (!fits(host, 255) || host === '' || /[\s\p{Cc}]/u.test(host)) throw misuse('host must be a name or an address, at most 255 bytes')
    if (!Number.isInteger(port) || port < 1 || port > 65535) throw misuse('port must be from 1 to 65535')
    if (this.#link.done) throw new TransportError('the Wisp connection has ended', { cause: this.#error })
    clearTimeout(this.#idleTimer)
    do this.#lastStreamId = this.#lastStreamId === MAX_STREAM_ID ? 1 : this.#lastStreamId + 1
    while (this.#link.streams.has(this.#lastStreamId))
    const { maxBufferedBytes = 16 * 1024 * 1024 } = this.#options
    const halfClose = this.#server?.halfClose ?? false
    const reach = `${formatTarget({ host, port })} through ${this.#reach}`
    const stream = new WispStream(this.#link, this.#lastStreamId, { credit: this.#credit!, halfClose, maxBufferedBytes, reach })
    this.#link.send(connectPacket(stream.streamId, host, port))
    return stream.transport
  }

  close(): Promise<void> {
    this.#fail(new TransportError('the Wisp connection was closed'))
    return this.closed
  }

  #idle(): void {
    const { idleTimeoutMs } = this.#options
    if (idleTimeoutMs === undefined || this.#link.done) return
    const end = () => this.#fail(new TransportError(`the Wisp connection had no stream for ${idleTimeoutMs} ms (idleTimeoutMs)`))
    this.#idleTimer = setTimeout(end, idleTimeoutMs)
  }

  /** Takes packets that belong to no stream. A server of version 2 begins with INFO, and waits for ours; one of version 1 with CONTINUE. */
  #receive(packet: Packet): void {
    if (packet.type === CLOSE && packet.streamId === 0) {
      return this.#fail(new WispCloseError('the server has closed the Wisp connection', packet.reason), 'lost')
    }
    if (this.#credit !== undefined) return
    if (packet.type === INFO && !this.#server) this.#introduce(packet.info)
    if (packet.type !== CONTINUE || packet.streamId !== 0) return
    if (!this.#server && this.#options.version === 2) return this.#fail(new TransportError('the server does not speak version 2 of Wisp'))
    this.#credit = packet.packets
    this.#opened.resolve(this)
    this.#idle()
  }

  #introduce(info: Info): void {
    const server = readServerInfo(info)
    const { credentials, version } = this.#options
    if (version === 1) return this.#refuse("the server speaks version 2 of Wisp, and option 'version' asks for 1")
    if (server.major < 2) return this.#refuse(`the server introduces itself with version ${server.major} of Wisp`)
    const instead = server.password === 'none' ? '' : ': give a user name and a password'
    if (server.keyRequired && !(instead && credentials)) {
      return this.#refuse(`the server asks for authentication by a key, which this client does not have${instead}`)
    }
    if (server.password === 'required' && !credentials) {
      return this.#refuse('the server wants a user name and a password', WispCloseReason.CREDENTIALS_WANTED)
    }
    this.#server = server
    this.#link.send(infoPacket(clientInfo(server, credentials)))
  }

  #refuse(why: string, reason: number = WispCloseReason.INCOMPATIBLE): void {
    this.#link.send(closePacket(0, reason))
    this.#fail(new TransportError(why))
  }

  #fail(error: unknown, how: 'fail' | 'lost' = 'fail', code = NORMAL): void {
    if (this.#link.done) return
    this.#giveUp(error, how)
    this.#link.close(code)
  }

  /** The WebSocket is closed. */
  #ended(error: Error): void {
    this.#giveUp(transportFailure('the Wisp connection was lost', error), 'lost')
    this.#closed.resolve()
  }

  /** Each stream either fails at once, or is lost, and then gives what has arrived before. Only the first reason counts. */
  #giveUp(error: unknown, how: 'fail' | 'lost'): void {
    this.#error ??= error
    this.#forgetSignal()
    clearTimeout(this.#idleTimer)
    this.#opened.reject(error)
    for (const stream of this.#link.streams.values()) stream.end(how, error)
  }
}
