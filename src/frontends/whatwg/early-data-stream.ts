// A server's stream of early data. What has come waits in it: OpenSSL takes no more than the option allows.

export class EarlyDataStream {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>
  #source!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>
  /** Or it was cancelled. */
  #ended = false

  constructor() {
    this.readable = new ReadableStream({
      start: (controller) => { this.#source = controller },
      cancel: () => { this.#ended = true },
    })
  }

  push(bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.#ended) this.#source.enqueue(bytes)
  }

  close(): void {
    if (!this.#ended) this.#source.close()
    this.#ended = true
  }

  fail(error: unknown): void {
    if (!this.#ended) this.#source.error(error)
    this.#ended = true
  }
}
