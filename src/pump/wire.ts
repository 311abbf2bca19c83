// Ciphertext between the pair's network half and the port. It knows what waits in either direction, and nothing of
// what the bytes mean.

import { asBytes, isUint8Array } from '../base/bytes.js'
import { TransportError } from '../base/errors.js'
import type { BasicBioPair } from '../core/basic-bio-pair.js'
import { Outbox, reuse } from './outbox.js'
import type { Port } from './port.js'
import { transportFailure } from './transport.js'

/** A TLS record's plaintext, at most (RFC 8446 §5.1). */
export const RECORD_BYTES = 16 * 1024
/**
 * Less than the pair holds, with the record's overhead: on a server SSL_write_early_data(3) reports success even if the pair
 * had no room for what it wrote.
 */
export const EARLY_WRITE_BYTES = 8 * 1024
/** How much ciphertext a writer makes before it waits for the transport; also the size of blocks. */
export const BATCH_BYTES = 64 * 1024
/** A record's header, tag and padding, at most, for each of a batch. */
const BATCH_OVERHEAD_BYTES = 512

export class Wire {
  readonly #pair: BasicBioPair
  readonly #port: Port
  readonly #outbox = new Outbox()
  /** The rest of the chunk that the pair had no room for. */
  #inbox = new Uint8Array() as Uint8Array
  #receiving: Promise<void> | undefined
  #fedBytes = 0
  #receivedBytes = 0
  #sending = false

  constructor(pair: BasicBioPair, port: Port) {
    this.#pair = pair
    this.#port = port
  }

  /** Bytes taken from the pair that wait for {@link send}. */
  get unsentBytes(): number {
    return this.#outbox.size
  }

  /** How much has come, and whether the transport has yet to accept what was given to it. */
  get progress(): { readonly receivedBytes: number; readonly sending: boolean } {
    return { receivedBytes: this.#receivedBytes, sending: this.#sending }
  }

  /** Takes all that the pair holds; returns how much. `moreToCome`: plaintext that will follow, so that one block serves. */
  drain(moreToCome = 0): number {
    const before = this.#outbox.size
    const { network } = this.#pair
    for (let pending; (pending = network.ctrlPending()) > 0;) {
      const blockBytes = Math.min(moreToCome + pending + BATCH_OVERHEAD_BYTES, BATCH_BYTES + RECORD_BYTES + BATCH_OVERHEAD_BYTES)
      this.#outbox.put(pending, moreToCome > 0 ? blockBytes : pending, (block, offset) => network.nread(block, offset, pending))
    }
    return this.#outbox.size - before
  }

  /** Moves what was received into the pair, as much as there is room for. Whether any was. */
  feed(): boolean {
    const before = this.#fedBytes
    for (let count; this.#inbox.byteLength > 0 && (count = this.#pair.network.nwrite(this.#inbox)) > 0; this.#fedBytes += count) {
      this.#inbox = this.#inbox.subarray(count)
    }
    return this.#fedBytes > before
  }

  /** How many bytes were fed since this was asked last. */
  takeFedBytes(): number {
    const count = this.#fedBytes
    this.#fedBytes = 0
    return count
  }

  /** Before a wait that may be long: the pair holds no buffers while nothing moves. */
  rest(): void {
    if (this.#inbox.byteLength === 0) this.#pair.releaseBuffers()
  }

  /** Sends what was drained; whether the transport has accepted it before the port has ended. Rejects with `TransportError`. */
  async send(): Promise<boolean> {
    this.#sending = true
    try {
      const blocks = this.#outbox.take()
      await this.#port.send(blocks)
      if (this.#port.givesBack) reuse(blocks)
    } catch (cause) {
      this.#fail('the transport failed to send', cause)
      return false
    } finally {
      this.#sending = false
    }
    return true
  }

  /** Feeds the next chunk, or the end of the stream, to the pair: one for all who ask meanwhile. Rejects with `TransportError`. */
  receive(): Promise<void> {
    return this.#receiving ??= this.#receiveChunk()
  }

  async #receiveChunk(): Promise<void> {
    let chunk
    try {
      chunk = await this.#port.receive()
    } catch (cause) {
      this.#fail('the transport failed to receive', cause)
    } finally {
      this.#receiving = undefined
    }
    if (!chunk || this.#port.ended) return
    if (chunk.done) return this.#pair.network.shutdownWr()
    if (!isUint8Array(chunk.value)) throw new TransportError('the transport gave something other than a Uint8Array')
    this.#inbox = asBytes(chunk.value)
    this.#receivedBytes += this.#inbox.byteLength
    this.feed()
  }

  /** Reports a failure of the transport itself. Failures after the port has ended are no news. */
  #fail(message: string, cause: unknown): void {
    if (!this.#port.ended) throw transportFailure(message, cause)
  }

  /** Sends the drained bytes as the last ones, and stops listening. As {@link Port.leave}. */
  leave(reason: () => unknown): Promise<void> {
    this.#inbox = new Uint8Array()
    return this.#port.leave(this.#outbox.take(), reason)
  }

  /** Ends both directions at once; what waits is dropped. */
  giveUp(reason: unknown): void {
    this.#inbox = new Uint8Array()
    this.#outbox.take()
    this.#port.giveUp(reason)
  }
}
