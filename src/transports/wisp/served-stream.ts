// A stream as the server has it: what the client sends waits here for the target, and what the target says goes on when
// the client's WebSocket has room.
//
// Credit. CONTINUE sets the number of packets that the client may send, and does not add to it. Until it arrives, the client uses its
// former credit. So each CONTINUE adds `bufferPackets` to `mayCome`, the packets that may still come, and each packet takes one
// away. CONTINUE is sent when `packets` (those here) + `mayCome` <= `bufferPackets`: then there are never more than two buffers
// of packets here, and a client that sends more is ended.

import { LAST_WORDS_MS } from '../../base/linger.js'
import { Interrupt } from '../../pump/waiting.js'
import { Incoming } from '../stream-ends.js'
import type { Target } from '../target.js'
import { reasonOfFailure, WispCloseReason } from './close-reason.js'
import type { LinkedStream, PacketLink } from './link.js'
import { continuePacket, dataPacket } from './packets.js'
import type { ServerSettings, WispLogEntry, WispTargetTransport } from './server-options.js'

/** What the streams of one connection share. */
export interface SharedByStreams {
  readonly link: PacketLink<ServedStream>
  readonly settings: ServerSettings
  /** The bytes of all streams. */
  readonly moved: MovedBytes
  /** An empty DATA packet ends its direction. */
  halfClose: boolean
  /** Told how much more, or less, waits for targets. `false`: it is too much, and nothing can hold it back. */
  account(bytes: number): boolean
}

type MovedBytes = Record<'bytesToTarget' | 'bytesToClient', number>

/** A target may give more than this at once. */
const PACKET_BYTES = 64 * 1024

export class ServedStream implements LinkedStream {
  readonly streamId: number
  /** Fulfilled when nothing of it is left open. */
  readonly over: Promise<void>
  readonly #shared: SharedByStreams
  readonly #target: Target
  readonly #startedAt = performance.now()
  readonly #dialling = new AbortController()
  /** From the client, for the target. */
  readonly #incoming = new Incoming()
  /** Breaks off what waits for the target to take. */
  readonly #feeding = new Interrupt()
  /** Breaks off what waits for the target to send, or for the client to take. */
  readonly #relaying = new Interrupt()
  /** Sizes of the packets in `incoming`, or being written. What is read holds one or several, and no part of one. */
  readonly #packets: number[] = []
  #heldBytes = 0
  #mayCome: number
  readonly #moved: MovedBytes = { bytesToTarget: 0, bytesToClient: 0 }
  /** What the target says: we wait for it, or have it to send, or that was all. */
  #output: 'awaited' | 'here' | 'ended' = 'here'
  /** The target takes nothing any more. */
  #deaf = false
  #transport: WispTargetTransport | undefined
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined
  #patience: ReturnType<typeof setTimeout> | undefined
  /** The reason of the CLOSE that was sent or received. From then on the stream does not exist for the client. */
  #gone: number | undefined
  #error: unknown
  /** Whose error that is. */
  #ofTarget = false

  constructor(shared: SharedByStreams, streamId: number, target: Target) {
    this.#shared = shared
    this.streamId = streamId
    this.#target = target
    this.#mayCome = shared.settings.bufferPackets
    shared.link.streams.set(streamId, this)
    this.over = this.#serve()
  }

  receive(bytes: Uint8Array): void {
    if (--this.#mayCome < 0) return this.#abandon(WispCloseReason.THROTTLED, new Error('the client has sent more than it was granted'))
    if (this.#incoming.over || bytes.byteLength === 0) {
      if (this.#shared.halfClose) this.#incoming.end()
      if (this.#incoming.over && this.#output === 'ended') this.#leave(WispCloseReason.VOLUNTARY)
      return this.#grant()
    }
    this.#packets.push(bytes.byteLength)
    this.#incoming.deliver(bytes)
    if (!this.#hold(bytes.byteLength)) this.#abandon(WispCloseReason.THROTTLED, new Error('too much waits for targets'))
  }

  /** CLOSE came, or the connection has ended in order: what the client has sent still goes to the target. */
  closed(reason: number): void {
    // Clients in the field give UNSPECIFIED for an ordinary end.
    const inOrder = reason === WispCloseReason.VOLUNTARY || reason === WispCloseReason.UNSPECIFIED
    const dialsForNothing = !this.reached && this.#incoming.unreadBytes === 0
    if (inOrder && !dialsForNothing) this.#leave(reason, false)
    else this.#abandon(reason, this.#error, false)
  }

  /** Whether the target is, or was. */
  get reached(): boolean { return this.#transport !== undefined }

  /** The connection is lost, or the server goes away. */
  stop(error: unknown): void {
    this.#abandon(WispCloseReason.NETWORK_ERROR, error, false)
  }

  async #serve(): Promise<void> {
    const reached = await this.#dial()
    if (reached) await this.#converse()
    clearTimeout(this.#patience)
    this.#hold(-this.#heldBytes) // what the target did not take is gone with it
    this.#log(reached ? 'end' : 'refuse')
  }

  async #dial(): Promise<boolean> {
    const { signal } = this.#dialling
    try {
      await Promise.resolve() // a client may think better of it at once
      signal.throwIfAborted()
      const transport = await this.#shared.settings.dial(this.#target, signal)
      this.#reader = transport.readable.getReader()
      this.#writer = transport.writable.getWriter()
      this.#transport = transport
      this.#writer.closed.catch(() => {}) // failures are seen by the write that fails
      signal.throwIfAborted()
      return true
    } catch (error) {
      if (signal.aborted) this.#giveUpTransport(this.#error)
      else {
        this.#targetFailed(error)
        if (this.#gone === undefined) this.#abandon(reasonOfFailure(error), error) // else what the client sent has no taker
      }
      return false
    }
  }

  async #converse(): Promise<void> {
    this.#log('open', 0)
    if (this.#gone !== undefined) this.#leave(this.#gone)
    this.#grant() // also tells a client that asked for it that the stream is open
    const relaying = this.#relay().catch((error: unknown) => this.#failed(error))
    await this.#feed().catch(async (error: unknown) => {
      // The target takes nothing any more. What it says until its end still goes to the client.
      this.#targetFailed(error)
      this.#deaf = true
      this.#watch()
      await relaying
      this.#failed(error)
    })
    await relaying
  }

  /** From the client to the target. */
  async #feed(): Promise<void> {
    const writer = this.#writer!
    const reader = this.#incoming.readable.getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return await this.#feeding.guard(writer.close())
      await this.#feeding.guard(writer.write(value))
      for (let bytes = value.byteLength; bytes > 0;) bytes -= this.#packets.shift()!
      for (const moved of [this.#moved, this.#shared.moved]) moved.bytesToTarget += value.byteLength
      this.#hold(-value.byteLength)
      this.#grant()
      this.#watch()
    }
  }

  /** From the target to the client. */
  async #relay(): Promise<void> {
    const { link, halfClose } = this.#shared
    const post = (bytes: Uint8Array) => this.#relaying.guard(link.post(this, dataPacket(this.streamId, bytes)))
    for (;;) {
      this.#output = 'awaited'
      this.#watch()
      const { done, value } = await this.#relaying.guard(this.#reader!.read())
      this.#output = 'here'
      this.#watch()
      if (done) break
      for (let at = 0; at < value.byteLength; at += PACKET_BYTES) {
        const piece = value.subarray(at, at + PACKET_BYTES)
        await post(piece)
        for (const moved of [this.#moved, this.#shared.moved]) moved.bytesToClient += piece.byteLength
      }
    }
    this.#output = 'ended'
    if (halfClose && !this.#incoming.over) await post(new Uint8Array())
    else this.#leave(WispCloseReason.VOLUNTARY)
  }

  #grant(): void {
    const { link, settings: { bufferPackets } } = this.#shared
    if (this.#gone !== undefined || !this.reached || this.#packets.length + this.#mayCome > bufferPackets) return
    this.#mayCome += bufferPackets
    link.send(continuePacket(this.streamId, bufferPackets))
  }

  /** Limits each step of the target once the client has left, or while the target only sends and takes nothing. */
  #watch(): void {
    clearTimeout(this.#patience)
    if (this.#gone === undefined && !(this.#deaf && this.#output === 'awaited')) return
    const late = () => this.#giveUpTransport(new Error('the target neither takes its last bytes nor says more'))
    this.#patience = setTimeout(late, LAST_WORDS_MS)
  }

  /** Leaves in order: once reached, the target gets the packets that are here, and then our end. Its answers do not reach the client. */
  #leave(reason: number, tell = true): void {
    this.#gone ??= reason
    this.#shared.link.forget(this, tell ? reason : undefined)
    this.#incoming.end()
    if (!this.reached) return
    this.#relaying.trip(new Error('the stream was closed'))
    this.#reader!.cancel().catch(() => {})
    this.#watch()
  }

  #failed(error: unknown): void {
    if (this.#gone !== undefined) return
    this.#targetFailed(error)
    this.#abandon(WispCloseReason.NETWORK_ERROR, error)
  }

  /** Unless this comes of something before: an error, or a stream that was given up without one. */
  #targetFailed(error: unknown): void {
    if (error === undefined || this.#error !== undefined) return
    this.#error = error
    this.#ofTarget = true
  }

  /** At once. */
  #abandon(reason: number, error: unknown, tell = true): void {
    this.#error ??= error
    this.#gone ??= reason
    this.#shared.link.forget(this, tell ? reason : undefined)
    this.#dialling.abort(error)
    this.#giveUpTransport(error)
  }

  #giveUpTransport(error: unknown): void {
    clearTimeout(this.#patience)
    this.#feeding.trip(error)
    this.#relaying.trip(error)
    this.#incoming.fail(error)
    this.#transport?.reset?.() // first, as an abort may end it in a way that looks ordinary
    this.#writer?.abort(error).catch(() => {})
    this.#reader?.cancel(error).catch(() => {})
  }

  #hold(bytes: number): boolean {
    this.#heldBytes += bytes
    return this.#shared.account(bytes)
  }

  #log(event: WispLogEntry['event'], reason = this.#gone ?? 0): void {
    const durationMs = Math.round(performance.now() - this.#startedAt)
    const about = { streamId: this.streamId, target: this.#target, error: this.#error, ofTarget: this.#ofTarget, ...this.#moved }
    this.#shared.settings.log({ event, reason, ...about, durationMs })
  }
}
