// The server's end of a Wisp connection, upon whatever WebSocket its host has.

import { deferred } from '../../base/deferred.js'
import { ApiMisuseError } from '../../base/errors.js'
import { GOING_AWAY, NO_CODE, NORMAL, PROTOCOL_ERROR } from '../websocket-close.js'
import { OPEN, type WebSocketLike } from '../websocket-like.js'
import { WispCloseReason } from './close-reason.js'
import { readClientInfo, serverInfo } from './handshake.js'
import { PacketLink, POLICY_VIOLATION } from './link.js'
import { CLOSE, closePacket, CONNECT, continuePacket, DATA, INFO, infoPacket, TCP, type Info, type Packet } from './packets.js'
import { ServedStream } from './served-stream.js'
import { checkServerOptions, type ServerSettings, type ServeWispOptions, type WispServer } from './server-options.js'

/**
 * Serves one client upon a WebSocket that is open, before its first message has come. Set no handlers of your own for
 * messages.
 *
 * Throws `ERR_TLS_UNKNOWN_OPTION` and `ERR_TLS_INVALID_OPTION` (`option` names it), and `ERR_TLS_INVALID_STATE` if the
 * WebSocket is not open. Whatever the client does ends its stream, or its connection, and no more.
 */
export function serveWisp(socket: WebSocketLike, options: ServeWispOptions): WispServer {
  const settings = checkServerOptions(options)
  if (socket.readyState !== OPEN) throw new ApiMisuseError('ERR_TLS_INVALID_STATE', 'the WebSocket is not open')
  return new Server(socket, settings, settings.version ?? (socket.protocol ? 2 : 1))
}

/** Close codes (RFC 6455 §7.4.1) of a client that meant to close. All others cut streams that had more to say. */
const cleanCodes: readonly number[] = [NORMAL, GOING_AWAY, NO_CODE]

class Server implements WispServer {
  readonly #closed = deferred<void>()
  readonly #settings: ServerSettings
  readonly #link: PacketLink
  /** By the number that the client knows it by. */
  readonly #open = new Map<number, ServedStream>()
  /** Those, and the ones that are ending. */
  readonly #all = new Set<ServedStream>()
  #handshake: ReturnType<typeof setTimeout> | undefined
  #state: 'introduction' | 'authentication' | 'open' = 'introduction'
  #halfClose = false
  #bufferedBytes = 0
  readonly #moved = { toTargets: 0, toClient: 0 }

  constructor(socket: WebSocketLike, settings: ServerSettings, version: 1 | 2) {
    this.#settings = settings
    this.#link = new PacketLink(socket, {
      highWaterMarkBytes: settings.highWaterMarkBytes,
      maxMessageBytes: settings.maxMessageBytes,
      onPacket: (packet) => this.#receive(packet),
      onViolation: (code, why) => this.#end(code, `the client has sent ${why}`),
      onEnd: (code, error) => void this.#ended(code, error),
    })
    if (version === 2) {
      const { motd, authenticate, handshakeTimeoutMs } = settings
      this.#link.send(infoPacket(serverInfo({ motd, password: authenticate !== undefined })))
      this.#handshake = setTimeout(() => this.#refuse(WispCloseReason.INCOMPATIBLE, 'no introduction in time'), handshakeTimeoutMs)
    } else if (settings.authenticate) {
      this.#refuse(WispCloseReason.CREDENTIALS_WANTED, 'version 2 only, for its authentication')
    } else {
      this.#begin()
    }
  }

  get closed(): Promise<void> { return this.#closed.promise }

  get streams(): number { return this.#all.size }

  get bytesToTargets(): number { return this.#moved.toTargets }

  get bytesToClient(): number { return this.#moved.toClient }

  close(): Promise<void> {
    const why = 'the server is closing'
    this.#end(GOING_AWAY, why)
    for (const stream of this.#all) stream.stopDialling(new Error(why))
    return this.closed
  }

  #begin(): void {
    clearTimeout(this.#handshake)
    this.#state = 'open'
    this.#link.send(continuePacket(0, this.#settings.bufferPackets))
  }

  #receive(packet: Packet): void {
    if (packet.type === 'malformed') return this.#malformed(packet.streamId, packet.why)
    if (packet.type === CLOSE && packet.streamId === 0) return this.#end(NORMAL, 'the client has closed the connection')
    if (this.#state !== 'open') {
      if (packet.type === INFO && this.#state === 'introduction') return void this.#introduced(packet.info)
      return this.#refuse(WispCloseReason.INCOMPATIBLE, 'an introduction is to come first')
    }
    switch (packet.type) {
      case CONNECT: return this.#connect(packet)
      // A packet for a stream that is not there: our CLOSE and it have crossed.
      case DATA: return this.#open.get(packet.streamId)?.receive(packet.bytes)
      case CLOSE: return this.#open.get(packet.streamId)?.closed(packet.reason)
      // The rest says nothing to a server: extensions that it did not offer, CONTINUE, one INFO too many.
    }
  }

  async #introduced(info: Info): Promise<void> {
    this.#state = 'authentication'
    const client = readClientInfo(info)
    if (client.major < 2) return this.#refuse(WispCloseReason.INCOMPATIBLE, 'an introduction is of version 2')
    this.#halfClose = client.halfClose
    const { authenticate } = this.#settings
    if (authenticate) {
      if (!client.credentials) return this.#refuse(WispCloseReason.CREDENTIALS_WANTED, 'user name and password are wanted')
      const { username, password } = client.credentials
      let known = false
      try {
        known = await authenticate(username, password)
      } catch {
        // Who cannot be known is not known.
      }
      if (this.#link.done) return
      if (!known) return this.#refuse(WispCloseReason.BAD_PASSWORD, 'wrong user name or password')
    }
    this.#begin()
  }

  #connect({ streamId, streamType, host, port }: Packet & { type: typeof CONNECT }): void {
    if (streamId === 0) return this.#end(PROTOCOL_ERROR, 'stream 0 is the connection itself')
    const other = this.#open.get(streamId)
    if (other) {
      // Whatever it says of one it says of both: they have one number.
      other.stop(new Error('the client has opened a stream of the same number'))
      return this.#link.send(closePacket(streamId, WispCloseReason.INVALID_TARGET))
    }
    if (streamType !== TCP) return this.#link.send(closePacket(streamId, WispCloseReason.INVALID_TARGET)) // for example UDP
    if (this.#all.size >= this.#settings.maxStreams) return this.#link.send(closePacket(streamId, WispCloseReason.THROTTLED))
    const stream = new ServedStream({
      link: this.#link,
      streamId,
      target: { host: host.replace(/^\[(.*)\]$/, '$1'), port },
      server: this.#settings,
      halfClose: this.#halfClose,
      account: (bytes) => this.#account(bytes),
      moved: this.#moved,
      onGone: () => this.#open.delete(streamId),
    })
    this.#open.set(streamId, stream)
    this.#all.add(stream)
    void stream.over.finally(() => this.#all.delete(stream))
  }

  /** A bad CONNECT costs its stream alone. What cannot be put down to a stream costs the connection. */
  #malformed(streamId: number | undefined, why: string): void {
    if (streamId === undefined || streamId === 0) return this.#end(PROTOCOL_ERROR, why)
    this.#open.get(streamId)?.stop(new Error(`the client has sent ${why}`))
    this.#link.send(closePacket(streamId, WispCloseReason.INVALID_TARGET))
  }

  #account(bytes: number): boolean {
    const { maxBufferedBytes } = this.#settings
    this.#bufferedBytes += bytes
    if (this.#bufferedBytes > maxBufferedBytes) {
      if (!this.#link.canPause) return false
      this.#link.hold(this)
    } else if (this.#bufferedBytes <= maxBufferedBytes / 2) {
      this.#link.release(this)
    }
    return true
  }

  #refuse(reason: number, why: string): void {
    this.#link.send(closePacket(0, reason))
    this.#end(POLICY_VIOLATION, why)
  }

  /** Not in order: targets see their streams cut. */
  #end(code: number, why: string): void {
    if (this.#link.done) return
    clearTimeout(this.#handshake)
    this.#link.close(code, why)
    for (const stream of [...this.#open.values()]) stream.stop(new Error(why))
  }

  async #ended(code: number, error: Error): Promise<void> {
    clearTimeout(this.#handshake)
    for (const stream of [...this.#open.values()]) {
      if (cleanCodes.includes(code)) stream.closed(WispCloseReason.VOLUNTARY)
      else stream.stop(error)
    }
    await Promise.allSettled([...this.#all].map(({ over }) => over))
    this.#closed.resolve()
  }
}
