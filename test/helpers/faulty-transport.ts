// A transport whose faults tests choose.

import type { ByteTransport } from '../../src/index.js'

/** A transport that passes everything on, until it is told to misbehave. */
export class FaultyTransport implements ByteTransport {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
  /** Bytes that were written to it. */
  sentBytes = 0
  /** Whether its writable was closed, and that came through. */
  closed = false
  /** What it was given up with, if it was: by a cancel, or an abort. */
  cancelled: { reason: unknown } | undefined
  aborted: { reason: unknown } | undefined
  #source!: ReadableStreamDefaultController<Uint8Array>
  #sink!: WritableStreamDefaultController
  #writeError: Error | undefined
  #stalled: Promise<void> | undefined
  #goOn: (() => void) | undefined

  constructor(inner: ByteTransport) {
    const reader = inner.readable.getReader()
    const writer = inner.writable.getWriter()
    writer.closed.catch(() => {})
    reader.closed.catch(() => {})
    this.readable = new ReadableStream({
      start: (controller) => { this.#source = controller },
      pull: async (controller) => {
        const { done, value } = await reader.read()
        // It may have failed meanwhile.
        try {
          if (done) controller.close()
          else controller.enqueue(value)
        } catch {}
      },
      cancel: (reason) => {
        this.cancelled = { reason }
        return reader.cancel(reason)
      },
    }, { highWaterMark: 0 })
    this.writable = new WritableStream({
      start: (controller) => {
        this.#sink = controller
        controller.signal.addEventListener('abort', () => {
          this.aborted = { reason: controller.signal.reason as unknown }
          this.#goOn?.()
          writer.abort(controller.signal.reason).catch(() => {})
        })
      },
      write: async (chunk) => {
        await this.#stalled
        if (this.#writeError) throw this.#writeError
        this.sentBytes += chunk.byteLength
        await writer.write(chunk)
      },
      close: async () => {
        await this.#stalled
        await writer.close()
        this.closed = true
      },
    })
  }

  failReading(error: Error): void {
    this.#source.error(error)
  }

  /** The next write fails. */
  failWriting(error: Error): void {
    this.#writeError = error
  }

  /** Writing fails at once, also what is under way. */
  failWritingNow(error: Error): void {
    this.#sink.error(error)
    this.#goOn?.()
  }

  /** The stream from the peer ends here, whatever the peer still had to say. */
  endReading(): void {
    this.#source.close()
  }

  /** Gives `chunk` as if it came from the peer. */
  inject(chunk: unknown): void {
    this.#source.enqueue(chunk as Uint8Array)
  }

  /** Writes are accepted no more until {@link goOn}. */
  stall(): void {
    this.#stalled = new Promise((resolve) => { this.#goOn = resolve })
  }

  goOn(): void {
    this.#goOn?.()
    this.#stalled = undefined
  }
}
