// A WebSocket as both ends of a Wisp connection see it: packets in, packets out, and the two ways to wait. What is
// small and must go at once (CONNECT, CONTINUE, CLOSE) goes at once; DATA goes when there is room, a packet of each
// stream in turn, so that no stream starves another.

import { asBytes, isBytesLike } from '../../base/bytes.js'
import { MESSAGE_TOO_BIG, UNSUPPORTED_DATA } from '../websocket-close.js'
import { CLOSED, closeWebSocket, failureOf, isFull, OPEN, untilDrained, type WebSocketLike } from '../websocket-like.js'
import { parsePacket, type Packet } from './packets.js'

export interface LinkOptions {
  /** Above this much that waits to be sent, DATA waits. */
  readonly highWaterMarkBytes: number
  /** A longer message ends the link. */
  readonly maxMessageBytes: number
  readonly onPacket: (packet: Packet) => void
  /** The other side does what it may not: close with this code of RFC 6455. */
  readonly onViolation: (code: number, why: string) => void
  /** Once, when the WebSocket has closed or failed: by then nothing can be sent. `code` is RFC 6455's. */
  readonly onEnd: (code: number, error: Error) => void
}

/** What was sent breaks the rules of this server (RFC 6455 §7.4.1). */
export const POLICY_VIOLATION = 1008
/** How far beyond the mark small packets may pile up before the other side is taken for one that does not listen. */
const MAX_UNHEARD_BYTES = 1024 * 1024

export class PacketLink {
  readonly #socket: WebSocketLike
  readonly #options: LinkOptions
  /** A packet each, in the order of their coming. */
  readonly #waiting = new Map<object, { packet: Uint8Array<ArrayBuffer>; sent: () => void }>()
  readonly #holders = new Set<object>()
  #pumping = false
  #closing = false
  #ended = false

  /** Takes over the socket, open or still connecting. */
  constructor(socket: WebSocketLike, options: LinkOptions) {
    this.#socket = socket
    this.#options = options
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('message', ({ data }: { data: unknown }) => this.#receive(data))
    socket.addEventListener('error', (event) => {
      this.#end(1006, failureOf(event))
      socket.close()
    })
    socket.addEventListener('close', ({ code, reason }: { code: number; reason: string }) => {
      this.#end(code, new Error(`the WebSocket was closed with code ${code}${reason ? `: ${reason}` : ''}`))
    })
    if (socket.readyState === CLOSED) queueMicrotask(() => this.#end(1006, new Error('the WebSocket was closed before')))
  }

  /** Whether {@link hold} does anything. */
  get canPause(): boolean {
    return typeof this.#socket.pause === 'function' && typeof this.#socket.resume === 'function'
  }

  /** Nothing is sent or received any more. */
  get done(): boolean {
    return this.#closing || this.#ended
  }

  /** Sends at once. For small packets. */
  send(packet: Uint8Array<ArrayBuffer>): void {
    if (this.done) return
    this.#socket.send(packet)
    const { highWaterMarkBytes, onViolation } = this.#options
    if (isFull(this.#socket, highWaterMarkBytes + MAX_UNHEARD_BYTES)) onViolation(POLICY_VIOLATION, 'packets, and reads none')
  }

  /**
   * Sends when it is `owner`'s turn and there is room; resolves then. One at a time for each owner. It never settles if
   * the packet is withdrawn, or the link ends before.
   */
  post(owner: object, packet: Uint8Array<ArrayBuffer>): Promise<void> {
    return new Promise((sent) => {
      this.#waiting.set(owner, { packet, sent })
      void this.#pump()
    })
  }

  /** Drops what `owner` has posted, and lets go of its hold. */
  withdraw(owner: object): void {
    this.#waiting.delete(owner)
    this.release(owner)
  }

  /** Stops reading from the WebSocket, if it can be paused, until no owner holds it any more. */
  hold(owner: object): void {
    if (!this.canPause || this.done) return
    this.#holders.add(owner)
    this.#socket.pause!()
  }

  release(owner: object): void {
    if (this.#holders.delete(owner) && this.#holders.size === 0) this.#socket.resume!()
  }

  /** Ends the link in order: what was sent goes before it. `onEnd` is called when the other side has answered. */
  close(code: number, reason = ''): void {
    if (this.done) return
    this.#closing = true
    this.#forget()
    closeWebSocket(this.#socket, code, reason)
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return
    this.#pumping = true
    // What is posted meanwhile comes at the end, so that streams take turns.
    for (const [owner, { packet, sent }] of this.#waiting) {
      if (isFull(this.#socket, this.#options.highWaterMarkBytes)) await untilDrained(this.#socket, this.#options.highWaterMarkBytes)
      if (this.done || this.#socket.readyState !== OPEN) break
      if (this.#waiting.get(owner)?.packet !== packet) continue // withdrawn while we waited
      this.#waiting.delete(owner)
      this.#socket.send(packet)
      sent()
    }
    this.#pumping = false
  }

  #receive(data: unknown): void {
    if (this.done) return
    const { maxMessageBytes, onPacket, onViolation } = this.#options
    if (!isBytesLike(data)) return onViolation(UNSUPPORTED_DATA, 'text')
    if (data.byteLength > maxMessageBytes) return onViolation(MESSAGE_TOO_BIG, 'a message that is too long')
    onPacket(parsePacket(asBytes(data)))
  }

  #end(code: number, error: Error): void {
    if (this.#ended) return
    this.#ended = true
    this.#forget()
    this.#options.onEnd(code, error)
  }

  /** Reads on, if it was paused: the other side's answer to a close waits behind what was not read. */
  #forget(): void {
    this.#waiting.clear()
    if (this.#holders.size > 0) this.#socket.resume!()
    this.#holders.clear()
  }
}
