// Records on their way from the pair to the transport. They are copied once, out of WebAssembly memory into a block
// that the transport gets as it is: several records of one turn travel together.

/** Blocks that transports have given back, for all connections: fresh memory costs more than what is copied into it. */
const spare: Uint8Array<ArrayBuffer>[] = []
const MOST_SPARE = 4
/** Smaller blocks are not kept. None is taken for half of that or less: what waits long for its peer would hold it. */
const SPARE_BYTES = 64 * 1024

/** Takes back blocks that {@link Outbox.take} gave, and that are looked at no more. */
export function reuse(blocks: readonly Uint8Array<ArrayBuffer>[]): void {
  for (const { buffer } of blocks) {
    if (buffer.byteLength >= SPARE_BYTES && spare.length < MOST_SPARE) spare.push(new Uint8Array(buffer))
  }
}

function newBlock(bytes: number): Uint8Array<ArrayBuffer> {
  const index = bytes > SPARE_BYTES / 2 ? spare.findIndex(({ byteLength }) => byteLength >= bytes) : -1
  return index < 0 ? new Uint8Array(bytes) : spare.splice(index, 1)[0]!
}

export class Outbox {
  /** Bytes waiting. */
  size = 0
  readonly #blocks: Uint8Array<ArrayBuffer>[] = []
  #block: Uint8Array<ArrayBuffer> = new Uint8Array()
  #used = 0

  /**
   * Has `fill` write up to `count` bytes into the current block, or into a new one of `blockBytes` if they do not
   * fit. `fill` answers with how many it wrote.
   */
  put(count: number, blockBytes: number, fill: (block: Uint8Array<ArrayBuffer>, offset: number) => number): void {
    if (this.#block.byteLength - this.#used < count) {
      this.#seal()
      this.#block = newBlock(Math.max(count, blockBytes))
    }
    const filled = fill(this.#block, this.#used)
    this.#used += filled
    this.size += filled
  }

  /** All that waits, in order; nothing does afterwards. */
  take(): Uint8Array<ArrayBuffer>[] {
    this.#seal()
    this.size = 0
    return this.#blocks.splice(0)
  }

  #seal(): void {
    if (this.#used > 0) this.#blocks.push(this.#block.subarray(0, this.#used))
    this.#block = new Uint8Array()
    this.#used = 0
  }
}
