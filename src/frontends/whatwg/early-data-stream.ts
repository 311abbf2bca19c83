// A server's stream of early data. What has come waits in it: OpenSSL takes no more than the option allows.

type Source = ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>

export class EarlyDataStream {
  #readable: ReadableStream<Uint8Array<ArrayBuffer>> | undefined
  #source: Source | undefined
  /** Tells the stream how it has ended. After a cancel there is nothing to tell. */
  #end: ((source: Source) => void) | undefined

  /** Made when something comes, or somebody asks for it. */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#readable ??= new ReadableStream({
      start: (source) => {
        this.#source = source
        this.#end?.(source)
      },
      cancel: () => { this.#end = () => {} },
    })
  }

  push(bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.#end && this.readable) this.#source!.enqueue(bytes)
  }

  close(): void {
    this.#finish((source) => source.close())
  }

  fail(error: unknown): void {
    this.#finish((source) => source.error(error))
  }

  #finish(end: (source: Source) => void): void {
    if (this.#end) return
    this.#end = end
    if (this.#source) end(this.#source)
  }
}
