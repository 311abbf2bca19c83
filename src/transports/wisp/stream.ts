// A client's Wisp stream as a transport.
//
// To the server there is credit, counted in packets. From the server there is none: what is unread piles up here.
// Wisp has no half-close either: CLOSE ends both directions at once. So the end of `writable` is kept to ourselves
// until the peer has ended too, or the reader has gone; with a server of ours it is said by an empty DATA
// packet (the half-close extension).

import { TransportError } from '../../base/errors.js'
import type { ByteTransport } from '../../pump/transport.js'
import { StreamEnds, tooMuchUnread } from '../stream-ends.js'
import { WispCloseError, WispCloseReason } from './close-reason.js'
import type { LinkedStream, PacketLink } from './link.js'
import { dataPacket } from './packets.js'

export interface StreamSettings {
  /** Packets that may go before the first CONTINUE. */
  readonly credit: number
  readonly halfClose: boolean
  readonly maxBufferedBytes: number
  /** What it leads to, for messages. */
  readonly reach: string
}

/**
 * Servers buffer and grant by the packet, whatever its size: small ones waste the grant, and large ones the server's
 * memory. 128 packets, the usual grant, are 4 MiB.
 */
const PACKET_BYTES = 32 * 1024
const HIGH_WATER_MARK_BYTES = 64 * 1024

export class WispStream implements LinkedStream {
  readonly streamId: number
  readonly #link: PacketLink<WispStream>
  readonly #settings: StreamSettings
  readonly #ends: StreamEnds
  #credit: number

  constructor(link: PacketLink<WispStream>, streamId: number, settings: StreamSettings) {
    this.#link = link
    this.streamId = streamId
    const { credit, halfClose } = this.#settings = settings
    this.#credit = credit
    this.#ends = new StreamEnds({
      write: async (chunk) => {
        for (let at = 0; at < chunk.byteLength; at += PACKET_BYTES) await this.#send(chunk.subarray(at, at + PACKET_BYTES))
      },
      end: async () => { if (halfClose && !this.#ends.incoming.over) await this.#send(new Uint8Array()) },
      taken: () => { if (this.#ends.incoming.unreadBytes < HIGH_WATER_MARK_BYTES) link.release(this) },
      done: () => link.forget(this, WispCloseReason.VOLUNTARY),
      giveUp: () => link.forget(this, WispCloseReason.CLIENT_ERROR),
    })
    link.streams.set(streamId, this)
  }

  get transport(): ByteTransport { return this.#ends.transport }

  /** It is not added: the server says how many it can take now. */
  grant(packets: number): void {
    this.#credit = packets
    this.#ends.outgoing.wake()
  }

  receive(bytes: Uint8Array): void {
    const { maxBufferedBytes, halfClose } = this.#settings
    const { incoming } = this.#ends
    if (bytes.byteLength === 0 && halfClose) {
      this.#link.release(this)
      return this.#ends.end()
    }
    incoming.deliver(bytes)
    // A link that is held holds up the other streams, too; but nothing is lost.
    if (incoming.unreadBytes <= maxBufferedBytes || this.#link.hold(this)) return
    this.#ends.fail(new TransportError(tooMuchUnread(maxBufferedBytes).message))
  }

  closed(reason: number): void {
    const { reach } = this.#settings
    const what = `the server has closed the Wisp stream to ${reach}`
    if (reason !== WispCloseReason.VOLUNTARY) return this.end('lost', new WispCloseError(what, reason, reach))
    this.#link.forget(this)
    this.#ends.end()
    this.#ends.outgoing.fail(new TransportError(what))
  }

  /**
   * Sends nothing. `'lost'`: the server or the network has ended it, and what has arrived is still to be read. `'fail'`: we have,
   * by our own will or for what the server may not do.
   */
  end(how: 'lost' | 'fail', error: unknown): void {
    this.#link.forget(this)
    this.#ends[how](error)
  }

  async #send(piece: Uint8Array): Promise<void> {
    await this.#ends.outgoing.until(() => this.#credit > 0)
    await this.#link.post(this, dataPacket(this.streamId, piece))
    if (this.#credit > 0) this.#credit--
  }
}
