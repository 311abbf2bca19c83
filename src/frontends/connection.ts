// A connection: the pump's calls behind a pair of WHATWG streams.

import { ApiMisuseError, DeadlineError } from '../base/errors.js'
import { asBytes, isBytesLike, type BytesLike } from '../base/bytes.js'
import { abortReason, throwIfAborted } from '../base/realms.js'
import { BioPair } from '../core/bio-pair.js'
import type { LibSsl } from '../core/lib-ssl.js'
import type { Ssl } from '../core/ssl.js'
import type { X509 } from '../core/x509.js'
import { load } from '../load.js'
import { Decisions } from '../pump/decisions.js'
import type { EarlyData } from '../pump/early-data.js'
import { Interrupt } from '../pump/interrupt.js'
import { Port } from '../pump/port.js'
import { Pump } from '../pump/pump.js'
import { toByteTransport, type TransportLike } from '../transports/adapt.js'
import { describeConnection, type ConnectionInfo } from './connection-info.js'
import { EarlyDataStream } from './early-data-stream.js'
import {
  channelBinding, exportKeyingMaterial, updateKeys, type ChannelBindingType, type KeyingMaterialOptions,
} from './open-connection.js'
import type { CommonOptions } from './options.js'
import { makeReadable, type ReadableController } from './readable.js'
import type { TlsServerConnection } from './tls-connection.js'

const HANDSHAKE_TIMEOUT_MS = 30_000
const HIGH_WATER_MARK_BYTES = 64 * 1024

/** In what client and server differ. `fail` ends the connection. */
export interface Role {
  readonly call: 'SSL_connect' | 'SSL_accept'
  /** Before anything is sent. */
  readonly prepare?: (lib: LibSsl) => Promise<void>
  readonly makeSsl: (lib: LibSsl, decisions: Decisions) => Ssl
  /** After that: what belongs to this connection rather than to the options. Frees nothing if it throws. */
  readonly setUp?: (ssl: Ssl, fail: (error: unknown) => void) => void
  readonly earlyData: (receive: (bytes: Uint8Array<ArrayBuffer>) => void) => EarlyData
  /** When the handshake is done. */
  readonly opened?: (ssl: Ssl, fail: (error: unknown) => void) => void
  /** What is sent before all else, unless it was accepted as early data. */
  readonly firstData?: Uint8Array | undefined
}

export class Connection implements TlsServerConnection {
  readonly #earlyData = new EarlyDataStream()
  readonly earlyData = this.#earlyData.readable
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>
  readonly writable: WritableStream<BytesLike>
  readonly opened: Promise<ConnectionInfo>
  readonly closed: Promise<void>
  #pump: Pump | undefined
  /** Before there is a pump there is the loading to wait for. */
  readonly #loading = new Interrupt()
  #onClosed!: () => void
  #onBroken!: (error: unknown) => void
  #sink!: WritableStreamDefaultController
  #source!: ReadableController
  /** Resolves when plaintext may be written: with the handshake, or with early data. */
  readonly #writableSoon: Promise<void>
  #allowWriting!: () => void
  #settled = false

  constructor(transport: TransportLike, options: CommonOptions, role: Role) {
    throwIfAborted(options.signal)
    const port = new Port(toByteTransport(transport))
    const highWaterMark = options.highWaterMarkBytes ?? HIGH_WATER_MARK_BYTES
    this.closed = new Promise((resolve, reject) => {
      this.#onClosed = resolve
      this.#onBroken = reject
    })
    this.readable = makeReadable({
      start: (controller) => { this.#source = controller },
      pull: (controller) => this.#pull(controller, highWaterMark),
      cancel: async () => {
        await this.opened
        this.#pump!.stopReading()
      },
    })
    this.writable = new WritableStream<BytesLike>({
      start: (controller) => { this.#sink = controller },
      write: (chunk) => this.#write(chunk),
      close: async () => {
        await this.opened
        await this.#pump!.closeWriting()
      },
      abort: (reason) => this.abort(reason),
    }, { highWaterMark, size: (chunk) => (isBytesLike(chunk) ? chunk.byteLength : 0) })

    this.opened = this.#open(port, options, role)
    this.#writableSoon = new Promise((resolve, reject) => {
      this.#allowWriting = resolve
      this.opened.then(() => resolve(), reject)
    })
    this.#writableSoon.catch(() => {})
    // Whoever does not ask for these learns of errors from the streams; that is no unhandled rejection.
    this.opened.catch(() => {})
    this.closed.catch(() => {})
  }

  async close({ waitForPeerMs = 0 }: { readonly waitForPeerMs?: number } = {}): Promise<void> {
    // setTimeout's own limit
    if (!Number.isInteger(waitForPeerMs) || waitForPeerMs < 0 || waitForPeerMs > 0x7fffffff) {
      throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', 'waitForPeerMs must be an integer of milliseconds, 0 or more')
    }
    await this.opened
    // What is queued in an unlocked stream goes out first; a locked one is its writer's business.
    const flush = async () => { if (!this.writable.locked) await this.writable.close().catch(() => {}) } // closed already
    await this.#pump!.close(waitForPeerMs, flush)
    return this.closed
  }

  abort(reason: unknown = new DOMException('The connection was aborted', 'AbortError')): void {
    if (this.#pump) this.#pump.break(reason)
    else this.#loading.trip(reason)
  }

  async exportKeyingMaterial(options: KeyingMaterialOptions): Promise<Uint8Array<ArrayBuffer>> {
    await this.opened
    return this.#pump!.inspect((ssl) => exportKeyingMaterial(ssl, options))
  }

  async channelBinding(type: ChannelBindingType): Promise<Uint8Array<ArrayBuffer>> {
    await this.opened
    return this.#pump!.inspect((ssl) => channelBinding(ssl, type))
  }

  async updateKeys(options?: { readonly requestPeer?: boolean }): Promise<void> {
    await this.opened
    await this.#pump!.sendMessage((ssl) => updateKeys(ssl, options))
  }

  async requestClientCertificate(): Promise<X509 | undefined> {
    await this.opened
    return this.#pump!.authenticateClient((ssl) => ssl.getPeerCertificate())
  }

  async #open(port: Port, options: CommonOptions, role: Role): Promise<ConnectionInfo> {
    const { signal } = options
    const handshakeTimeoutMs = timeoutOf(options)
    const onAbort = () => this.abort(abortReason(signal!))
    signal?.addEventListener('abort', onAbort, { once: true })
    const forget = () => signal?.removeEventListener('abort', onAbort)
    this.closed.then(forget, forget)

    const onTimeout = () => this.abort(new DeadlineError('ERR_TLS_HANDSHAKE_TIMEOUT', `no handshake within ${handshakeTimeoutMs} ms`))
    const deadline = handshakeTimeoutMs > 0 ? setTimeout(onTimeout, handshakeTimeoutMs) : undefined
    try {
      // Never at once, though `libssl` be there: `onIo` could not reach a connection that connect() has not returned.
      const lib = await this.#loading.guard(options.libssl ? Promise.resolve(options.libssl) : load())
      if (role.prepare) await this.#loading.guard(role.prepare(lib))
      this.#loading.throwIfTripped()
      this.#pump = this.#start(lib, port, options, role)
      return await this.#handshake(this.#pump, role)
    } catch (error) {
      // Before there was a pump nobody else has told the streams and the transport.
      if (!this.#pump) {
        this.#break(error)
        port.giveUp(error)
      }
      throw error
    } finally {
      clearTimeout(deadline)
    }
  }

  async #handshake(pump: Pump, { call, earlyData, opened, firstData }: Role): Promise<ConnectionInfo> {
    const receive = (bytes: Uint8Array<ArrayBuffer>) => {
      this.#earlyData.push(bytes)
      this.#allowWriting()
    }
    const info = await pump.handshake(call, (ssl) => {
      opened?.(ssl, this.#fail)
      return describeConnection(ssl)
    }, earlyData(receive))
    this.#earlyData.close()
    // Before anyone else may write. If it fails, so does the connection.
    if (firstData && info.earlyData !== 'accepted') pump.write(firstData).catch(this.#fail)
    return info
  }

  readonly #fail = (error: unknown): void => this.abort(error)

  #start(lib: LibSsl, port: Port, options: CommonOptions, { makeSsl, setUp }: Role): Pump {
    const decisions = new Decisions()
    const ssl = makeSsl(lib, decisions)
    let pair: BioPair | undefined
    try {
      setUp?.(ssl, this.#fail)
      pair = new BioPair(lib)
      ssl.setBio(pair.internal)
      return new Pump({
        ssl, pair, port, decisions, decisionTimeoutMs: timeoutOf(options), onIo: options.onIo, onBroken: (error) => this.#break(error), onClosed: () => this.#end(),
      })
    } catch (error) {
      ssl.free()
      pair?.free()
      throw error
    }
  }

  async #write(chunk: BytesLike): Promise<void> {
    try {
      if (!isBytesLike(chunk)) throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', 'writable takes bytes: an ArrayBuffer or a view of one')
      await this.#writableSoon
      await this.#pump!.write(asBytes(chunk))
    } catch (error) {
      this.abort(error) // a stream that failed cannot be closed any more, nor then the connection
      throw error
    }
  }

  async #pull(controller: ReadableController, limit: number): Promise<void> {
    await this.opened
    const request = controller.byobRequest
    const view = request?.view as Uint8Array | undefined
    const bytes = await this.#pump!.read(view ? Math.min(limit, view.byteLength) : limit, view && asBytes(view))
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
    this.#earlyData.fail(error)
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

function timeoutOf({ handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS }: CommonOptions): number {
  return handshakeTimeoutMs
}
