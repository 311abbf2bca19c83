// A network without a network: what one side writes reaches the other in pieces and after delays that a seed decides.
// Delays are turns of the event loop, never time.

import { memoryTransportPair, type ByteTransport } from '../../src/index.js'
import { random } from './stream-peers.js'

export type Direction = 'client to server' | 'server to client'

export interface VirtualNetworkOptions {
  readonly seed?: number
  /** The most bytes of a piece; each has 1 to that many. Default: pieces stay as they were written. */
  readonly maxPieceBytes?: number
  /** The most turns that a piece is held back; default none. */
  readonly maxDelayTurns?: number
  /** How much each of the two pipes of a direction holds. */
  readonly highWaterMarkBytes?: number
  /** Sees what was written, and gives on what it answers. */
  readonly tap?: (direction: Direction, bytes: Uint8Array) => Uint8Array
  /** Ends a direction when so many bytes have passed, though more be to come. */
  readonly cutAfterBytes?: Partial<Record<Direction, number>>
}

/** Transports for client and server, with the network between them. */
export function virtualNetwork(options: VirtualNetworkOptions = {}): [ByteTransport, ByteTransport] {
  const [client, nearClient] = memoryTransportPair(options.highWaterMarkBytes)
  const [nearServer, server] = memoryTransportPair(options.highWaterMarkBytes)
  const next = random(options.seed ?? 1)
  void carry('client to server', nearClient.readable, nearServer.writable, next, options)
  void carry('server to client', nearServer.readable, nearClient.writable, next, options)
  return [client, server]
}

async function carry(
  direction: Direction, from: ReadableStream<Uint8Array>, to: WritableStream<Uint8Array>, next: () => number, options: VirtualNetworkOptions,
): Promise<void> {
  const { maxPieceBytes = Infinity, maxDelayTurns = 0, tap = (_, bytes) => bytes } = options
  let left = options.cutAfterBytes?.[direction] ?? Infinity
  const reader = from.getReader()
  const writer = to.getWriter()
  writer.closed.catch(() => {})
  try {
    while (left > 0) {
      const { done, value } = await reader.read()
      if (done) break
      const bytes = tap(direction, value).subarray(0, left)
      left -= bytes.byteLength
      for (let at = 0; at < bytes.byteLength;) {
        const size = Math.min(bytes.byteLength - at, maxPieceBytes === Infinity ? Infinity : 1 + Math.floor(next() * maxPieceBytes))
        for (let delay = Math.floor(next() * (maxDelayTurns + 1)); delay > 0; delay--) await new Promise((resolve) => { setImmediate(resolve) })
        await writer.write(bytes.slice(at, at + size))
        at += size
      }
    }
    await writer.close()
    // After a cut: what is still written goes nowhere, as in a network.
    while (!(await reader.read()).done);
  } catch (error) {
    // One end was given up: so is the other.
    reader.cancel(error).catch(() => {})
    writer.abort(error).catch(() => {})
  }
}

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
