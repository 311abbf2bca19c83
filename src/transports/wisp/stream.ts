// A client's Wisp stream as a transport.
//
// To the server there is credit, counted in packets. From the server there is none: what nobody reads piles up here.
// Wisp has no half-close either: CLOSE ends both directions at once. So the end of `writable` is kept to ourselves
// until the peer has ended too, or nobody wants to read any more; with a server of ours it is said by an empty DATA
// packet (the half-close extension).

import { TransportError } from '../../base/errors.js'
import type { ByteTransport } from '../../pump/transport.js'
import { Interrupt } from '../../pump/interrupt.js'
import { WispCloseError, WispCloseReason } from './close-reason.js'
import type { PacketLink } from './link.js'
import { closePacket, dataPacket } from './packets.js'

export interface StreamSettings {
  readonly link: PacketLink
  readonly streamId: number
  /** Packets that may go before the first CONTINUE. */
  readonly credit: number
  readonly halfClose: boolean
  readonly maxBufferedBytes: number
  /** Called once, when the number means nothing any more. */
  readonly onEnd: () => void
}

/**
 * Servers buffer and grant by the packet, whatever its size: small ones waste the grant, and large ones the server's
 * memory. 128 packets, the usual grant, are 4 MiB.
 */
const PACKET_BYTES = 32 * 1024
const HIGH_WATER_MARK_BYTES = 64 * 1024

export class WispStream implements ByteTransport {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
  readonly #settings: StreamSettings
  readonly #interrupt = new Interrupt()
  #source!: ReadableStreamDefaultController<Uint8Array>
  #sink!: WritableStreamDefaultController
  #credit: number
  #creditAgain: (() => void) | undefined
  /** We shall not write any more. */
  #written = false
  /** There is nothing more to read, or nobody who would. */
  #read = false
  /** The peer's direction has failed, and its reader is yet to be told. */
  #cut: { readonly error: unknown } | undefined
  /** CLOSE was sent or has come, or the connection is gone. */
  #over = false

  constructor(settings: StreamSettings) {
    this.#settings = settings
    this.#credit = settings.credit
    const { link } = settings
    this.readable = new ReadableStream<Uint8Array>({
      start: (controller) => { this.#source = controller },
      pull: () => {
        link.release(this)
        this.#tellOfCut()
      },
      cancel: () => {
        this.#read = true
        link.release(this)
        if (this.#written) this.#close(WispCloseReason.VOLUNTARY)
      },
    }, new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER_MARK_BYTES }))
    this.writable = new WritableStream<Uint8Array>({
      start: (controller) => {
        this.#sink = controller
        // `abort` would wait for a write in flight, which may be what is stuck.
        controller.signal.addEventListener('abort', () => {
          this.#written = true // to error() a stream that is being aborted confuses Node 20
          this.#giveUp(controller.signal.reason)
        })
      },
      write: (chunk) => this.#write(chunk),
      close: () => this.#endWriting(),
    })
  }

  /** A CONTINUE came. It is not added: the server says how many it can take now. */
  grant(packets: number): void {
    this.#credit = packets
    if (packets > 0) this.#creditAgain?.()
  }

  /** DATA came. */
  receive(bytes: Uint8Array): void {
    if (this.#read) return
    if (bytes.byteLength === 0) {
      if (!this.#settings.halfClose) return
      this.#endReading()
      if (this.#written) this.#close(WispCloseReason.VOLUNTARY)
      return
    }
    this.#source.enqueue(bytes)
    const { link, maxBufferedBytes } = this.#settings
    if (HIGH_WATER_MARK_BYTES - this.#source.desiredSize! <= maxBufferedBytes) return
    // It holds up the other streams, too; but nothing is lost.
    if (link.canPause) link.hold(this)
    else this.#giveUp(new TransportError(`more than ${maxBufferedBytes} bytes arrived on a Wisp stream that nobody read`))
  }

  /** CLOSE came. */
  closed(reason: number): void {
    if (reason !== WispCloseReason.VOLUNTARY) return this.lost(new WispCloseError('the server has closed the Wisp stream', reason))
    this.#endReading()
    this.#finish(new TransportError('the server has closed the Wisp stream'))
  }

  /** The server or the network has ended it: what has arrived is still to be read. Nothing is sent. */
  lost(error: unknown): void {
    if (this.#over) return
    if (!this.#read) this.#cut = { error }
    this.#tellOfCut()
    this.#read = true
    this.#finish(error)
  }

  /** This stream is of no use any more, by our own will or what the server may not do. Nothing is sent. */
  fail(error: unknown): void {
    if (this.#over) return
    if (!this.#read) this.#source.error(error)
    this.#read = true
    this.#finish(error)
  }

  /** When the reader has come to the end: a stream that fails forgets what nobody has read. */
  #tellOfCut(): void {
    if (this.#cut && this.#source.desiredSize === HIGH_WATER_MARK_BYTES) this.#source.error(this.#cut.error)
  }

  async #write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.byteLength; at += PACKET_BYTES) await this.#send(chunk.subarray(at, at + PACKET_BYTES))
  }

  async #send(piece: Uint8Array): Promise<void> {
    while (this.#credit === 0) await this.#interrupt.guard(new Promise<void>((resolve) => { this.#creditAgain = resolve }))
    await this.#interrupt.guard(this.#settings.link.post(this, dataPacket(this.#settings.streamId, piece)))
    if (this.#credit > 0) this.#credit--
  }

  async #endWriting(): Promise<void> {
    if (this.#settings.halfClose && !this.#read) await this.#send(new Uint8Array())
    this.#written = true
    if (this.#read) this.#close(WispCloseReason.VOLUNTARY)
  }

  #endReading(): void {
    if (this.#read) return
    this.#read = true
    this.#source.close()
    this.#settings.link.release(this)
  }

  #giveUp(reason: unknown): void {
    if (this.#over) return
    this.#settings.link.send(closePacket(this.#settings.streamId, WispCloseReason.CLIENT_ERROR))
    this.fail(reason)
  }

  #close(reason: number): void {
    if (this.#over) return
    this.#settings.link.send(closePacket(this.#settings.streamId, reason))
    this.#finish(new TransportError('the Wisp stream was closed'))
  }

  #finish(error: unknown): void {
    if (this.#over) return
    this.#over = true
    if (!this.#written) this.#sink.error(error)
    this.#written = true
    this.#interrupt.trip(error)
    this.#settings.link.withdraw(this)
    this.#settings.onEnd()
  }
}
