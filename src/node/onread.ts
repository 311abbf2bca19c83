// The option `onread`: what is received goes into the application's own buffer, piece by piece, and no 'data' tells of it.

/** Where what arrives goes, in the place of 'data'. */
export interface OnreadOptions {
  /** The buffer, or a function that gives the next one. */
  buffer: Uint8Array | (() => Uint8Array)
  /** `false`: no more for now. */
  callback(bytes: number, buffer: Uint8Array): boolean | undefined
}

export class OnreadTarget {
  readonly #options: OnreadOptions
  #next: Uint8Array | undefined
  #rest: Uint8Array = new Uint8Array()
  paused = false

  private constructor(options: OnreadOptions) {
    this.#options = options
  }

  /** As in Node, an `onread` of another form counts as not given. */
  static of(option: OnreadOptions | null | undefined): OnreadTarget | undefined {
    const { buffer, callback } = option ?? {}
    const isRight = (buffer instanceof Uint8Array || typeof buffer === 'function') && typeof callback === 'function'
    return isRight ? new OnreadTarget(option!) : undefined
  }

  /** Hands `bytes` over, until the application pauses; then they are kept. Whether more is wanted. */
  give(bytes: Uint8Array): boolean {
    this.#rest = bytes
    while (this.#rest.length > 0 && !this.paused) {
      const target = this.#next ??= this.#target()
      const count = Math.min(target.byteLength, this.#rest.length)
      target.set(this.#rest.subarray(0, count))
      this.#rest = this.#rest.subarray(count)
      if (this.#options.callback(count, target) === false) this.paused = true
      this.#next = this.#target()
    }
    return !this.paused
  }

  /** Ends a pause: gives the bytes that were kept, as {@link give} does. */
  resume(): boolean {
    this.paused = false
    return this.give(this.#rest)
  }

  #target(): Uint8Array {
    const { buffer } = this.#options
    return typeof buffer === 'function' ? buffer() : buffer
  }
}
