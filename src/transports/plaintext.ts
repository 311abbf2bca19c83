// The part of a protocol that is in the clear, before TLS begins: SMTP's and IMAP's STARTTLS, PostgreSQL's SSLRequest.

import { ApiMisuseError, DeadlineError, PeerError, TruncationError } from '../base/errors.js'
import { asBytes, concat, isUint8Array, type BytesLike } from '../base/bytes.js'
import { checkOptions, isMilliseconds, isSignal, knownOptions } from '../base/options.js'
import { quoted } from '../base/quoted.js'
import { onAbort, throwIfAborted } from '../base/realms.js'
import { Interrupt, withDeadline } from '../pump/waiting.js'
import { transportFailure, whyUnopened, type ByteTransport } from '../pump/transport.js'
import { takeOver, type TransportLike } from './adapt.js'
import { follow } from './follow.js'
import { Incoming } from './stream-ends.js'

/** Options of {@link PlaintextConversation}. */
export interface PlaintextOptions {
  /** Aborts the conversation with `signal.reason`. After {@link PlaintextConversation.release} it has no effect. */
  readonly signal?: AbortSignal | undefined
  /**
   * How long each read and each write may take: `DeadlineError` (`ERR_TLS_PLAINTEXT_TIMEOUT`), and the transport is given up. Default
   * 30,000; 0 for no limit.
   */
  readonly timeoutMs?: number | undefined
}

const LF = 0x0a

/**
 * Reads and writes in the clear, and then hands the transport on, at exactly the byte where it stopped:
 *
 *     const smtp = new PlaintextConversation(socket)
 *     await smtp.readLine()
 *     …
 *     await smtp.write('STARTTLS\r\n')
 *     if (!(await smtp.readLine()).startsWith('220')) throw …
 *     const tls = connect(smtp.release(), { servername })
 *
 * What has arrived beyond the last line that was read goes to TLS, never to the reader of the TLS connection: a command or a
 * reply that an attacker slipped in before the handshake cannot pass for a protected one; it breaks the handshake.
 *
 * Reads reject with `PeerError` (`ERR_TLS_LINE_TOO_LONG`), `TruncationError` (the stream ended before), `DeadlineError`
 * (`ERR_TLS_PLAINTEXT_TIMEOUT`), `TransportError` (`cause` is its own error), or the reason of the abort. After that there is
 * nothing left but {@link abort}.
 */
export class PlaintextConversation {
  readonly #writable: WritableStream<Uint8Array>
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>
  readonly #interrupt = new Interrupt()
  readonly #forgetSignal: () => void
  readonly #timeoutMs: number
  #unread: Uint8Array = new Uint8Array()
  #reading = false
  #released = false

  /** Takes the transport over, until it is released. Throws as `connect` does, and gives it up then. */
  constructor(transport: TransportLike, options: PlaintextOptions = {}) {
    const { signal, timeoutMs, readable, writable } = takeOver(transport, (taken) => {
      const checks = { signal: isSignal, timeoutMs: isMilliseconds(0) }
      const { signal, timeoutMs = 30_000 } = checkOptions(options, checks, 'PlaintextConversation')
      throwIfAborted(signal)
      return { ...taken, signal, timeoutMs }
    })
    this.#timeoutMs = timeoutMs
    this.#writable = writable
    this.#reader = readable.getReader()
    this.#writer = writable.getWriter()
    this.#writer.closed.catch(() => {}) // seen by the write that fails
    this.#reader.closed.catch(() => {})
    this.#forgetSignal = onAbort(signal, (reason) => this.abort(reason))
  }

  // Those who give a conversation for the transport that it hands on are told so: a transport's streams are what is looked for.
  /** @internal There is none. */
  get readable(): undefined { throw noTransport() }
  /** @internal There is none. */
  get writable(): undefined { throw noTransport() }

  /** The next line, as UTF-8, without its LF or CRLF. It may have `maxBytes` (default 8,192) with that. */
  async readLine(options: { readonly maxBytes?: number | undefined } = {}): Promise<string> {
    const { maxBytes = 8192 } = knownOptions(options, 'readLine()', 'maxBytes')
    const line = await this.#take(maxBytes, (bytes) => {
      const lineBytes = bytes.indexOf(LF) + 1
      if (lineBytes > 0 ? lineBytes <= maxBytes : bytes.byteLength < maxBytes) return lineBytes
      throw new PeerError('ERR_TLS_LINE_TOO_LONG', `a line has more than ${maxBytes} bytes`)
    })
    return new TextDecoder().decode(line).replace(/\r?\n$/, '')
  }

  /** The next `count` bytes, exactly. */
  readBytes(count: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.#take(count, (bytes) => (bytes.byteLength < count ? 0 : count))
  }

  /** Text goes as UTF-8. Settles when the transport has taken it. */
  async write(data: string | BytesLike): Promise<void> {
    this.#check(false)
    await this.#attempt(this.#inTime(this.#writer.write(asBytes(data)), () => 'the transport has not accepted what was written'))
  }

  /** The transport, from the first byte that was not read. Writes that are under way go first. */
  release(): ByteTransport {
    this.#check()
    this.#released = true
    this.#forgetSignal()
    this.#writer.releaseLock()
    const incoming = new Incoming({ cancelled: (reason) => void this.#reader.cancel(reason).catch(() => {}) })
    incoming.deliver(this.#unread)
    this.#unread = new Uint8Array()
    follow(incoming, this.#reader).then(() => incoming.end(), (error) => incoming.cut(error))
    return { readable: incoming.readable, writable: this.#writable }
  }

  /** Gives the transport up, both ways. What waits rejects with `reason`. After {@link release} it does nothing. */
  abort(reason: unknown = new DOMException('The conversation was aborted', 'AbortError')): void {
    if (this.#released || this.#interrupt.tripped) return
    this.#forgetSignal()
    this.#interrupt.trip(reason)
    this.#writer.abort(reason).catch(() => {})
    this.#reader.cancel(reason).catch(() => {})
  }

  /** Reads until `find` says how many bytes are to be taken; 0: more must come. */
  async #take(limit: number, find: (bytes: Uint8Array) => number): Promise<Uint8Array<ArrayBuffer>> {
    this.#check()
    if (!Number.isInteger(limit) || limit < 1) throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', 'read 1 byte or more, an integer')
    this.#reading = true
    const read = async () => {
      let count: number
      while ((count = find(this.#unread)) === 0) this.#unread = concat([this.#unread, await this.#attempt(this.#next())])
      const taken = this.#unread.slice(0, count)
      this.#unread = this.#unread.subarray(count)
      return taken
    }
    return this.#inTime(read(), () => (this.#unread.byteLength === 0 ? 'the peer has said nothing: does it wait for us, or for TLS?'
      : `the peer has said ${quoted(this.#unread)}, and less than was to be read`)).finally(() => { this.#reading = false })
  }

  /** Settles as `task`, which ends with the conversation if it takes too long. */
  #inTime<T>(task: Promise<T>, soFar: () => string): Promise<T> {
    const message = () => `no progress before TLS within ${this.#timeoutMs} ms (timeoutMs): ${whyUnopened(this.#writable) ?? soFar()}`
    return withDeadline(this.#timeoutMs, () => this.abort(new DeadlineError('ERR_TLS_PLAINTEXT_TIMEOUT', message())), task)
  }

  async #next(): Promise<Uint8Array> {
    const { done, value } = await this.#reader.read()
    if (done) throw new TruncationError('the stream ended before TLS began')
    if (!isUint8Array(value)) throw new TypeError('the transport gave something other than a Uint8Array')
    return value
  }

  async #attempt<T>(task: Promise<T>): Promise<T> {
    try {
      return await this.#interrupt.guard(task)
    } catch (cause) {
      if (this.#interrupt.tripped || cause instanceof TruncationError) throw cause
      throw transportFailure('the transport failed before TLS began', cause)
    }
  }

  /** Throws if it is too late, or, for all but a write, while a read is under way: what that will take is not known yet. */
  #check(reading = this.#reading): void {
    const wrong = this.#released ? 'release() has handed the transport on' : reading && 'a read is under way: await it first'
    if (wrong) throw new ApiMisuseError('ERR_TLS_INVALID_STATE', wrong)
    this.#interrupt.throwIfTripped()
  }
}

function noTransport(): ApiMisuseError {
  return new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', 'a PlaintextConversation is no transport: give the one that its release() returns')
}
