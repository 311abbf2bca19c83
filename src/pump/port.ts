// The pump's hold on a transport: what it sends goes in order, and it ends so that the peer hears our last words.

import { LINGER_MS } from '../base/linger.js'
import { Interrupt, withDeadline } from './waiting.js'
import { givesBack, pumped, pumpedBlocks, type ByteTransport } from './transport.js'

export class Port {
  readonly #writable: WritableStream<Uint8Array>
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>
  readonly #interrupt = new Interrupt()
  /** Tripped when the transport is given up. */
  readonly #hold = new Interrupt()

  /** Locks both streams, for good. */
  constructor(transport: ByteTransport) {
    this.#writable = transport.writable
    this.#reader = transport.readable.getReader()
    this.#writer = transport.writable.getWriter()
    pumped.add(transport.readable)
    this.#writer.closed.catch(() => {}) // failures are seen where they matter, by the write that fails
  }

  /** Whether {@link leave} or {@link giveUp} was called. */
  get ended(): boolean {
    return this.#interrupt.tripped
  }

  /** Settles when the transport has accepted all blocks, or failed, or the port has ended. They are queued at once. */
  send(blocks: readonly Uint8Array[]): Promise<unknown> {
    const writes = blocks.map((block) => this.#write(block))
    return this.#interrupt.guard<unknown>(writes.length === 1 ? writes[0]! : Promise.all(writes))
  }

  #write(block: Uint8Array): Promise<void> {
    pumpedBlocks.get(this.#writable)?.add(block)
    return this.#writer.write(block)
  }

  /** Whether blocks that were sent well are ours again. */
  get givesBack(): boolean {
    return givesBack(this.#writable)
  }

  /** Settles with the next chunk, or when the transport failed, or the port has ended. One at a time. */
  receive(): ReturnType<ReadableStreamDefaultReader<Uint8Array>['read']> {
    return this.#interrupt.guard(this.#reader.read())
  }

  /** Ends both directions at once. What waits rejects with `reason`. */
  giveUp(reason: unknown): void {
    this.#interrupt.trip(reason)
    this.#hold.trip(reason)
    this.#writer.abort(reason).catch(() => {})
    this.#reader.cancel(reason).catch(() => {})
  }

  /**
   * Sends the last blocks and ends our direction. What waits rejects with what `reason` gives. What the peer still sends is thrown
   * away for a while: on most transports (for example a socket) refusing it would also destroy what is on its way to the
   * peer, or fail a peer that is about to say goodbye. Resolves when the transport has accepted the blocks and our end,
   * or has failed to, or is given up.
   */
  async leave(lastWords: readonly Uint8Array[], reason: () => unknown): Promise<void> {
    this.#interrupt.tripLate(reason)
    for (const block of lastWords) this.#write(block).catch(() => {})
    const discarded = (async () => { while (!(await this.#reader.read()).done); })().catch(() => {})
    await this.#hold.guard(this.#writer.close()).catch(() => {})
    void withDeadline(LINGER_MS, () => this.giveUp(reason()), discarded)
  }
}
