// Records on their way from the pair to the transport. They are copied once, out of WebAssembly memory into a block
// that the transport gets as it is: several records of one turn travel together.

export class Outbox {
  readonly #blocks: Uint8Array<ArrayBuffer>[] = []
  #block: Uint8Array<ArrayBuffer> = new Uint8Array()
  #used = 0

  /** Bytes waiting. */
  size = 0

  /**
   * Has `fill` write up to `count` bytes into the current block, or into a new one of `blockBytes` if they do not
   * fit. `fill` answers with how many it wrote.
   */
  put(count: number, blockBytes: number, fill: (block: Uint8Array<ArrayBuffer>, offset: number) => number): void {
    if (this.#block.byteLength - this.#used < count) {
      this.#seal()
      this.#block = new Uint8Array(Math.max(count, blockBytes))
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
