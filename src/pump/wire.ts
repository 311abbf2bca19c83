// Ciphertext between the pair's network half and the port. It knows what waits in either direction, and nothing of
// what the bytes mean.

import { asBytes, isUint8Array } from '../base/bytes.js'
import { TransportError } from '../base/errors.js'
import type { BioPair } from '../core/bio-pair.js'
import { Outbox } from './outbox.js'
import type { Port } from './port.js'

/** A TLS record's plaintext, at most (RFC 8446 §5.1). */
export const RECORD_BYTES = 16 * 1024
/** How much ciphertext a writer makes before it waits for the transport; also the size of blocks. */
export const BATCH_BYTES = 64 * 1024
/** A record's header, tag and padding, at most, for each of a batch. */
const BATCH_OVERHEAD_BYTES = 512

export class Wire {
  readonly #pair: BioPair
  readonly #port: Port
  readonly #outbox = new Outbox()
  /** The rest of the chunk that the pair had no room for. */
  #inbox = new Uint8Array() as Uint8Array
  #receiving: Promise<void> | undefined
  #sendFailed = false
  #fedBytes = 0

  constructor(pair: BioPair, port: Port) {
    this.#pair = pair
    this.#port = port
  }

  /** Bytes taken from the pair that wait for {@link send}. */
  get unsentBytes(): number {
    return this.#outbox.size
  }

  /**
   * Takes all that the pair holds; returns how much. It is dropped if a send has failed. `moreToCome`: plaintext that will
   * follow, so that one block serves.
   */
  drain(moreToCome = 0): number {
    const before = this.#outbox.size
    const { network } = this.#pair
    for (let pending; (pending = network.ctrlPending()) > 0;) {
      const blockBytes = Math.min(moreToCome + pending + BATCH_OVERHEAD_BYTES, BATCH_BYTES + RECORD_BYTES + BATCH_OVERHEAD_BYTES)
      this.#outbox.put(pending, moreToCome > 0 ? blockBytes : pending, (block, offset) => network.nread(block, offset, pending))
    }
    const drained = this.#outbox.size - before
    if (this.#sendFailed) this.#outbox.take()
    return drained
  }

  /** Moves what was received into the pair, as much as there is room for. Whether any was. */
  feed(): boolean {
    const before = this.#inbox.byteLength
    for (let count; this.#inbox.byteLength > 0 && (count = this.#pair.network.nwrite(this.#inbox)) > 0;) {
      this.#inbox = this.#inbox.subarray(count)
    }
    this.#fedBytes += before - this.#inbox.byteLength
    return this.#inbox.byteLength < before
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

  /** Sends what was drained; settles when the transport has accepted it, or we have left. Rejects with `TransportError`. */
  async send(): Promise<void> {
    try {
      await this.#port.send(this.#outbox.take())
    } catch (cause) {
      if (this.#port.ended) return
      this.#sendFailed = true
      throw new TransportError('the transport failed to send', { cause })
    }
  }

  /** Feeds the next chunk, or the end of the stream, to the pair: one for all who ask meanwhile. Rejects with `TransportError`. */
  receive(): Promise<void> {
    this.#receiving ??= this.#receiveChunk().finally(() => { this.#receiving = undefined })
    return this.#receiving
  }

  async #receiveChunk(): Promise<void> {
    let chunk: ReadableStreamReadResult<Uint8Array>
    try {
      chunk = await this.#port.receive()
    } catch (cause) {
      if (this.#port.ended) return
      throw new TransportError('the transport failed to receive', { cause })
    }
    if (this.#port.ended) return
    if (chunk.done) {
      this.#pair.network.shutdownWr()
    } else if (isUint8Array(chunk.value)) {
      this.#inbox = asBytes(chunk.value)
      this.feed()
    } else {
      throw new TransportError('the transport gave something other than a Uint8Array')
    }
  }

  /** Sends what was drained as the last there is, and listens no more. As {@link Port.leave}. */
  leave(reason: unknown, limitMs: number): Promise<void> {
    this.#inbox = new Uint8Array()
    return this.#port.leave(this.#outbox.take(), reason, limitMs)
  }

  /** Ends both directions at once; what waits is dropped. */
  giveUp(reason: unknown): void {
    this.#inbox = new Uint8Array()
    this.#outbox.take()
    this.#port.giveUp(reason)
  }
}
