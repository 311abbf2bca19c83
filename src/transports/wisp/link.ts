// A WebSocket as both ends of a Wisp connection see it: packets in, each to its stream, packets out, and the two ways to
// wait. What is small and must go at once (CONNECT, CONTINUE, CLOSE) goes at once; DATA goes when there is room, a packet
// of each stream in turn, so that no stream starves another.

import { asBytes, isBytesLike } from '../../base/bytes.js'
import { hasMethods } from '../../base/realms.js'
import { SendBacklog } from '../send-backlog.js'
import { closeError, MESSAGE_TOO_BIG, nameOf, NO_CLOSE, PROTOCOL_ERROR, UNSUPPORTED_DATA } from '../websocket-close.js'
import { ALREADY_CLOSED, CLOSED, closeWebSocket, failureOf, OPEN, reachOf, type WebSocketLike } from '../websocket-like.js'
import { CLOSE, closePacket, CONTINUE, DATA, parsePacket, type Packet } from './packets.js'

/** A stream, from {@link PacketLink.streams} until {@link PacketLink.forget}. */
export interface LinkedStream {
  readonly streamId: number
  /** DATA came. */
  receive(bytes: Uint8Array): void
  /** CONTINUE came. */
  grant?(packets: number): void
  /** CLOSE came. */
  closed(reason: number): void
}

export interface LinkOptions {
  /** Above this much that waits to be sent, DATA waits. */
  readonly highWaterMarkBytes: number
  /** A longer message ends the link. */
  readonly maxMessageBytes: number
  /** How many small packets may wait for the other side before it is taken for one that does not listen. */
  readonly maxUnheardPackets: number
  /** What came for none of the streams. It is not malformed. */
  readonly onPacket: (packet: Packet) => void
  /** The other side has sent what it may not: close with this code of RFC 6455. `streamId` is that of a malformed packet. */
  readonly onViolation: (code: number, what: string, streamId?: number) => void
  /** The last stream was forgotten. */
  readonly onIdle?: (() => void) | undefined
  /** Once, when the WebSocket has closed or failed: by then nothing can be sent. `code` is RFC 6455's. */
  readonly onEnd: (code: number, error: Error) => void
}

/** What was sent breaks the rules of this server (RFC 6455 §7.4.1). */
export const POLICY_VIOLATION = 1008
/** How far beyond the mark they may pile up. */
const MAX_UNHEARD_BYTES = 1024 * 1024

export class PacketLink<Stream extends LinkedStream> {
  /** Those that both sides know, by their numbers. */
  readonly streams = new Map<number, Stream>()
  readonly #socket: WebSocketLike
  readonly #backlog: SendBacklog
  readonly #options: LinkOptions
  /** A packet each, in the order of their coming. */
  readonly #waiting = new Map<Stream, { packet: Uint8Array<ArrayBuffer>; sent: () => void }>()
  readonly #holders = new Set<object>()
  #pumping = false
  #closing = false
  #ended = false

  /** Takes over the socket, open or still connecting. */
  constructor(socket: WebSocketLike, options: LinkOptions) {
    this.#socket = socket
    this.#backlog = new SendBacklog(socket)
    this.#options = options
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('message', ({ data }: { data: unknown }) => this.#receive(data))
    const reach = reachOf(socket)
    let opened = socket.readyState === OPEN
    socket.addEventListener('open', () => { opened = true })
    socket.addEventListener('error', (event) => {
      this.#end(NO_CLOSE, failureOf(event, { reach, url: socket.url, opened }))
      socket.close()
    })
    socket.addEventListener('close', ({ code, reason }: { code: number; reason: string }) => {
      this.#end(code, closeError(code, reason, reach, socket.protocol) ?? new Error(`${nameOf(reach)} was closed with code ${code}`))
    })
    if (socket.readyState === CLOSED) {
      queueMicrotask(() => this.#end(NO_CLOSE, failureOf(ALREADY_CLOSED, { reach, url: socket.url, opened })))
    }
  }

  /** Nothing is sent or received any more. */
  get done(): boolean { return this.#closing || this.#ended }

  /** Sends at once. For small packets. */
  send(packet: Uint8Array<ArrayBuffer>): void {
    if (this.done) return
    this.#backlog.send(packet)
    const { highWaterMarkBytes, maxUnheardPackets, onViolation } = this.#options
    const isUnheard = this.#backlog.isFull(highWaterMarkBytes + MAX_UNHEARD_BYTES, maxUnheardPackets)
    if (isUnheard) onViolation(POLICY_VIOLATION, 'packets, and reads none')
  }

  /** Sends in `stream`'s turn, when there is room; resolves then, and never if it is forgotten or the link ends. One at a time. */
  post(stream: Stream, packet: Uint8Array<ArrayBuffer>): Promise<void> {
    return new Promise((sent) => {
      this.#waiting.set(stream, { packet, sent })
      void this.#pump()
    })
  }

  /** Frees the number of `stream`, and drops what it has posted. Tells the other side the `reason`, if any. A second call does nothing. */
  forget(stream: Stream, reason?: number): void {
    if (this.streams.get(stream.streamId) !== stream) return
    this.streams.delete(stream.streamId)
    this.#waiting.delete(stream)
    this.release(stream)
    if (reason !== undefined) this.send(closePacket(stream.streamId, reason))
    if (this.streams.size === 0) this.#options.onIdle?.()
  }

  /** Stops reading from the WebSocket until no owner holds it any more. False if it cannot be paused. */
  hold(owner: object): boolean {
    if (!hasMethods(this.#socket, 'pause', 'resume')) return false
    if (this.done) return true
    this.#holders.add(owner)
    this.#socket.pause!()
    return true
  }

  release(owner: object): void {
    if (this.#holders.delete(owner) && this.#holders.size === 0) this.#socket.resume!()
  }

  /** Ends the link in order: what was sent goes before it. `onEnd` is called when the other side has answered. */
  close(code: number, reason = ''): void {
    if (this.done) return
    this.#closing = true
    this.#letGo()
    closeWebSocket(this.#socket, code, reason)
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return
    this.#pumping = true
    // What is posted meanwhile comes at the end, so that streams take turns.
    for (const [stream, { packet, sent }] of this.#waiting) {
      if (this.#backlog.isFull(this.#options.highWaterMarkBytes)) await this.#backlog.untilDrained(this.#options.highWaterMarkBytes)
      if (this.done || this.#socket.readyState !== OPEN) break
      if (this.#waiting.get(stream)?.packet !== packet) continue // forgotten while we waited
      this.#waiting.delete(stream)
      this.#backlog.send(packet)
      sent()
    }
    this.#pumping = false
  }

  #receive(data: unknown): void {
    if (this.done) return
    const { maxMessageBytes, onPacket, onViolation } = this.#options
    if (!isBytesLike(data)) return onViolation(UNSUPPORTED_DATA, 'text')
    if (data.byteLength > maxMessageBytes) return onViolation(MESSAGE_TOO_BIG, 'a message that is too long')
    const packet = parsePacket(asBytes(data))
    if (packet.type === 'malformed') return onViolation(PROTOCOL_ERROR, packet.why, packet.streamId)
    const stream = this.streams.get(packet.streamId)
    if (stream && packet.type === DATA) stream.receive(packet.bytes)
    else if (stream && packet.type === CONTINUE) stream.grant?.(packet.packets)
    else if (stream && packet.type === CLOSE) stream.closed(packet.reason)
    else onPacket(packet)
  }

  #end(code: number, error: Error): void {
    if (this.#ended) return
    this.#ended = true
    this.#letGo()
    this.#options.onEnd(code, error)
  }

  /** Reads on, if it was paused: the other side's answer to a close waits behind what was not read. */
  #letGo(): void {
    this.#waiting.clear()
    for (const owner of this.#holders) this.release(owner)
  }
}
