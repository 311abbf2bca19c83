// net.Socket upon a dialer: a transport in the form of Node's stream. Long because it is one class of Node's, a few lines a member.
//
// Events are emitted from tasks of their own: an error that a listener throws must be uncaught, and not reject a promise of ours.

import { addAbortSignal } from '#node'
import { LAST_WORDS_MS } from '../../base/linger.js'
import { isPromiseLike, throwIfAborted } from '../../base/realms.js'
import { giveUp, type ByteTransport } from '../../pump/transport.js'
import { toByteTransport, type TransportLike } from '../../transports/adapt.js'
import type { Target } from '../../transports/target.js'
import { isIP } from '../ip-address.js'
import { nodeError } from '../node-error.js'
import { OnreadTarget, type OnreadOptions } from '../onread.js'
import { Buffer } from '../platform/buffer.js'
import { SocketBase } from '../socket-base.js'
import { normalize, targetOf, unavailable, type ConnectOptions } from './connect-arguments.js'
import { currentDialer } from './dialers.js'
import { dialError, lostError } from './socket-errors.js'

/** Options of {@link Socket}. */
export interface SocketOptions {
  /** Whether our direction stays open when the peer ends its own. Default `false`. */
  allowHalfOpen?: boolean | undefined
  /** How many bytes wait on each side before it holds back. Default: that of streams. */
  highWaterMark?: number | undefined
  /** Gives what arrives into a buffer of yours, and emits no 'data'. */
  onread?: OnreadOptions | null | undefined
  /** Destroys the socket when it aborts. */
  signal?: AbortSignal | undefined
  /** A file descriptor, which is not here: `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM`. */
  fd?: number | undefined
  /** A handle of Node's, which is not here: as `fd`. */
  handle?: unknown
}

type Done = (error?: Error | null) => void

/** A transport in use. */
interface Wire {
  readonly reader: ReadableStreamDefaultReader<Uint8Array>
  readonly writer: WritableStreamDefaultWriter<Uint8Array>
}

/** A transport in the form of Node's stream: what `connect()` makes. */
export class Socket extends SocketBase {
  connecting = false
  /** The name that was dialled, against which tls.connect() checks a certificate. */
  _host: string | null = null
  readonly autoSelectFamilyAttemptedAddresses: string[] = []
  // Of our own end nothing is known.
  declare readonly localAddress?: string
  declare readonly localPort?: number
  declare readonly localFamily?: string
  #target: Target | undefined
  #wire: Wire | undefined
  /** Calls off the dialling. */
  #dialling: AbortController | undefined
  /** What 'connectionAttempt' has told. */
  #attempted: [address: string, port: number, family: number] | undefined
  /** What waits for the connection, or its failure. */
  #waiting: (() => void)[] = []
  #reading = false
  #cut = false

  constructor(options: SocketOptions = {}) {
    const { allowHalfOpen = false, highWaterMark, onread, signal, fd, handle } = options
    if (fd !== undefined || handle) throw unavailable('a socket of a file descriptor', 'use connect()')
    super({ allowHalfOpen, ...(highWaterMark === undefined ? {} : { highWaterMark }) })
    this._onread = OnreadTarget.of(onread)
    this.on('end', this.#ended)
    if (signal) addAbortSignal(signal, this)
  }

  /**
   * Connects by what setDialer() was given. 'error' tells why it cannot; the code is the relay's answer in Node's words
   * (`ECONNREFUSED`, `ENOTFOUND`, `ETIMEDOUT`, …) or `ERR_NET_NO_DIALER`. Throws Node's errors for what is no host and port.
   */
  connect(options: ConnectOptions, callback?: () => void): this
  connect(port: number, host: string, callback?: () => void): this
  connect(port: number, callback?: () => void): this
  connect(path: string, callback?: () => void): this
  connect(...args: unknown[]): this {
    const [options, callback] = normalize(args)
    const target = targetOf(options)
    if (callback) this.once('connect', callback)
    if (this.connecting || this.#wire) return this
    if (this.destroyed) this.#reset()
    this.connecting = true
    this.#attempted = undefined
    this._host = target.host
    this._unrefTimer()
    const dialling = this.#dialling = new AbortController()
    this.#dial(options, target, dialling.signal).then(
      ([transport, host]) => queueMicrotask(() => {
        if (this.#dialling === dialling) this.#connected(transport, { ...target, host })
        else giveUp(transport, dialling.signal.reason)
      }),
      (error: unknown) => queueMicrotask(() => {
        if (this.#dialling !== dialling) return
        const why = dialError(error, target)
        if (why !== error && 'hostname' in why) this.emit('lookup', why, undefined, undefined, target.host)
        else if (this.#attempted) this.emit('connectionAttemptFailed', ...this.#attempted, why)
        this.destroy(why)
      }),
    )
    return this
  }

  /** Whether it is not connected: not yet, or no more. */
  get pending(): boolean { return !this.#wire }
  /** What was dialled, which may be a name. It is kept when the connection has ended. */
  get remoteAddress(): string | undefined { return this.#target?.host }
  get remotePort(): number | undefined { return this.#target?.port }
  get remoteFamily(): string | undefined {
    const family = isIP(this.remoteAddress)
    return family === 0 ? undefined : `IPv${family}`
  }

  address(): object { return {} }

  // The transport has packets and keep-alive of its own, and does not tell the process to stay.

  setNoDelay(_noDelay?: boolean): this { return this }
  setKeepAlive(_enable?: boolean, _initialDelay?: number): this { return this }
  ref(): this { return this }
  unref(): this { return this }

  setTypeOfService(_tos: number): this { return this }
  getTypeOfService(): number { return 0 }

  /** Destroys it so that the other side sees no end, but a reset. */
  resetAndDestroy(): this {
    if (this.connecting) return this.once('connect', () => this.resetAndDestroy())
    if (!this.#wire) return this.destroy(nodeError('ERR_SOCKET_CLOSED', 'Socket is closed'))
    this.#cut = true
    return this.destroy()
  }

  // ---- Duplex ----

  override _read(): void {
    if (!this.#wire && !this.destroyed) this.#waiting.push(() => this._read())
    if (!this.#wire || this.#reading) return
    this.#reading = true
    const { reader } = this.#wire
    const told = (tell: () => void) => queueMicrotask(() => {
      if (this.#wire?.reader !== reader) return
      this.#reading = false
      tell()
    })
    reader.read().then(
      ({ value }) => told(() => this.#give(value)),
      (error: unknown) => told(() => this.destroy(lostError('read', error, this.#target!))),
    )
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Done): void {
    this.#send(chunk, callback)
  }

  override _writev(chunks: readonly { chunk: Buffer }[], callback: Done): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), callback)
  }

  override _final(callback: Done): void {
    if (!this.#wire) return this.connecting ? void this.#waiting.push(() => this._final(callback)) : callback()
    this.#settle(this.#wire.writer.close(), callback)
  }

  override _destroy(error: Error | null, callback: Done): void {
    this.connecting = false
    this.#dialling?.abort(error ?? new Error('the socket was destroyed'))
    this.#dialling = undefined
    if (this.#wire) this.#letGo(this.#wire, error)
    this.#wire = undefined
    this.#goOn()
    this._finishDestroy(error, callback)
  }

  // ---- private ----

  /** Returns what was dialled, too: `lookup` may have found an address. */
  async #dial(options: ConnectOptions, target: Target, signal: AbortSignal): Promise<[ByteTransport, host: string]> {
    const dialer = currentDialer()
    const host = await this.#lookUp(options, target.host)
    throwIfAborted(signal)
    const attempted = this.#attempted = [host, target.port, isIP(host)]
    queueMicrotask(() => this.emit('connectionAttempt', ...attempted))
    const given = await dialer({ host, port: target.port, signal })
    const transport = toByteTransport(given)
    try {
      await openingOf(given, transport)
    } catch (error) {
      giveUp(transport, error)
      throw error
    }
    return [transport, host]
  }

  /** Asks the application's own `lookup` if it has given one; otherwise the relay looks the name up. */
  #lookUp({ lookup, family, hints }: ConnectOptions, hostname: string): string | Promise<string> {
    if (!lookup || isIP(hostname)) return hostname
    return new Promise((resolve, reject) => {
      lookup(hostname, { family, hints, all: false }, (error, found, ofFamily) => {
        const [first] = Array.isArray(found) ? found : [{ address: found, family: ofFamily }]
        queueMicrotask(() => this.emit('lookup', error, first?.address, first?.family, hostname))
        if (error) reject(error)
        else if (!first?.address) reject(Object.assign(new Error(`lookup has found no address of ${hostname}`), { code: 'ENOTFOUND' }))
        else resolve(first.address)
      })
    })
  }

  #connected({ readable, writable }: ByteTransport, target: Target): void {
    this.#dialling = undefined
    this.connecting = false
    this.#target = target
    const wire = this.#wire = { reader: readable.getReader(), writer: writable.getWriter() }
    // A failure is told even to those who neither read nor write: what has arrived is given first.
    wire.reader.closed.catch(() => {})
    wire.writer.closed.catch((error: unknown) => queueMicrotask(() => this.#cannotWrite(wire, error)))
    this._unrefTimer()
    this.#goOn()
    this.emit('connect')
    this.emit('ready')
    if (!this.isPaused()) this.read(0)
  }

  #goOn(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const go of waiting) go()
  }

  #give(value: Uint8Array | undefined): void {
    if (value) {
      this._received(value.byteLength)
      this._tell(() => {
        if (!this._onread) this.push(Buffer.from(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength))
        else if (this._onread.give(value)) this._read()
      })
    } else {
      this.push(null)
      this.read(0)
    }
  }

  #ended(): void {
    if (!this.allowHalfOpen) this.write = writeAfterEnd
  }

  #send(bytes: Uint8Array, callback: Done): void {
    if (this.connecting) return void this.#waiting.push(() => this.#send(bytes, callback))
    if (!this.#wire) return callback(this.destroyed ? closedBefore() : nodeError('ERR_SOCKET_CLOSED', 'Socket is closed'))
    this._unrefTimer()
    this.#settle(this.#wire.writer.write(bytes), callback, bytes.byteLength)
  }

  #settle(written: Promise<void>, callback: Done, bytes = 0): void {
    const target = this.#target!
    written.then(() => queueMicrotask(() => {
      this._sent(bytes)
      callback()
    }), (error: unknown) => queueMicrotask(() => callback(this.destroyed ? undefined : lostError('write', error, target))))
  }

  /** Only writing has failed: data that has arrived is read first, and the next write reports the failure. */
  #cannotWrite(wire: Wire, error: unknown): void {
    if (this.#wire === wire && this.readableEnded) this.destroy(lostError('write', error, this.#target!))
  }

  /** The peer sees an end, after everything that was written; but we do not wait for that for ever. */
  #letGo({ reader, writer }: Wire, error: Error | null): void {
    const reason = error ?? new Error('the socket was destroyed')
    const abort = () => void writer.abort(reason).catch(() => {})
    reader.cancel(reason).catch(() => {})
    if (this.#cut) return abort()
    const deadline = setTimeout(abort, LAST_WORDS_MS)
    const done = () => clearTimeout(deadline)
    writer.close().catch(() => {}) // it may be closed, or about to be
    writer.closed.then(done, done)
  }

  /** A socket that was closed may connect again. */
  #reset(): void {
    (this as unknown as { _undestroy(): void })._undestroy()
    this._resetCounters()
    this.#target = undefined
    this.#reading = this.#cut = false
    if (this.write === writeAfterEnd) this.write = SocketBase.prototype.write
  }
}

function closedBefore(): Error {
  return nodeError('ERR_SOCKET_CLOSED_BEFORE_CONNECTION', 'Socket closed before the connection was established')
}

/** Settles when a transport is connected: of those that tell, what they tell. */
function openingOf(given: TransportLike, taken: ByteTransport): unknown {
  const { opened } = given as { readonly opened?: unknown }
  return isPromiseLike(opened) ? opened : (taken as { readonly opened?: unknown }).opened
}

/** The other side has ended, and by that, without allowHalfOpen, so have we. */
function writeAfterEnd(this: Socket, _chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
  const done = typeof encoding === 'function' ? encoding : callback
  const error = Object.assign(new Error('This socket has been ended by the other party'), { code: 'EPIPE' })
  if (typeof done === 'function') queueMicrotask(() => done(error))
  this.destroy(error)
  return false
}
