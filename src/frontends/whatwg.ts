// TLS as a pair of WHATWG streams.

import { ApiMisuseError, DeadlineError } from '../base/errors.js'
import { asBytes, isBufferSource } from '../base/bytes.js'
import { BioPair } from '../core/bio-pair.js'
import type { LibSsl } from '../core/lib-ssl.js'
import type { Ssl } from '../core/ssl.js'
import type { X509 } from '../core/x509.js'
import { load } from '../load.js'
import { Pump } from '../pump/pump.js'
import type { ByteTransport } from '../pump/transport.js'
import { toByteTransport, type TransportLike } from '../transports/adapt.js'
import { clientSsl, serverSsl } from './context.js'
import { checkAcceptOptions, checkConnectOptions, type AcceptOptions, type CommonOptions, type ConnectOptions } from './options.js'

const HANDSHAKE_TIMEOUT_MS = 30_000
const HIGH_WATER_MARK_BYTES = 64 * 1024

/** What a handshake agreed on. */
export interface ConnectionInfo {
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly protocol: string
  /** The RFC's name, for example `TLS_CHACHA20_POLY1305_SHA256`. */
  readonly cipher: string
  /** The key exchange group, for example `X25519MLKEM768`; `undefined` if a session was resumed without one. */
  readonly group: string | undefined
  readonly alpnProtocol: string | undefined
  /** The name that the client asked for (SNI). */
  readonly servername: string | undefined
  /** Absent on a server that asked for none. */
  readonly peerCertificate: X509 | undefined
  /** The peer's certificate and what it sent to prove it, in its order. */
  readonly peerCertificateChain: readonly X509[]
  /** `X509_V_OK`, or what is wrong if verification was skipped. */
  readonly verifyResult: string
}

/** A TLS connection. Its halves are independent: the end of one does not end the other. */
export interface TlsConnection {
  /**
   * Plaintext from the peer, a byte stream (BYOB works). It closes on the peer's close_notify; a stream cut without
   * it errors with `TruncationError`. Read only as fast as it is read.
   */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>
  /** Plaintext to the peer. Closing it sends close_notify; aborting it aborts the connection. */
  readonly writable: WritableStream<BufferSource>
  /** Settles with the handshake. */
  readonly opened: Promise<ConnectionInfo>
  /** Resolves when both directions have ended cleanly; rejects with the error that ended the connection. */
  readonly closed: Promise<void>
  /**
   * Sends what was written, then close_notify, and ends the transport: both directions, at once. With
   * `waitForPeerMs` it first waits that long for the peer's close_notify, and rejects with
   * `ERR_TLS_CLOSE_TIMEOUT` if none comes.
   */
  close(options?: { readonly waitForPeerMs?: number }): Promise<void>
  /** Ends the connection now, without close_notify. Everything rejects with `reason`. */
  abort(reason?: unknown): void
}

/**
 * Opens a TLS connection as a client. The peer's certificate and name are verified.
 *
 * Options are checked at once: `ApiMisuseError`. What goes wrong later rejects `opened` and `closed`, and errors the
 * streams: `CertificateError`, `PeerError`, `TruncationError`, `TransportError`, `DeadlineError`, or `signal.reason`.
 * @openssl SSL_connect
 */
export function connect(transport: TransportLike, options: ConnectOptions): TlsConnection {
  checkConnectOptions(options)
  return new Connection('SSL_connect', transport, options, (lib) => clientSsl(lib, options))
}

/**
 * Opens a TLS connection as a server. As {@link connect}, for the other side.
 * @openssl SSL_accept
 */
export function accept(transport: TransportLike, options: AcceptOptions): TlsConnection {
  checkAcceptOptions(options)
  return new Connection('SSL_accept', transport, options, (lib) => serverSsl(lib, options))
}

class Connection implements TlsConnection {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>
  readonly writable: WritableStream<BufferSource>
  readonly opened: Promise<ConnectionInfo>
  readonly closed: Promise<void>
  #pump: Pump | undefined
  /** Aborted before there was a pump. */
  #aborted: { reason: unknown } | undefined
  #onClosed!: () => void
  #onBroken!: (error: unknown) => void
  #sink!: WritableStreamDefaultController
  #source!: ReadableByteStreamController
  #settled = false

  constructor(call: 'SSL_connect' | 'SSL_accept', transport: TransportLike, options: CommonOptions, makeSsl: (lib: LibSsl) => Ssl) {
    options.signal?.throwIfAborted()
    const byteTransport = toByteTransport(transport)
    const highWaterMark = options.highWaterMarkBytes ?? HIGH_WATER_MARK_BYTES
    this.closed = new Promise((resolve, reject) => {
      this.#onClosed = resolve
      this.#onBroken = reject
    })
    this.opened = this.#open(call, byteTransport, options, makeSsl)
    // Whoever does not ask for these learns of errors from the streams; that is no unhandled rejection.
    this.opened.catch(() => {})
    this.closed.catch(() => {})

    this.readable = new ReadableStream({
      type: 'bytes',
      start: (controller) => { this.#source = controller },
      pull: (controller) => this.#pull(controller, highWaterMark),
      cancel: async () => {
        await this.opened
        this.#pump!.stopReading()
      },
    }, { highWaterMark: 0 })
    this.writable = new WritableStream<BufferSource>({
      start: (controller) => { this.#sink = controller },
      write: async (chunk) => {
        if (!isBufferSource(chunk)) throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', 'writable takes bytes: an ArrayBuffer or a view of one')
        await this.opened
        await this.#pump!.write(asBytes(chunk))
      },
      close: async () => {
        await this.opened
        await this.#pump!.closeWriting()
      },
      abort: (reason) => this.abort(reason),
    }, { highWaterMark, size: (chunk) => chunk?.byteLength ?? 0 })
  }

  async close({ waitForPeerMs = 0 }: { readonly waitForPeerMs?: number } = {}): Promise<void> {
    if (!Number.isInteger(waitForPeerMs) || waitForPeerMs < 0) {
      throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', 'waitForPeerMs must be an integer of milliseconds, 0 or more')
    }
    await this.opened
    // What is queued in an unlocked stream goes out first; a locked one is its writer's business.
    if (!this.writable.locked) await this.writable.close().catch(() => {}) // closed already
    await this.#pump!.close(waitForPeerMs)
    return this.closed
  }

  abort(reason: unknown = new DOMException('The connection was aborted', 'AbortError')): void {
    if (this.#pump) this.#pump.break(reason)
    else this.#aborted ??= { reason }
  }

  async #open(call: 'SSL_connect' | 'SSL_accept', transport: ByteTransport, options: CommonOptions, makeSsl: (lib: LibSsl) => Ssl): Promise<ConnectionInfo> {
    const { signal, handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS } = options
    const onAbort = () => this.abort(signal!.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    const forget = () => signal?.removeEventListener('abort', onAbort)
    this.closed.then(forget, forget)

    const timeout = new DeadlineError('ERR_TLS_HANDSHAKE_TIMEOUT', `no handshake within ${handshakeTimeoutMs} ms`)
    const deadline = handshakeTimeoutMs > 0 ? setTimeout(() => this.abort(timeout), handshakeTimeoutMs) : undefined
    try {
      this.#pump = this.#start(options.libssl ?? await load(), transport, options, makeSsl)
      if (this.#aborted) this.#pump.break(this.#aborted.reason)
      return await this.#pump.handshake(call, describeConnection)
    } catch (error) {
      // Before there was a pump nobody else has told the streams and the transport.
      if (!this.#pump) {
        this.#break(error)
        transport.readable.cancel(error).catch(() => {})
        transport.writable.abort(error).catch(() => {})
      }
      throw error
    } finally {
      clearTimeout(deadline)
    }
  }

  #start(lib: LibSsl, transport: ByteTransport, options: CommonOptions, makeSsl: (lib: LibSsl) => Ssl): Pump {
    const ssl = makeSsl(lib)
    let pair: BioPair | undefined
    try {
      pair = new BioPair(lib)
      ssl.setBio(pair.internal)
      return new Pump({
        ssl, pair, transport, onIo: options.onIo, onBroken: (error) => this.#break(error), onClosed: () => this.#end(),
      })
    } catch (error) {
      ssl.free()
      pair?.free()
      throw error
    }
  }

  async #pull(controller: ReadableByteStreamController, limit: number): Promise<void> {
    await this.opened
    const request = controller.byobRequest as ReadableStreamBYOBRequest | null
    const view = request?.view as Uint8Array | undefined
    const bytes = await this.#pump!.read(view ? Math.min(limit, view.byteLength) : limit, view && asBytes(view as BufferSource))
    if (bytes === undefined) this.#closeReadable()
    else if (request) request.respond(bytes.byteLength)
    else controller.enqueue(bytes as Uint8Array<ArrayBuffer>)
  }

  #closeReadable(): void {
    try {
      this.#source.close()
      this.#source.byobRequest?.respond(0) // a BYOB read is waiting for this
    } catch {} // closed or cancelled before
  }

  #break(error: unknown): void {
    if (this.#settled) return
    this.#settled = true
    this.#onBroken(error)
    this.#sink.error(error)
    // Not the readable: what was decrypted before the error comes first, and the next pull tells.
  }

  #end(): void {
    if (this.#settled) return
    this.#settled = true
    this.#onClosed()
    this.#closeReadable()
    this.#sink.error(new ApiMisuseError('ERR_TLS_INVALID_STATE', 'the connection was closed'))
  }
}

function describeConnection(ssl: Ssl): ConnectionInfo {
  return {
    protocol: ssl.getVersion(),
    cipher: ssl.getCipherStandardName() ?? '',
    group: ssl.get0GroupName(),
    alpnProtocol: ssl.get0AlpnSelected(),
    servername: ssl.getServername(),
    peerCertificate: ssl.getPeerCertificate(),
    peerCertificateChain: ssl.getPeerCertChain(),
    verifyResult: ssl.getVerifyResultName(),
  }
}
