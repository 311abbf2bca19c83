// The part of a protocol that is in the clear, before TLS begins: SMTP's and IMAP's STARTTLS, PostgreSQL's SSLRequest.

import { ApiMisuseError, PeerError, TransportError, TruncationError } from '../base/errors.js'
import { asBytes, concat, isUint8Array, type BytesLike } from '../base/bytes.js'
import { checkOptions, isSignal } from '../base/options.js'
import { abortReason, throwIfAborted } from '../base/realms.js'
import { Interrupt } from '../pump/waiting.js'
import type { ByteTransport } from '../pump/transport.js'
import { toByteTransport, type TransportLike } from './adapt.js'
import { Incoming } from './stream-ends.js'

export interface PlaintextOptions {
  /** Aborts the conversation with `signal.reason`. After {@link PlaintextConversation.release} it has no effect. */
  readonly signal?: AbortSignal | undefined
}

const LF = 0x0a
const CR = 0x0d

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
 * Reads reject with `PeerError` (`ERR_TLS_LINE_TOO_LONG`), `TruncationError` (the stream ended before), `TransportError`
 * (`cause` is its own error), or the reason of the abort. After that there is nothing left but {@link abort}.
 */
export class PlaintextConversation {
  readonly #writable: WritableStream<Uint8Array>
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>
  readonly #interrupt = new Interrupt()
  readonly #forgetSignal: () => void
  #unread: Uint8Array = new Uint8Array()
  #reading = false
  #released = false

  /** Takes the transport over, until it is released. Throws as `connect` does. */
  constructor(transport: TransportLike, options: PlaintextOptions = {}) {
    const { signal } = checkOptions(options, { signal: isSignal }, 'PlaintextConversation')
    throwIfAborted(signal)
    const { readable, writable } = toByteTransport(transport)
    this.#writable = writable
    this.#reader = readable.getReader()
    this.#writer = writable.getWriter()
    this.#writer.closed.catch(() => {}) // seen by the write that fails
    this.#reader.closed.catch(() => {})
    const onAbort = () => this.abort(abortReason(signal!))
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#forgetSignal = () => signal?.removeEventListener('abort', onAbort)
  }

  /** The next line, as UTF-8, without its LF or CRLF. It may have `maxBytes` (default 8,192) with that. */
  readLine({ maxBytes = 8192 }: { readonly maxBytes?: number | undefined } = {}): Promise<string> {
    return this.#read(maxBytes, (bytes, from) => {
      const lf = bytes.indexOf(LF, from)
      if (lf >= maxBytes || (lf < 0 && bytes.byteLength >= maxBytes)) {
        throw new PeerError('ERR_TLS_LINE_TOO_LONG', `a line has more than ${maxBytes} bytes`)
      }
      if (lf < 0) return undefined
      return { taken: lf + 1, value: new TextDecoder().decode(bytes.subarray(0, bytes[lf - 1] === CR ? lf - 1 : lf)) }
    })
  }

  /** The next `count` bytes, exactly. */
  readBytes(count: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.#read(count, (bytes) => (bytes.byteLength < count ? undefined : { taken: count, value: bytes.slice(0, count) }))
  }

  /** Text goes as UTF-8. Settles when the transport has taken it. */
  async write(data: string | BytesLike): Promise<void> {
    this.#throwIfReleased()
    try {
      await this.#interrupt.guard(this.#writer.write(asBytes(data)))
    } catch (cause) {
      throw this.#blame(cause)
    }
  }

  /** The transport, from the first byte that was not read. Writes that are under way go first. */
  release(): ByteTransport {
    this.#throwIfReleased()
    this.#interrupt.throwIfTripped()
    if (this.#reading) throw new ApiMisuseError('ERR_TLS_INVALID_STATE', 'a read is under way: what it will take is not known yet')
    this.#released = true
    this.#forgetSignal()
    this.#writer.releaseLock()
    const incoming = new Incoming({ cancelled: (reason) => void this.#reader.cancel(reason).catch(() => {}) })
    incoming.deliver(this.#unread)
    this.#unread = new Uint8Array()
    incoming.follow(this.#reader).then(() => incoming.end(), (error) => incoming.cut(error))
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

  /** Reads until `take` finds what it looks for; it is told where the bytes begin that it has not seen. */
  async #read<T>(limit: number, take: (bytes: Uint8Array, from: number) => { taken: number; value: T } | undefined): Promise<T> {
    this.#throwIfReleased()
    if (!Number.isInteger(limit) || limit < 1) {
      throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', 'the number of bytes must be an integer, 1 or more')
    }
    if (this.#reading) throw new ApiMisuseError('ERR_TLS_INVALID_STATE', 'one read at a time')
    this.#reading = true
    try {
      for (let seen = 0; ;) {
        this.#interrupt.throwIfTripped()
        const found = take(this.#unread, seen)
        if (found) {
          this.#unread = this.#unread.subarray(found.taken)
          return found.value
        }
        seen = this.#unread.byteLength
        const { done, value } = await this.#interrupt.guard(this.#reader.read())
        if (done) throw new TruncationError('the stream ended before TLS began')
        if (!isUint8Array(value)) throw new TypeError('the transport gave something other than a Uint8Array')
        this.#unread = concat([this.#unread, value])
      }
    } catch (error) {
      throw this.#blame(error)
    } finally {
      this.#reading = false
    }
  }

  #blame(error: unknown): unknown {
    if (this.#interrupt.tripped || error instanceof PeerError || error instanceof TruncationError) return error
    return new TransportError('the transport failed before TLS began', { cause: error })
  }

  #throwIfReleased(): void {
    if (this.#released) throw new ApiMisuseError('ERR_TLS_INVALID_STATE', 'the transport has been handed on')
  }
}
