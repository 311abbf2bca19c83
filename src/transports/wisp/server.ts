// The server's end of a Wisp connection, upon whatever WebSocket its host has.

import { deferred } from '../../base/deferred.js'
import { ApiMisuseError } from '../../base/errors.js'
import { withoutBrackets } from '../target.js'
import { GOING_AWAY, NO_CODE, NORMAL, PROTOCOL_ERROR } from '../websocket-close.js'
import { OPEN, type WebSocketLike } from '../websocket-like.js'
import { WispCloseReason } from './close-reason.js'
import { readClientInfo, serverInfo } from './handshake.js'
import { PacketLink, POLICY_VIOLATION } from './link.js'
import { CLOSE, closePacket, CONNECT, continuePacket, INFO, infoPacket, TCP, type Info, type Packet } from './packets.js'
import { ServedStream, type SharedByStreams } from './served-stream.js'
import { checkServerOptions, type ServerSettings, type ServeWispOptions, type WispServer } from './server-options.js'

/**
 * Serves one client upon a WebSocket that is open, before its first message has come. Set no handlers of your own for
 * messages.
 *
 * Throws `ERR_TLS_UNKNOWN_OPTION` and `ERR_TLS_INVALID_OPTION` (`option` names it), and `ERR_TLS_INVALID_STATE` if the
 * WebSocket is not open. A client that does what it may not ends its stream, or its connection, and no more.
 */
export function serveWisp(socket: WebSocketLike, options: ServeWispOptions): WispServer {
  const settings = checkServerOptions(options)
  if (socket.readyState !== OPEN) throw new ApiMisuseError('ERR_TLS_INVALID_STATE', 'the WebSocket is not open')
  return new Server(socket, settings)
}

class Server implements WispServer {
  readonly #closed = deferred<void>()
  readonly closed = this.#closed.promise
  readonly #link: PacketLink<ServedStream>
  readonly #shared: SharedByStreams
  /** The link's streams, and those that are ending. */
  readonly #streams = new Set<ServedStream>()
  #handshake: ReturnType<typeof setTimeout> | undefined
  #state: 'introduction' | 'authentication' | 'open' = 'introduction'
  #bufferedBytes = 0

  constructor(socket: WebSocketLike, settings: ServerSettings) {
    const { version = socket.protocol ? 2 : 1, motd, authenticate, handshakeTimeoutMs, highWaterMarkBytes, maxMessageBytes } = settings
    this.#link = new PacketLink(socket, {
      highWaterMarkBytes,
      maxMessageBytes,
      maxUnheardPackets: 1024,
      onPacket: (packet) => this.#receive(packet),
      // A violation that belongs to no stream ends the connection.
      onViolation: (code, what, id) => (id ? this.#refuseStream(id, what) : this.#end(code, `the client has sent ${what}`)),
      onEnd: (code, error) => void this.#ended(code, error),
    })
    const moved = { bytesToTarget: 0, bytesToClient: 0 }
    this.#shared = { link: this.#link, settings, moved, halfClose: false, account: (bytes) => this.#account(bytes) }
    if (version === 2) {
      this.#link.send(infoPacket(serverInfo({ motd, password: authenticate !== undefined })))
      this.#handshake = setTimeout(() => this.#refuse(WispCloseReason.INCOMPATIBLE, 'no introduction in time'), handshakeTimeoutMs)
    } else if (authenticate) {
      this.#refuse(WispCloseReason.CREDENTIALS_WANTED, 'version 2 only, for its authentication')
    } else {
      this.#begin()
    }
  }

  get streams(): number { return this.#streams.size }

  get bytesToTargets(): number { return this.#shared.moved.bytesToTarget }

  get bytesToClient(): number { return this.#shared.moved.bytesToClient }

  close(why = 'the server is closing'): Promise<void> {
    this.#end(GOING_AWAY, why)
    // Streams whose target is not reached yet are not waited for.
    for (const stream of this.#streams) if (!stream.reached) stream.stop(new Error(why))
    return this.closed
  }

  #begin(): void {
    clearTimeout(this.#handshake)
    this.#state = 'open'
    this.#link.send(continuePacket(0, this.#shared.settings.bufferPackets))
  }

  /** Takes packets that belong to no open stream. One that has crossed our CLOSE of its stream is ignored. */
  #receive(packet: Packet): void {
    if (packet.type === CLOSE && packet.streamId === 0) return this.#end(NORMAL, 'the client has closed the connection')
    if (this.#state === 'open') return packet.type === CONNECT ? this.#connect(packet) : undefined
    if (packet.type === INFO && this.#state === 'introduction') return void this.#introduced(packet.info)
    this.#refuse(WispCloseReason.INCOMPATIBLE, 'an introduction is to come first')
  }

  async #introduced(info: Info): Promise<void> {
    this.#state = 'authentication'
    const { major, credentials, halfClose } = readClientInfo(info)
    if (major < 2) return this.#refuse(WispCloseReason.INCOMPATIBLE, 'an introduction is of version 2')
    this.#shared.halfClose = halfClose
    const { authenticate } = this.#shared.settings
    if (authenticate) {
      if (!credentials) return this.#refuse(WispCloseReason.CREDENTIALS_WANTED, 'user name and password are wanted')
      const { username, password } = credentials
      const known = await (async () => authenticate(username, password))().catch(() => false) // a judge that fails knows no client
      if (!known) return this.#refuse(WispCloseReason.BAD_PASSWORD, 'wrong user name or password')
    }
    this.#begin()
  }

  #connect({ streamId, streamType, host, port }: Packet & { type: typeof CONNECT }): void {
    if (streamId === 0) return this.#end(PROTOCOL_ERROR, 'stream 0 is the connection itself')
    if (this.#link.streams.has(streamId)) return this.#refuseStream(streamId, 'a CONNECT for a stream that is open')
    if (streamType !== TCP) return this.#refuseStream(streamId, 'a CONNECT for something other than TCP')
    if (this.#streams.size >= this.#shared.settings.maxStreams) return this.#link.send(closePacket(streamId, WispCloseReason.THROTTLED))
    const stream = new ServedStream(this.#shared, streamId, { host: withoutBrackets(host), port })
    this.#streams.add(stream)
    void stream.over.finally(() => this.#streams.delete(stream))
  }

  /** A bad packet costs its stream alone. Two streams of one number are both closed: each packet for one is for the other, too. */
  #refuseStream(streamId: number, what: string): void {
    this.#link.streams.get(streamId)?.stop(new Error(`the client has sent ${what}`))
    this.#link.send(closePacket(streamId, WispCloseReason.INVALID_TARGET))
  }

  /** False if too much waits for targets, and the client cannot be held back. */
  #account(bytes: number): boolean {
    const { maxBufferedBytes } = this.#shared.settings
    const mostBytes = typeof maxBufferedBytes === 'function' ? maxBufferedBytes(this.#streams.size) : maxBufferedBytes
    this.#bufferedBytes += bytes
    if (this.#bufferedBytes <= mostBytes / 2) this.#link.release(this)
    return this.#bufferedBytes <= mostBytes || this.#link.hold(this)
  }

  #refuse(reason: number, why: string): void {
    this.#link.send(closePacket(0, reason))
    this.#end(POLICY_VIOLATION, why)
  }

  /** Not in order: targets see their streams cut. */
  #end(code: number, why: string): void {
    if (this.#link.done) return
    this.#link.close(code, why)
    for (const stream of this.#link.streams.values()) stream.stop(new Error(why))
  }

  async #ended(code: number, error: Error): Promise<void> {
    clearTimeout(this.#handshake)
    const meant = [NORMAL, GOING_AWAY, NO_CODE].includes(code) // all others cut streams that had more to say
    for (const stream of this.#link.streams.values()) {
      if (meant) stream.closed(WispCloseReason.VOLUNTARY)
      else stream.stop(error)
    }
    await Promise.allSettled([...this.#streams].map(({ over }) => over))
    this.#closed.resolve()
  }
}
