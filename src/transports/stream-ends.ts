// The two streams that a transport consists of, seen from what is beneath: bytes come in and are read, bytes are written
// and go out, and each direction ends, is cut, or is given up. Every transport is made of these.
//
// What arrived before a failure is delivered before the failure. WHATWG's controller.error() throws away what a stream
// has queued, so the queue is kept here, and the stream is failed when the queue has been read.

import { isUint8Array } from '../base/bytes.js'
import { linger } from '../base/linger.js'
import type { ByteTransport } from '../pump/transport.js'
import { ByteQueue } from './byte-queue.js'

export interface ReaderEvents {
  /** There is more room: the reader has taken this chunk, or no more is kept for it, or a chunk for a reader that has gone was dropped. */
  readonly taken?: (chunk?: Uint8Array) => void
  /** The reader has gone, before the end: what still comes is thrown away. */
  readonly cancelled?: (reason: unknown) => void
}

/** What a transport that cannot hold back the peer fails with. */
export function tooMuchUnread(maxBufferedBytes: number): Error {
  return new Error(`more than ${maxBufferedBytes} bytes are unread: read them sooner, or raise maxBufferedBytes`)
}

/** The direction from the peer. */
export class Incoming {
  readonly readable: ReadableStream<Uint8Array>
  /** Nothing more is taken: the peer has ended, or was cut, or there is no reader. The queue may still hold something. */
  over = false
  readonly #queue = new ByteQueue()
  readonly #taken: ReaderEvents['taken']
  #controller!: ReadableStreamDefaultController<Uint8Array>
  #wanted = false
  /** Makes {@link readAhead} look again. */
  advance = () => {}
  #cut: { readonly error: unknown } | undefined
  #told = false

  constructor({ taken, cancelled }: ReaderEvents = {}) {
    this.#taken = taken
    this.readable = new ReadableStream<Uint8Array>({
      start: (controller) => { this.#controller = controller },
      pull: () => {
        this.#wanted = true
        this.advance()
        this.#move()
      },
      cancel: (reason) => {
        const { over } = this
        this.#drop()
        if (!over) cancelled?.(reason)
      },
    }, { highWaterMark: 0 })
  }

  /** What was delivered and not yet read. 0 after a cancel. */
  get unreadBytes(): number { return this.#queue.byteLength }

  /**
   * Hands bytes to the reader, now or when it has taken those before; where many small chunks wait, several of them as one.
   * An empty chunk is nothing.
   */
  deliver(chunk: Uint8Array): void {
    if (this.over) return this.#taken?.()
    if (chunk.byteLength === 0) return
    if (this.#wanted && this.unreadBytes === 0) return this.#give(chunk)
    this.#queue.push(chunk)
    this.#move()
  }

  /** The peer has ended its direction. */
  end(): void {
    this.over = true
    this.#move()
    this.#taken?.()
  }

  /** What is beneath has failed: the reader is told when it has read what came before. */
  cut(error: unknown): void {
    if (this.over) return
    this.#cut = { error }
    this.end()
  }

  /** Everything is given up: the reader is told at once. After an end or a cut it reads on. */
  fail(error: unknown): void {
    if (this.over) return
    this.#drop()
    this.#controller.error(error)
  }

  /**
   * Delivers the results of `read` until one is undefined, which is the end, or rejects: then this rejects, too. It reads a little
   * ahead of the reader (while less than `aheadBytes` is unread), so that bytes that have arrived are here when the connection fails.
   * After a cancel it goes on and throws the bytes away.
   */
  async readAhead(read: () => Promise<Uint8Array | undefined>, aheadBytes = () => 64 * 1024): Promise<void> {
    for (;;) {
      while (!this.#wanted && !this.over && this.unreadBytes >= aheadBytes()) {
        await new Promise<void>((resolve) => { this.advance = resolve })
      }
      const chunk = await read()
      if (!chunk) return
      this.deliver(chunk)
    }
  }

  #move(): void {
    if (this.#wanted && this.unreadBytes > 0) this.#give(this.#queue.shift()!)
    if (!this.over || this.#told || this.unreadBytes > 0) return
    // A reader that let go of its lock may have left a chunk in the stream itself: then at the next read.
    if (this.#cut && this.#controller.desiredSize !== 0) return
    this.#told = true
    if (this.#cut) this.#controller.error(this.#cut.error)
    else this.#controller.close()
  }

  #give(chunk: Uint8Array): void {
    this.#wanted = false
    this.#controller.enqueue(chunk) // if more is wanted, pull is called again
    this.advance()
    this.#taken?.(chunk)
  }

  #drop(): void {
    this.over = this.#told = true
    this.#queue.clear()
    this.advance()
    this.#taken?.()
  }
}

export interface Sink {
  /** Nothing is written before it is fulfilled. */
  readonly ready?: Promise<unknown> | undefined
  /** Sends a chunk that is not empty; settles when more may be written. It need not settle when the direction is over. */
  write(chunk: Uint8Array): void | Promise<void>
  /** Says that our direction has ended. */
  end(): void | Promise<void>
  /** The writer gives up. Called at once, though a write waits. */
  aborted(reason: unknown): void
  /** The direction has ended, or has failed. */
  over?(): void
}

/** The direction to the peer. */
export class Outgoing {
  readonly writable: WritableStream<Uint8Array>
  /** Nothing more is sent: it was closed or aborted, or has failed. */
  over = false
  readonly #sink: Sink
  #failure: { readonly error: unknown } | undefined
  #controller!: WritableStreamDefaultController
  #reject: (error: unknown) => void = () => {}
  /** Makes {@link until} look again. */
  wake = () => {}

  constructor(sink: Sink) {
    this.#sink = sink
    this.writable = new WritableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller
        // The stream's own `abort` would be called only after a write in flight, which may be what is stuck.
        controller.signal.addEventListener('abort', () => {
          this.over = true // Node 20 breaks if a stream is errored while it is being aborted
          this.fail(controller.signal.reason)
          sink.aborted(controller.signal.reason)
        })
      },
      write: (chunk) => this.#perform(() => {
        if (!isUint8Array(chunk)) throw new TypeError('a transport takes bytes: write Uint8Arrays')
        if (chunk.byteLength > 0) return sink.write(chunk)
      }),
      close: () => this.#perform(() => sink.end()).then(() => this.#end()),
    })
  }

  /** Tells the writer at once; what it waits for rejects with `error`. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#reject(this.#failure.error)
    this.wake()
    if (this.over) return
    this.#controller.error(error)
    this.#end()
  }

  /** Waits for an event, one wait at a time: looks at `condition` now and at each {@link wake}. Rejects if the direction fails. */
  async until(condition: () => boolean): Promise<void> {
    while (!this.#failure && !condition()) await new Promise<void>((resolve) => { this.wake = resolve })
    if (this.#failure) throw this.#failure.error
  }

  #end(): void {
    this.over = true
    this.#sink.over?.()
  }

  async #perform(task: () => void | Promise<void>): Promise<void> {
    try {
      if (this.#sink.ready) await this.#unlessFailed(this.#sink.ready)
      const running = task()
      if (typeof running === 'object') await this.#unlessFailed(running)
    } catch (error) {
      this.fail(error)
      throw error
    }
  }

  /** As `promise`, but rejects at once when the direction fails. The stream asks for one thing at a time. */
  #unlessFailed(promise: Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#reject = reject
      if (this.#failure) reject(this.#failure.error)
      promise.then(resolve, reject)
    })
  }
}

export interface Beneath extends Omit<Sink, 'aborted' | 'over'>, ReaderEvents {
  /** If the reader has gone before the peer's end, wait for that end before {@link done}, but not for ever. */
  readonly lingers?: boolean
  /** Both directions are over, each in its own way. Called once, unless {@link giveUp} is. */
  done?(): void
  /** The connection has failed, or is given up: let go of it. Called once. */
  giveUp(reason: unknown): void
}

/** Both directions of one connection: what cuts one cuts the other. */
export class StreamEnds {
  readonly incoming: Incoming
  readonly outgoing: Outgoing
  readonly transport: ByteTransport
  /** The peer has ended its direction in order, whether there is a reader or not. */
  peerEnded = false
  readonly #beneath: Beneath
  #over = false
  #stay = () => {}

  constructor(beneath: Beneath) {
    this.#beneath = beneath
    const cancelled = (reason: unknown) => {
      beneath.cancelled?.(reason)
      this.#doneIfOver()
    }
    this.incoming = new Incoming({ ...beneath, cancelled })
    this.outgoing = new Outgoing({ ...beneath, aborted: (reason) => this.fail(reason), over: () => this.#doneIfOver() })
    this.transport = { readable: this.incoming.readable, writable: this.outgoing.writable }
  }

  /** Delivers what `read` gives, as {@link Incoming.readAhead}, and then its end or its failure. */
  readFrom(read: () => Promise<Uint8Array | undefined>): void {
    this.incoming.readAhead(read).then(() => this.end(), (error: unknown) => this.lost(error))
  }

  /** The peer has ended its direction. */
  end(): void {
    this.peerEnded = true
    this.incoming.end()
    this.#doneIfOver()
  }

  /** What is beneath has failed: the writer is told at once, the reader when it has read what came before. */
  lost(error: unknown): void {
    this.#giveUp('cut', error)
  }

  /** Gives everything up: both are told at once, and what is unread is dropped. */
  fail(error: unknown): void {
    this.#giveUp('fail', error)
  }

  #giveUp(how: 'cut' | 'fail', error: unknown): void {
    const before = this.#over
    this.#over = true
    this.#stay()
    this.incoming[how](error)
    this.outgoing.fail(error)
    if (!before) this.#beneath.giveUp(error)
  }

  #doneIfOver(waits = this.#beneath.lingers && !this.peerEnded): void {
    if (this.#over || !this.incoming.over || !this.outgoing.over) return
    this.#stay()
    this.#over = !waits
    if (waits) this.#stay = linger(() => this.#doneIfOver(false))
    else this.#beneath.done?.()
  }
}
