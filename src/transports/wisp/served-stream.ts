// A stream as the server has it: what the client sends waits here for the target, and what the target says goes on when
// the client's WebSocket has room.
//
// Credit. CONTINUE sets, and does not add to, what the client may send from when it hears it; until then it goes on by what it
// had before. So each CONTINUE adds `bufferPackets` to `mayCome`, the packets that may still come, and each packet takes one
// away. CONTINUE is sent when `packets` (those here) + `mayCome` <= `bufferPackets`: then there are never more than two buffers
// of packets here, and a client that sends more is ended.

import { LAST_WORDS_MS } from '../../base/linger.js'
import { Interrupt } from '../../pump/interrupt.js'
import { Incoming } from '../stream-ends.js'
import { reasonOfFailure, WispCloseReason } from './close-reason.js'
import type { PacketLink } from './link.js'
import { closePacket, continuePacket, dataPacket } from './packets.js'
import type { ServerSettings, WispLogEntry, WispTarget, WispTargetTransport } from './server-options.js'

export interface ServedStreamSettings {
  readonly link: PacketLink
  readonly streamId: number
  readonly target: WispTarget
  readonly server: ServerSettings
  readonly halfClose: boolean
  /** Told how much more, or less, waits for targets. `false`: it is too much, and nothing can hold it back. */
  readonly account: (bytes: number) => boolean
  /** Of all streams, in bytes. */
  readonly moved: { toTargets: number; toClient: number }
  /** Called once, when the number is free again. The target may still be ending. */
  readonly onGone: () => void
}

/** A target may give more than this at once. */
const PACKET_BYTES = 64 * 1024

export class ServedStream {
  /** Fulfilled when nothing of it is left open. */
  readonly over: Promise<void>
  readonly #settings: ServedStreamSettings
  readonly #startedAt = performance.now()
  readonly #dialling = new AbortController()
  /** From the client, for the target. */
  readonly #incoming = new Incoming()
  /** What waits for the client to send, or for the target to take. */
  readonly #input = new Interrupt()
  /** What waits for the target to send, or for the client to take. */
  readonly #output = new Interrupt()
  /** Of `incoming`, or being written. */
  #packets = 0
  #heldBytes = 0
  #mayCome: number
  #outputEnded = false
  /** We wait for the target to say something. */
  #listening = false
  /** The target takes nothing any more. */
  #deaf = false
  #transport: WispTargetTransport | undefined
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined
  #patience: ReturnType<typeof setTimeout> | undefined
  /** The reason that was said or heard; then the client knows nothing of this stream any more. */
  #gone: number | undefined
  #error: unknown
  #bytesToTarget = 0
  #bytesToClient = 0

  constructor(settings: ServedStreamSettings) {
    this.#settings = settings
    this.#mayCome = settings.server.bufferPackets
    this.over = this.#serve()
  }

  /** DATA came. */
  receive(bytes: Uint8Array): void {
    if (--this.#mayCome < 0) return this.#abandon(WispCloseReason.THROTTLED, new Error('the client has sent more than it was granted'))
    if (this.#incoming.over || bytes.byteLength === 0) {
      if (this.#settings.halfClose) this.#endInput()
      this.#grant()
      return
    }
    this.#packets++
    this.#incoming.deliver(bytes)
    if (!this.#hold(bytes.byteLength)) this.#abandon(WispCloseReason.THROTTLED, new Error('too much waits for targets'))
  }

  /** CLOSE came, or the connection has ended in order: what the client has sent still goes to the target. */
  closed(reason: number): void {
    // Clients in the field give UNSPECIFIED for an ordinary end.
    const inOrder = reason === WispCloseReason.VOLUNTARY || reason === WispCloseReason.UNSPECIFIED
    const dialsForNothing = !this.#writer && this.#incoming.unreadBytes === 0
    if (!inOrder || dialsForNothing) return this.#abandon(reason, this.#error, false)
    this.#leave(reason)
  }

  /** The server goes away: what a client has left behind does not wait for a target that is not reached yet. */
  stopDialling(error: unknown): void {
    if (!this.#writer) this.#abandon(WispCloseReason.NETWORK_ERROR, error, false)
  }

  /** The connection is lost, or the server goes away. */
  stop(error: unknown): void {
    this.#abandon(WispCloseReason.NETWORK_ERROR, error, false)
  }

  async #serve(): Promise<void> {
    const { target, server } = this.#settings
    try {
      await null // what follows may call onGone, which is not for a constructor to do
      this.#dialling.signal.throwIfAborted()
      const transport = await server.dial(target, this.#dialling.signal)
      this.#reader = transport.readable.getReader()
      this.#writer = transport.writable.getWriter()
      this.#transport = transport
    } catch (error) {
      const reason = reasonOfFailure(error)
      if (this.#gone === undefined) this.#abandon(reason, error)
      else if (!this.#dialling.signal.aborted) this.#error = error // the client has left, and what it sent has no taker
      return this.#refused()
    }
    this.#writer.closed.catch(() => {}) // failures are seen by the write that fails
    if (this.#dialling.signal.aborted) {
      this.#giveUpTransport(this.#error)
      return this.#refused()
    }
    this.#log('open')
    if (this.#gone !== undefined) this.#letGo()
    this.#grant() // also tells a client that asked for it that the stream is open
    const relaying = this.#relay().catch((error: unknown) => this.#failed(error))
    await this.#feed().catch((error: unknown) => this.#takesNoMore(error, relaying))
    await relaying
    clearTimeout(this.#patience)
    this.#hold(-this.#heldBytes) // what the target did not take is gone with it
    this.#log('end')
  }

  /** From the client to the target. */
  async #feed(): Promise<void> {
    const writer = this.#writer!
    const reader = this.#incoming.readable.getReader()
    for (;;) {
      const { done, value } = await this.#input.guard(reader.read())
      if (done) return await this.#input.guard(writer.close())
      await this.#input.guard(writer.write(value))
      this.#packets--
      this.#bytesToTarget += value.byteLength
      this.#settings.moved.toTargets += value.byteLength
      this.#hold(-value.byteLength)
      this.#grant()
      if (this.#gone !== undefined) this.#linger()
    }
  }

  /** From the target to the client. */
  async #relay(): Promise<void> {
    const { link, streamId, halfClose, moved } = this.#settings
    const post = (bytes: Uint8Array) => this.#output.guard(link.post(this, dataPacket(streamId, bytes)))
    for (;;) {
      this.#listening = true
      if (this.#deaf) this.#linger()
      const { done, value } = await this.#output.guard(this.#reader!.read())
      this.#listening = false
      if (this.#deaf) clearTimeout(this.#patience)
      if (done) break
      for (let at = 0; at < value.byteLength; at += PACKET_BYTES) {
        const piece = value.subarray(at, at + PACKET_BYTES)
        await post(piece)
        this.#bytesToClient += piece.byteLength
        moved.toClient += piece.byteLength
      }
    }
    this.#outputEnded = true
    if (halfClose && !this.#incoming.over) await post(new Uint8Array())
    else this.#leave(WispCloseReason.VOLUNTARY, true)
  }

  #grant(): void {
    const { link, streamId, server: { bufferPackets } } = this.#settings
    if (this.#gone !== undefined || !this.#writer) return
    if (this.#packets + this.#mayCome > bufferPackets) return
    this.#mayCome += bufferPackets
    link.send(continuePacket(streamId, bufferPackets))
  }

  #endInput(): void {
    this.#incoming.end()
    if (this.#outputEnded) this.#leave(WispCloseReason.VOLUNTARY, true)
  }

  /** In order: the target gets what is here, and our end, once it is reached. */
  #leave(reason: number, tell = false): void {
    if (!this.#forget(reason, tell)) return
    this.#incoming.end()
    if (this.#writer) this.#letGo()
  }

  /** Nothing that the target still says reaches the client. */
  #letGo(): void {
    this.#output.trip(new Error('the stream was closed'))
    if (!this.#outputEnded) this.#reader!.cancel().catch(() => {})
    this.#linger()
  }

  #linger(): void {
    clearTimeout(this.#patience)
    const late = () => this.#giveUpTransport(new Error('the target neither takes its last bytes nor says more'))
    this.#patience = setTimeout(late, LAST_WORDS_MS)
  }

  /** At once. */
  #abandon(reason: number, error: unknown, tell = true): void {
    this.#error ??= error
    this.#forget(reason, tell)
    this.#dialling.abort(error)
    this.#giveUpTransport(error)
  }

  /** The target does not take what the client sends. What it has said until then still goes to the client. */
  async #takesNoMore(error: unknown, relaying: Promise<void>): Promise<void> {
    this.#error ??= error
    this.#deaf = true
    if (this.#listening) this.#linger()
    await relaying
    this.#failed(error)
  }

  #failed(error: unknown): void {
    if (this.#gone === undefined) this.#abandon(WispCloseReason.NETWORK_ERROR, error)
  }

  #forget(reason: number, tell: boolean): boolean {
    if (this.#gone !== undefined) return false
    const { link, streamId, onGone } = this.#settings
    this.#gone = reason
    link.withdraw(this)
    if (tell) link.send(closePacket(streamId, reason))
    onGone()
    return true
  }

  #giveUpTransport(error: unknown): void {
    clearTimeout(this.#patience)
    this.#input.trip(error)
    this.#output.trip(error)
    this.#incoming.fail(error)
    this.#transport?.reset?.() // first, as an abort may end it in a way that looks ordinary
    this.#writer?.abort(error).catch(() => {})
    this.#reader?.cancel(error).catch(() => {})
  }

  #hold(bytes: number): boolean {
    this.#heldBytes += bytes
    return this.#settings.account(bytes)
  }

  #refused(): void {
    this.#hold(-this.#heldBytes)
    this.#log('refuse')
  }

  #log(event: WispLogEntry['event']): void {
    const { streamId, target, server } = this.#settings
    server.log({
      event,
      streamId,
      target,
      reason: event === 'open' ? 0 : this.#gone ?? 0,
      error: this.#error,
      bytesToTarget: this.#bytesToTarget,
      bytesToClient: this.#bytesToClient,
      durationMs: Math.round(performance.now() - this.#startedAt),
    })
  }
}
