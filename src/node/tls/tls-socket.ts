// TLSSocket: a connection's life (frontends/life.ts) in the form of Node's stream, over a socket or any other Duplex.
//
// All that users are told is told from a task of its own: what their listeners throw must be theirs, not a rejected promise of ours.

import type { Ssl } from '../../core/ssl.js'
import { TlsError, TransportError, TruncationError } from '../../base/errors.js'
import { deferred } from '../../base/deferred.js'
import { LocalLife } from '../../frontends/life.js'
import { fromNodeStream } from '../../transports/node.js'
import { addAbortSignal } from '#node'
import { Socket } from '#node-net'
import { nodeError } from '../node-error.js'
import { Buffer } from '../platform/buffer.js'
import { asNodeError, followBeneath, unwritten } from './beneath.js'
import { ContextHandle } from './context-handle.js'
import { exported } from './defaults.js'
import { OnreadTarget } from './onread.js'
import type { SecureContext } from './secure-context.js'
import { makeKeptSsl, type KeptSsl } from './set-up-ssl.js'
import { laterTurn, type Beneath } from './socket-face.js'
import { SocketInfo } from './socket-info.js'
import { checkSocketOptions, type TLSSocketOptions } from './tls-socket-options.js'

/** How much plaintext is asked for at a time. */
const READ_BYTES = 64 * 1024

export class TLSSocket extends SocketInfo {
  readonly _tlsOptions: TLSSocketOptions
  server: unknown
  /** Whether errors are told to users; before that they are told to the server that has made this. */
  _controlReleased = false
  /** What tls.connect() was given. */
  connectOptions: Readonly<Record<string, unknown>> | undefined = undefined
  protected override readonly isServer: boolean
  readonly #ssl: KeptSsl
  readonly #life: LocalLife
  readonly #connected = deferred<void>()
  #reading = false
  #ended = false
  /** The life has ended by itself: its last words are on their way. */
  #broke = false
  #onread: OnreadTarget | undefined
  /** There is, or was, a connection beneath. */
  #reached = false
  #told: Error | undefined
  /** Answers that the application owes. */
  #waits: Promise<unknown>[] = []
  #writing: Promise<void> | undefined
  #sessions: Buffer[] | undefined = []
  #handshakeTimer: ReturnType<typeof setTimeout> | undefined

  constructor(socket?: Beneath | null, options: TLSSocketOptions = {}) {
    const beneath: Beneath = socket ?? new Socket() as unknown as Beneath
    const { highWaterMark, signal } = options
    checkSocketOptions(options)
    super(beneath, {
      allowHalfOpen: (socket ?? options).allowHalfOpen ?? false, ...(highWaterMark === undefined ? {} : { highWaterMark }),
    })
    this.on('error', this._tlsError)
    this._tlsOptions = options
    this.isServer = options.isServer ?? false
    this.server = options.server
    const { context } = options.secureContext ?? exported.createSecureContext(options as object) as unknown as SecureContext
    if (!(context instanceof ContextHandle)) throw nodeError('ERR_TLS_INVALID_CONTEXT', 'context must be a SecureContext', {}, TypeError)
    let made!: KeptSsl
    this.#life = new LocalLife(fromNodeStream(beneath), { handshakeTimeoutMs: 0, closeTimeoutMs: 0 }, {
      call: this.isServer ? 'SSL_accept' : 'SSL_connect',
      lib: context.lib,
      makeSsl: (_, decisions) => made = makeKeptSsl(this, context, decisions),
      prepare: () => this.#connected.promise,
      earlyData: () => ({}),
      finished: () => this.#asUser(() => this.#finished()),
    })
    this.#ssl = made
    const connected = () => {
      this.#reached = true
      this.#connected.resolve()
    }
    followBeneath(this, beneath, socket != null, connected, (error) => this.#fail(error))
    this.#life.closed.catch(() => {})
    this.#life.opened.catch((error: unknown) => queueMicrotask(() => this.#fail(error)))
    if (options.onread) this.#onread = new OnreadTarget(options.onread)
    const { handshakeTimeout = 0 } = options
    if (handshakeTimeout > 0) {
      this.#handshakeTimer = setTimeout(() => this._handleTimeout(), handshakeTimeout)
      ;(this.#handshakeTimer as { unref?(): void }).unref?.()
    }
    if (options.enableTrace) this.enableTrace()
    if (options.session) this.setSession(options.session)
    if (options.pauseOnConnect) super.pause()
    queueMicrotask(() => { if (!this.destroyed) this.read(0) })
    if (signal !== undefined) addAbortSignal(signal, this)
  }

  protected override get openSsl(): Ssl | undefined {
    return this.#ssl?.alive ? this.#ssl : undefined
  }

  /** Connects the socket beneath, as its `connect` does; then the handshake begins. */
  connect(...args: unknown[]): this {
    if (this.destroyed) return this
    const callback = args.at(-1)
    if (typeof callback === 'function') {
      args.pop()
      this.once('connect', callback as () => void)
    }
    this.beneath.connect!(...args)
    return this
  }

  /** From now on errors are told by 'error'. */
  _releaseControl(): boolean {
    if (this._controlReleased) return false
    this._controlReleased = true
    this.removeListener('error', this._tlsError)
    return true
  }

  _tlsError(error: Error): Error | null {
    if (this.#told !== error) this.emit('_tlsError', error)
    this.#told = error
    return this._controlReleased ? error : null
  }

  _emitTLSError(error: Error): void {
    const told = this._tlsError(error)
    if (told) this.destroy(told)
  }

  _start(): void {}

  _destroySSL(): void {
    this.#ssl.release()
  }

  // ---- Duplex ----

  // With `onread` nothing is pushed: to pause and to go on is our own matter.

  override pause(): this {
    if (this.#onread) this.#onread.paused = true
    return super.pause()
  }

  override resume(): this {
    this.#goOn()
    return super.resume()
  }

  override read(size?: number): any {
    this.#goOn()
    return super.read(size)
  }

  #goOn(): void {
    if (this.#onread?.paused && this.#onread.resume()) this._read()
  }

  override _read(): void {
    if (this.#reading || this.#ended) return
    this.#reading = true
    this.#life.read(READ_BYTES).then(
      (bytes) => queueMicrotask(() => this.#give(bytes)),
      (error: unknown) => queueMicrotask(() => {
        this.#reading = false
        this.#fail(error)
      }),
    )
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#send(chunk, callback)
  }

  override _writev(chunks: readonly { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), callback)
  }

  override _final(callback: (error?: Error | null) => void): void {
    const done = () => queueMicrotask(() => callback())
    const closing = this.#life.closeWriting()
    // Before the handshake is done nothing was written: as in Node, that is an end as soon as there is a connection.
    const end = this._secureEstablished ? closing : Promise.race([closing, this.#connected.promise])
    end.then(done, done)
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#handshakeTimer)
    const { beneath } = this
    const end = () => {
      this.#life.abort(error ?? new Error('the socket was destroyed'))
      this.#ssl.release()
    }
    const closed = () => {
      end()
      this.emit('close', error !== null)
    }
    callback(error)
    if (beneath.destroyed && beneath.closed !== false) return void laterTurn(closed)
    beneath.once('close', closed)
    if (this.#broke && !beneath.writableFinished) beneath.once('finish', () => beneath.destroy()) // an alert tells the peer why
    else if (this.#writing && this._secureEstablished && !error) {
      // What was written goes out if it can, as in Node, which has given it to the system by now.
      laterTurn(() => {
        beneath.destroy()
        end()
      })
    } else {
      beneath.destroy()
      end()
    }
  }

  // ---- private ----

  _handleTimeout(): void {
    this._emitTLSError(nodeError('ERR_TLS_HANDSHAKE_TIMEOUT', 'TLS handshake timeout'))
    this.destroy()
  }

  /** @internal */
  readonly onKeylog = (line: string): void => queueMicrotask(() => {
    const bytes = Buffer.from(`${line}\n`)
    if (!this.isServer) this.emit('keylog', bytes)
    else (this.server as { emit?(...args: unknown[]): boolean } | undefined)?.emit?.('keylog', bytes, this)
  })

  /** @internal */
  readonly onSession = (session: Uint8Array<ArrayBuffer>): void => queueMicrotask(() => this.#session(Buffer.from(session)))

  #session(session: Buffer): void {
    if (this.#sessions) return void this.#sessions.push(session)
    if (this.destroyed) return
    this.told = session
    try {
      this.emit('session', session)
    } finally {
      this.told = undefined
    }
  }

  /** @internal The application knows of the connection now: what has waited for that is told. */
  releaseSessions(): void {
    const sessions = this.#sessions ?? []
    this.#sessions = undefined
    for (const session of sessions) this.#session(session)
  }

  /** @internal The connection counts as secure only after that. */
  waitFor(answer: Promise<unknown>): void {
    this.#waits.push(answer)
  }

  /** Runs what tells users something, in the middle of our work: what they throw is theirs. */
  #asUser(tell: () => void): void {
    try {
      tell()
    } catch (error) {
      queueMicrotask(() => { throw error })
    }
  }

  /** Within the last call of the handshake: a client that refuses the server does so before it answers. */
  #finished(): void {
    if (this.#waits.length === 0) this.#finishInit()
    else Promise.all(this.#waits).then(() => queueMicrotask(() => this.#finishInit()))
  }

  #finishInit(): void {
    if (this.destroyed) return
    clearTimeout(this.#handshakeTimer)
    const ssl = this.#ssl
    this.alpnProtocol = ssl.get0AlpnSelected() ?? false
    this.servername ??= ssl.getServername() ?? false
    if (this._tlsOptions.requestOCSP && !this.isServer) {
      const response = ssl.getTlsextStatusOcspResp()
      this.emit('OCSPResponse', response ? Buffer.from(response) : null)
    }
    this._secureEstablished = true
    this.emit('secure')
    if (this.listenerCount('secure') === 0) this.releaseSessions() // else the listener judges first
  }

  #give(bytes: Uint8Array | undefined): void {
    this.#reading = false
    if (this.destroyed) return
    if (!bytes) {
      this.#ended = true
      this.push(null)
      this.read(0)
      return
    }
    this.received(bytes.byteLength)
    const buffer = Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength)
    if (!this.#onread) this.push(buffer)
    else if (this.#onread.give(buffer)) this._read()
  }

  #send(bytes: Uint8Array, callback: (error?: Error | null) => void): void {
    const writing = this.#life.write(bytes)
    this.#writing = writing
    writing.then(
      () => queueMicrotask(() => {
        if (this.#writing === writing) this.#writing = undefined
        this.sent(bytes.byteLength)
        callback()
      }),
      (error: unknown) => queueMicrotask(() => {
        this.#writing = undefined
        this.#fail(error)
        callback(this.#reached ? unwritten(this.#asNode(error))
          : nodeError('ERR_SOCKET_CLOSED_BEFORE_CONNECTION', 'Socket closed before the connection was established'))
      }),
    )
  }

  /** The connection has failed. */
  #fail(reason: unknown): void {
    if (this.destroyed) return
    this.#broke = !(reason instanceof TransportError || reason instanceof TruncationError) && reason instanceof TlsError
    const error = this.#asNode(reason)
    if (!this._controlReleased) this._tlsError(error) // while it can still be asked
    this.destroy(error)
  }

  #asNode(reason: unknown): Error {
    return asNodeError(reason, this.isServer || this._secureEstablished ? undefined : this.connectOptions ?? {})
  }
}
