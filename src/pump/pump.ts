// The one async loop between OpenSSL and a transport.
//
// OpenSSL is synchronous: a call either does what it was asked to, or says that it wants to read or to write. The
// loop (#drive) repeats a call, moving ciphertext between the pair's network half and the transport in between,
// until the call is content. Handshake, reading, writing and closing are the same loop around different calls, and
// may run side by side. What must hold:
//
//   1. No await inside an SSL call.
//   2. After every SSL call the network half is drained, before the result is judged: BIO_s_bio(3) warns that
//      whoever waits for the peer while records lie in the pair waits for ever.
//   3. One await a turn: send if there is something to send, else receive.
//   4. Sends are first-in first-out: blocks reach the transport's writer in the order in which OpenSSL made them,
//      with no await between taking and queueing. One receive is in flight at a time, whoever waits for it.
//   5. An interrupted write is repeated with the same bytes. They come from another address each time, and a
//      record's worth may be accepted alone: SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER.
//   6. WANT_WRITE is real: the pair is bounded. Draining makes room.
//   7. The transport's end becomes BIO_shutdown_wr. It is clean only after close_notify, else it is a truncation.
//   8. A fatal error is for ever: what lies in the pair (the alert) is offered to the transport once, later calls
//      throw the same error, and SSL_shutdown is not called any more.
//   9. close_notify is sent once. Waiting for the peer's is the caller's choice, with a deadline.
//  10. The transport is read only when somebody wants plaintext and the pair holds no more of it: back-pressure.
//      What was decrypted before an error is delivered before the error. Reading never waits for a send, unless
//      replies (to key updates, say) pile up: a peer that does not read until we do must not block us.

import { ApiMisuseError, DeadlineError, TransportError } from '../base/errors.js'
import type { BioPair } from '../core/bio-pair.js'
import { fatalError } from '../core/fatal-error.js'
import { sslErrorName, type IoResult } from '../core/io-result.js'
import type { Ssl } from '../core/ssl.js'
import {
  SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE, SSL_ERROR_ZERO_RETURN,
} from '../ffi/constants.gen.js'
import { FifoLock } from './fifo-lock.js'
import { Interrupt } from './interrupt.js'
import { Outbox } from './outbox.js'
import { StateMachine, type State } from './state.js'
import type { ByteTransport } from './transport.js'

/** A TLS record's plaintext, at most (RFC 8446 §5.1). */
const RECORD_BYTES = 16 * 1024
/** How much ciphertext a writer makes before it waits for the transport; also the size of blocks. */
const BATCH_BYTES = 64 * 1024
/** A record's header, tag and padding, at most, for each of a batch. */
const BATCH_OVERHEAD_BYTES = 512
/** How long a transport may take to accept the last words of a connection. */
const LINGER_MS = 5_000

/** One SSL call that the pump made. */
export interface IoEvent {
  readonly call: 'SSL_connect' | 'SSL_accept' | 'SSL_read' | 'SSL_write' | 'SSL_shutdown'
  readonly ret: number
  /** SSL_get_error's answer by name, for example `SSL_ERROR_WANT_READ`. */
  readonly error: ReturnType<typeof sslErrorName>
  /** Ciphertext that the call left to be sent. */
  readonly sentBytes: number
  /** Ciphertext that was fed to OpenSSL since the call before. */
  readonly receivedBytes: number
}

export interface PumpOptions {
  readonly ssl: Ssl
  /** Its internal half is beneath `ssl`. The pump owns both, and frees them. */
  readonly pair: BioPair
  readonly transport: ByteTransport
  /** Called once, when the connection breaks. */
  readonly onBroken: (error: unknown) => void
  /** Called once, when the connection ended cleanly. */
  readonly onClosed: () => void
  readonly onIo?: ((event: IoEvent) => void) | undefined
}

/** What a call of the loop came to: done, to be repeated (`again`: at once), or the end of it all. */
type Verdict = 'done' | 'again' | 'want read' | 'broken'

export class Pump {
  readonly #options: PumpOptions
  readonly #ssl: Ssl
  readonly #pair: BioPair
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>
  readonly #machine = new StateMachine()
  readonly #outbox = new Outbox()
  readonly #interrupt = new Interrupt()
  /** close_notify comes after the writes that were asked for before it. */
  readonly #writing = new FifoLock()
  #broken: { error: unknown } | undefined
  /** The rest of the chunk that the pair had no room for. */
  #inbox = new Uint8Array() as Uint8Array
  #receiving: Promise<void> | undefined
  #unsentBytes = 0
  #fedBytes = 0
  #readEnded = false

  constructor(options: PumpOptions) {
    this.#options = options
    this.#ssl = options.ssl
    this.#pair = options.pair
    this.#reader = options.transport.readable.getReader()
    this.#writer = options.transport.writable.getWriter()
    this.#writer.closed.catch(() => {}) // failures are seen where they matter, by the write that fails
  }

  get state(): State {
    return this.#machine.state
  }

  /** Runs SSL_connect or SSL_accept to its end. `describe` is called then, while nothing can have changed. */
  async handshake<T>(call: 'SSL_connect' | 'SSL_accept', describe: (ssl: Ssl) => T): Promise<T> {
    this.#machine.to('HANDSHAKE')
    await this.#drive(() => this.#judge(this.#after(call, call === 'SSL_connect' ? this.#ssl.connect() : this.#ssl.accept())))
    if (this.#broken) throw this.#broken.error
    this.#machine.to('OPEN')
    return describe(this.#ssl)
  }

  /**
   * The next plaintext, one byte at least and `limit` at most, in `into` if that is given; `undefined` once the
   * peer has sent close_notify, or {@link stopReading} was called.
   */
  async read(limit: number, into?: Uint8Array): Promise<Uint8Array | undefined> {
    if (this.#broken) throw this.#broken.error
    if (this.#readEnded) return undefined
    let bytes: Uint8Array = new Uint8Array()
    await this.#drive(() => {
      let verdict: Verdict | undefined
      bytes = this.#ssl.readAvailable(limit, (result) => {
        this.#after('SSL_read', result)
        if (result.ret <= 0) verdict = this.#judge(result, true)
        return result.ret > 0 || verdict === 'again'
      }, into)
      return bytes.byteLength > 0 ? 'done' : verdict!
    }, true)
    if (bytes.byteLength > 0) return bytes
    this.#endReading()
    return undefined
  }

  /** Encrypts and sends all of `bytes`. They must not change until then. */
  write(bytes: Uint8Array): Promise<void> {
    return this.#writing.run(() => this.#write(bytes))
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (this.#machine.state === 'CLOSING' || this.#machine.state === 'CLOSED') {
      throw new ApiMisuseError('ERR_TLS_INVALID_STATE', 'write after close')
    }
    let offset = 0
    while (offset < bytes.byteLength) {
      await this.#drive(() => {
        let verdict: Verdict
        do {
          const result = this.#ssl.write(bytes.subarray(offset, offset + RECORD_BYTES))
          if (result.ret > 0) offset += result.ret
          verdict = this.#judge(this.#after('SSL_write', result, bytes.byteLength - offset))
        } while ((verdict === 'done' || verdict === 'again') && offset < bytes.byteLength && this.#outbox.size < BATCH_BYTES)
        return verdict
      })
    }
  }

  /** Sends close_notify, once. Reading may go on. */
  closeWriting(): Promise<void> {
    return this.#writing.run(() => this.#closeWriting())
  }

  async #closeWriting(): Promise<void> {
    if (this.#broken) throw this.#broken.error
    if (this.#machine.state !== 'OPEN') return
    this.#machine.to('CLOSING')
    await this.#drive(() => {
      const result = this.#after('SSL_shutdown', this.#ssl.shutdown())
      // 0 is success here: sent, and the peer's has not come. SSL_shutdown(3).
      return result.ret >= 0 ? 'done' : this.#judge(result)
    })
    if (this.#readEnded) this.#finish()
  }

  /** Nobody wants plaintext any more. */
  stopReading(): void {
    this.#endReading()
  }

  /**
   * Sends close_notify, waits up to `waitForPeerMs` for the peer's (0: not at all), throwing away the plaintext that
   * comes before it, and ends the transport.
   */
  async close(waitForPeerMs: number): Promise<void> {
    await this.closeWriting()
    if (waitForPeerMs > 0 && !this.#machine.ended) {
      const deadline = setTimeout(() => this.break(
        new DeadlineError('ERR_TLS_CLOSE_TIMEOUT', `the peer sent no close_notify within ${waitForPeerMs} ms`)), waitForPeerMs)
      try {
        while (!this.#machine.ended && (await this.read(BATCH_BYTES)) !== undefined);
      } finally {
        clearTimeout(deadline)
      }
    }
    this.#finish()
  }

  /** Ends the connection for ever with `error`, unless it has ended already. */
  break(error: unknown): void {
    if (this.#machine.ended) return
    this.#machine.to('BROKEN')
    this.#broken = { error }
    const lastWords = error instanceof TransportError ? [] : this.#outbox.take()
    this.#release()
    this.#interrupt.trip(error)
    if (lastWords.length > 0) this.#leave(lastWords, error)
    else this.#writer.abort(error).catch(() => {})
    this.#reader.cancel(error).catch(() => {})
    this.#options.onBroken(error)
  }

  // ---- the loop ----

  /** Repeats `step` until it is done. `reading`: its sends need not be waited for. */
  async #drive(step: () => Verdict, reading = false): Promise<void> {
    for (;;) {
      if (this.#broken) throw this.#broken.error
      if (this.#machine.ended) return
      const verdict = step()
      if (this.#outbox.size > 0) {
        const sent = this.#send()
        if (!reading || this.#unsentBytes > BATCH_BYTES) await sent
        else sent.catch(() => {}) // it broke the connection: whoever comes next is told
        if (verdict === 'want read' && !reading) continue
      }
      if (verdict === 'done') return
      if (verdict === 'want read') await this.#receive()
    }
  }

  /** After an SSL call: drains the network half, and tells the observer. */
  #after(call: IoEvent['call'], result: IoResult, moreToCome = 0): IoResult {
    const before = this.#outbox.size
    const { network } = this.#pair
    for (let pending; (pending = network.ctrlPending()) > 0;) {
      const blockBytes = Math.min(moreToCome + pending + BATCH_OVERHEAD_BYTES, BATCH_BYTES + RECORD_BYTES + BATCH_OVERHEAD_BYTES)
      this.#outbox.put(pending, moreToCome > 0 ? blockBytes : pending, (block, offset) => network.nread(block, offset, pending))
    }
    this.#options.onIo?.({ call, ret: result.ret, error: sslErrorName(result.error), sentBytes: this.#outbox.size - before, receivedBytes: this.#fedBytes })
    this.#fedBytes = 0
    return result
  }

  /** Call it after {@link #after}, before anything else is asked of OpenSSL. Breaks the connection on a fatal result. */
  #judge(result: IoResult, zeroReturnIsDone = false): Verdict {
    if (result.ret > 0) return 'done'
    switch (result.error) {
      case SSL_ERROR_WANT_READ:
        return this.#feed() ? 'again' : 'want read'
      case SSL_ERROR_WANT_WRITE:
        return 'again'
      case SSL_ERROR_ZERO_RETURN:
        if (zeroReturnIsDone) return 'done'
    }
    this.break(fatalError(this.#ssl, result))
    return 'broken'
  }

  /** Moves what was received into the pair, as much as there is room for. Whether any was. */
  #feed(): boolean {
    const before = this.#inbox.byteLength
    for (let count; this.#inbox.byteLength > 0 && (count = this.#pair.network.nwrite(this.#inbox)) > 0;) {
      this.#inbox = this.#inbox.subarray(count)
    }
    this.#fedBytes += before - this.#inbox.byteLength
    return this.#inbox.byteLength < before
  }

  async #send(): Promise<void> {
    const size = this.#outbox.size
    this.#unsentBytes += size
    try {
      // All are queued before the first await: nothing can come between them.
      await this.#interrupt.guard(Promise.all(this.#outbox.take().map((block) => this.#writer.write(block))))
    } catch (cause) {
      this.break(new TransportError('the transport failed to send', { cause }))
      throw this.#broken!.error
    } finally {
      this.#unsentBytes -= size
    }
  }

  #receive(): Promise<void> {
    this.#receiving ??= this.#receiveChunk().finally(() => { this.#receiving = undefined })
    return this.#receiving
  }

  async #receiveChunk(): Promise<void> {
    let chunk: ReadableStreamReadResult<Uint8Array>
    try {
      chunk = await this.#interrupt.guard(this.#reader.read())
    } catch (cause) {
      this.break(new TransportError('the transport failed to receive', { cause }))
      throw this.#broken!.error
    }
    if (this.#machine.ended) return
    if (chunk.done) {
      this.#pair.network.shutdownWr()
    } else if (chunk.value instanceof Uint8Array) {
      this.#inbox = chunk.value
      this.#feed()
    } else {
      this.break(new TransportError('the transport gave something other than a Uint8Array'))
    }
  }

  // ---- the end ----

  #endReading(): void {
    this.#readEnded = true
    if (this.#machine.state === 'CLOSING') this.#finish()
  }

  #finish(): void {
    if (this.#machine.ended) return
    this.#machine.to('CLOSED')
    this.#readEnded = true
    this.#release()
    this.#leave([], undefined)
    this.#reader.cancel().catch(() => {})
    this.#options.onClosed()
  }

  /** Sends the last blocks and ends the transport's writable side; gives it up if it takes too long. */
  #leave(lastWords: readonly Uint8Array[], error: unknown): void {
    const deadline = setTimeout(() => this.#writer.abort(error).catch(() => {}), LINGER_MS)
    for (const block of lastWords) this.#writer.write(block).catch(() => {})
    this.#writer.close().catch(() => {}).finally(() => clearTimeout(deadline))
  }

  #release(): void {
    this.#ssl.free()
    this.#pair.free()
    this.#inbox = new Uint8Array()
  }
}
