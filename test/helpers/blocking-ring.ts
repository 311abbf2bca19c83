// A ring buffer in shared memory: one thread writes, the other reads, and both may sleep until there is something
// to do. Counters only grow, so that full and empty cannot be mistaken for one another.

const WRITTEN = 0
const READ = 1
const CLOSED = 2
/** Changes with every change of the others: what sleepers watch. */
const SIGNAL = 3
const HEADER_BYTES = 16

export class Ring {
  readonly shared: SharedArrayBuffer
  readonly #words: Int32Array
  readonly #bytes: Uint8Array

  /** @param from a size, for a new ring, or the memory of one that another thread made */
  constructor(from: number | SharedArrayBuffer) {
    this.shared = typeof from === 'number' ? new SharedArrayBuffer(HEADER_BYTES + from) : from
    this.#words = new Int32Array(this.shared, 0, 4)
    this.#bytes = new Uint8Array(this.shared, HEADER_BYTES)
  }

  /** To be read before looking at anything else that {@link sleep} shall wait for. */
  get signal(): number {
    return Atomics.load(this.#words, SIGNAL)
  }

  get closed(): boolean {
    return Atomics.load(this.#words, CLOSED) === 1
  }

  /** Writes what fits; returns how many bytes. */
  write(bytes: Uint8Array): number {
    const written = Atomics.load(this.#words, WRITTEN)
    const count = Math.min(bytes.byteLength, this.#bytes.byteLength - (written - Atomics.load(this.#words, READ)))
    for (let i = 0; i < count; i++) this.#bytes[(written + i) % this.#bytes.byteLength] = bytes[i]!
    return this.#change(WRITTEN, count)
  }

  /** Reads what there is; returns how many bytes. */
  read(target: Uint8Array): number {
    const read = Atomics.load(this.#words, READ)
    const count = Math.min(target.byteLength, Atomics.load(this.#words, WRITTEN) - read)
    for (let i = 0; i < count; i++) target[i] = this.#bytes[(read + i) % this.#bytes.byteLength]!
    return this.#change(READ, count)
  }

  /** No more will be written. */
  close(): void {
    this.#change(CLOSED, 1)
  }

  /** Blocks this thread until something changed since {@link signal} had the value `seen`. */
  sleep(seen: number): void {
    Atomics.wait(this.#words, SIGNAL, seen)
  }

  // What changes nothing signals nothing, or a sleeper would wake itself.
  #change(counter: number, count: number): number {
    if (count === 0) return 0
    Atomics.add(this.#words, counter, count)
    Atomics.add(this.#words, SIGNAL, 1)
    Atomics.notify(this.#words, SIGNAL)
    return count
  }
}
