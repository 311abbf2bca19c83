// The life of a connection, from its options to its end: loading, handshake, deadline, signal, and what may be asked
// meanwhile. It knows no streams and no events: those are the faces' (ARCHITECTURE.md says how to add one).

import { DeadlineError } from '../base/errors.js'
import { deferred } from '../base/deferred.js'
import { throwIfAborted } from '../base/realms.js'
import type { BasicSsl } from '../core/basic-ssl.js'
import { BasicBioPair } from '../core/basic-bio-pair.js'
import type { LibSsl } from '../core/lib-ssl.js'
import { load } from '../core/load.js'
import { Interrupt, withDeadline } from '../pump/waiting.js'
import { Decisions } from '../pump/decisions.js'
import { Port } from '../pump/port.js'
import { Pump } from '../pump/pump.js'
import type { EarlyData } from '../pump/pump-options.js'
import { whyUnopened, type ByteTransport } from '../pump/transport.js'
import { describeConnection, type ConnectionInfo } from './connection-info.js'
import { abortBySignal, closeInTime } from './life-ends.js'
import { answer, type Answer, type OpenConnection } from './open-connection.js'
import type { CommonOptions, End } from './options.js'
import { CLOSE_TIMEOUT_MS } from './stream-limits.js'

/** What a face is built on. Whatever is asked before the handshake is done waits for it, and rejects as it does. */
export interface Life {
  readonly opened: Promise<ConnectionInfo>
  /** Resolves when both directions have ended cleanly; rejects with the error that ended the connection. */
  readonly closed: Promise<void>
  /**
   * The next plaintext, at least one byte: in `into` if there is one and the life can fill it (compare the buffers), else
   * in a buffer of its own, up to `limit` bytes. `undefined` at the peer's close_notify, and after {@link close}. Plaintext
   * that came before an error is given before the error. One read at a time.
   */
  read(limit: number, into?: Uint8Array): Promise<Uint8Array | undefined>
  /**
   * Settles when the transport has accepted all of `bytes`, which must not change until then. If the transport fails to send,
   * it rejects with the reason that the peer gave, or with `TransportError`: then what has arrived can still be read.
   */
  write(bytes: Uint8Array): Promise<void>
  /** Sends close_notify, after what was written. Reading may go on. */
  closeWriting(): Promise<void>
  /** Plaintext is not wanted any more. */
  stopReading(): Promise<void>
  /** Ends both directions, as {@link TlsConnection.close} says. `flush` sees to what the face has not written yet. */
  close(waitForPeerMs: number, flush: () => Promise<void>): Promise<void>
  /** Ends the connection with `reason`, without close_notify. */
  abort(reason: unknown): void
  /** Calls a method of {@link OpenConnection}. */
  ask<Method extends keyof OpenConnection>(method: Method, ...args: Parameters<OpenConnection[Method]>): Promise<Answer<Method>>
}

/** What client and server do differently. `fail` ends the connection. */
export interface Role {
  readonly call: 'SSL_connect' | 'SSL_accept'
  /** An instance that is there. Then the SSL is made within the constructor of the life, which throws what that throws. */
  readonly lib?: LibSsl | undefined
  /** Before anything is sent. */
  readonly prepare?: (lib: LibSsl) => Promise<void>
  /** See {@link Feature.answers}. */
  readonly answers?: End['answers']
  readonly makeSsl: (lib: LibSsl, decisions: Decisions) => BasicSsl
  /** After that: what belongs to this connection rather than to the options. Frees nothing if it throws. */
  readonly setUp?: (ssl: BasicSsl, fail: (error: unknown) => void) => void
  /** `accepted` is called when a server has taken some: then it may write. */
  readonly earlyData: (accepted: () => void) => EarlyData
  /** When OpenSSL has done the handshake, and our last messages are still unsent. */
  readonly finished?: (() => void) | undefined
  /** When the handshake is done. */
  readonly opened?: (ssl: BasicSsl, fail: (error: unknown) => void) => void
  /** What is sent before all else, unless it was accepted as early data. */
  readonly firstData?: Uint8Array | undefined
}

const HANDSHAKE_TIMEOUT_MS = 30_000

/** A life whose OpenSSL is on this thread. */
export class LocalLife implements Life {
  readonly opened: Promise<ConnectionInfo>
  readonly #closed = deferred<void>()
  readonly closed = this.#closed.promise
  #pump: Pump | undefined
  /** Guards what is awaited before the pump exists. */
  readonly #loading = new Interrupt()
  /** The instance is there. */
  #preparing = false
  readonly #closeTimeoutMs: number
  /** Resolves when plaintext may be written: with the handshake, or with early data. */
  readonly #writable = deferred<void>()

  /**
   * Takes the transport over; nothing is sent before the constructor has returned. Throws `signal.reason` if it is aborted
   * already, and locks no stream then.
   */
  constructor(transport: ByteTransport, options: CommonOptions, role: Role) {
    const { signal, handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS, closeTimeoutMs = CLOSE_TIMEOUT_MS } = options
    throwIfAborted(signal)
    const port = new Port(transport)
    this.#closeTimeoutMs = closeTimeoutMs
    if (role.lib) this.#pump = this.#start(role.lib, port, options, role)
    const late = () => {
      const why = whyUnopened(transport.writable) ?? this.#progress(options, role)
      const message = `no handshake within ${handshakeTimeoutMs} ms (handshakeTimeoutMs): ${why}`
      this.abort(new DeadlineError('ERR_TLS_HANDSHAKE_TIMEOUT', message))
    }
    this.opened = withDeadline(handshakeTimeoutMs, late, this.#open(port, options, role))
    this.opened.then(() => this.#writable.resolve(), this.#writable.reject)
    abortBySignal(signal, this)
  }

  async read(limit: number, into?: Uint8Array): Promise<Uint8Array | undefined> {
    await this.opened
    return this.#pump!.read(into ? Math.min(limit, into.byteLength) : limit, into)
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#writable.promise
    await this.#pump!.write(bytes)
  }

  async closeWriting(): Promise<void> {
    await this.opened
    await this.#pump!.closeWriting()
  }

  async stopReading(): Promise<void> {
    await this.opened
    this.#pump!.stopReading()
  }

  close(waitForPeerMs: number, flush: () => Promise<void>): Promise<void> {
    return closeInTime(this, waitForPeerMs || this.#closeTimeoutMs, async () => {
      await this.opened
      await this.#pump!.close(waitForPeerMs > 0, flush)
      await this.closed
    })
  }

  abort(reason: unknown): void {
    this.#loading.trip(reason)
    this.#pump?.break(reason)
  }

  /** What `look` sees of the open connection, at once. It must not change anything. Throws what broke the connection. */
  inspect<T>(look: (ssl: BasicSsl) => T): T {
    return this.#pump!.inspect(look)
  }

  async ask<Method extends keyof OpenConnection>(method: Method, ...args: Parameters<OpenConnection[Method]>): Promise<Answer<Method>> {
    await this.opened
    return answer(this.#pump!, method, args)
  }

  #progress(options: CommonOptions, role: Role): string {
    if (!this.#pump) return this.#preparing ? "option 'sessionStore' has not answered" : 'libssl.wasm has not been loaded yet'
    const names = Object.keys(options).filter((name) => role.answers?.[name] === 'in time')
    return this.#pump.handshakeProgress(names)
  }

  async #open(port: Port, options: CommonOptions, role: Role): Promise<ConnectionInfo> {
    try {
      // Always asynchronous, even with `libssl`: `onIo` must not be told of a connection that the caller does not have yet.
      const lib = await this.#loading.guard(options.context?.instance() ?? Promise.resolve(role.lib ?? options.libssl ?? load()))
      this.#preparing = true
      if (role.prepare) await this.#loading.guard(role.prepare(lib))
      this.#loading.throwIfTripped()
      this.#pump ??= this.#start(lib, port, options, role)
    } catch (error) {
      this.#pump?.break(error)
      this.#closed.reject(error)
      port.giveUp(error)
      throw error
    }
    return this.#handshake(this.#pump, role)
  }

  async #handshake(pump: Pump, { call, earlyData, finished, opened, firstData }: Role): Promise<ConnectionInfo> {
    const info = await pump.handshake(call, (ssl) => {
      opened?.(ssl, this.#fail)
      return describeConnection(ssl)
    }, earlyData(() => this.#writable.resolve()), finished)
    // Before anyone else may write. If it fails, so will the next write, or the connection.
    if (firstData && info.earlyData !== 'accepted') pump.write(firstData).catch(() => {})
    return info
  }

  readonly #fail = (error: unknown): void => this.abort(error)

  #start(lib: LibSsl, port: Port, { onIo, handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS }: CommonOptions, { makeSsl, setUp }: Role): Pump {
    const decisions = new Decisions()
    const ssl = makeSsl(lib, decisions)
    let pair: BasicBioPair | undefined
    try {
      setUp?.(ssl, this.#fail)
      pair = new BasicBioPair(lib)
      ssl.setBio(pair.internal)
      const { reject: onBroken, resolve: onClosed } = this.#closed
      return new Pump({
        ssl, pair, port, decisions, decisionTimeoutMs: handshakeTimeoutMs, closeTimeoutMs: this.#closeTimeoutMs, onIo, onBroken, onClosed,
      })
    } catch (error) {
      ssl.free()
      pair?.free()
      throw error
    }
  }
}
