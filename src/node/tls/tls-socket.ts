// TLSSocket: a connection's life (frontends/life.ts) in the form of Node's stream, over a socket or any other Duplex. Long because reading,
// writing, ending and failing meet in one state; what it tells of itself is in the classes above it.

import type { Ssl } from '../../core/ssl.js'
import { TlsError, TransportError } from '../../base/errors.js'
import { deferred } from '../../base/deferred.js'
import { LocalLife } from '../../frontends/life.js'
import { overDuplex } from '../../transports/node.js'
import { addAbortSignal } from '#node'
import { inEdgeWorker, Socket } from '#node-net'
import { nodeError } from '../node-error.js'
import { OnreadTarget } from '../onread.js'
import { Buffer } from '../platform/buffer.js'
import { laterTurn } from '../socket-base.js'
import { asNodeError, asWriteError, brokenPipe, followBeneath, isEnd, isOfApplication, unwritten } from './beneath.js'
import { ContextHandle } from './context-handle.js'
import { exported } from './defaults.js'
import { tracesTls } from './flags.js'
import type { SecureContext } from './secure-context.js'
import { makeKeptSsl, type KeptSsl } from './set-up-ssl.js'
import type { Beneath } from './socket-face.js'
import { asUser, SocketEvents } from './socket-events.js'
import { checkSocketOptions, type TLSSocketOptions } from './tls-socket-options.js'

type ConnectOptions = { servername?: string; host?: string; socket?: Beneath }
type Callback = (error?: Error | null) => void

/** How much plaintext is asked for at a time. */
const READ_BYTES = 64 * 1024

export class TLSSocket extends SocketEvents {
  readonly _tlsOptions: TLSSocketOptions
  /** What tls.connect() was given. */
  _connectOptions: Readonly<Record<string, unknown>> | undefined = undefined
  protected override readonly _isServer: boolean
  readonly #ssl: KeptSsl
  readonly #life: LocalLife
  readonly #connected = deferred<void>()
  #reading = false
  #ended = false
  /** The life has ended by itself: its last words are on their way. */
  #broke = false
  /** Our own error, for which the stream beneath was given up. */
  #failure: TlsError | undefined
  /** The socket beneath is the application's. */
  readonly #given: boolean
  /** There is, or was, a connection beneath. */
  #reached = false
  /** The write that the transport has not accepted yet. */
  #write: { readonly callback: Callback; readonly whenSecure: boolean } | undefined
  #handshakeTimer: ReturnType<typeof setTimeout> | undefined

  constructor(socket?: Beneath | null, given?: TLSSocketOptions | null) {
    const options: TLSSocketOptions = { ...given }
    checkSocketOptions(options)
    const { highWaterMark, signal, noDelay = false, keepAlive = false, keepAliveInitialDelay = 0 } = options
    const beneath: Beneath = socket || new Socket({ noDelay, keepAlive, keepAliveInitialDelay } as object) as unknown as Beneath
    super(beneath, {
      allowHalfOpen: (socket || options).allowHalfOpen ?? false, ...(highWaterMark === undefined ? {} : { highWaterMark }),
    })
    this.on('error', this._tlsError)
    this._tlsOptions = options
    this.#given = Boolean(socket)
    this._isServer = options.isServer ?? false
    this.server = options.server
    const { context } = options.secureContext || exported.createSecureContext(options as object) as unknown as SecureContext
    if (!(context instanceof ContextHandle)) throw nodeError('ERR_TLS_INVALID_CONTEXT', 'context must be a SecureContext', {}, TypeError)
    let made!: KeptSsl
    const giveUp = (reason: unknown) => {
      if (reason instanceof TlsError) this.#failure = reason // ours: as in Node, the stream beneath is not told
      beneath.destroy(reason instanceof TlsError ? undefined : reason as Error)
    }
    this.#life = new LocalLife(overDuplex(beneath, giveUp), { handshakeTimeoutMs: 0, closeTimeoutMs: 0 }, {
      call: this._isServer ? 'SSL_accept' : 'SSL_connect',
      lib: context.lib,
      makeSsl: (_, decisions) => made = makeKeptSsl(this, context, decisions),
      prepare: () => this.#connected.promise,
      earlyData: () => ({}),
      finished: () => asUser(() => this.#finished()),
    })
    this.#ssl = made
    const connected = () => {
      this.#reached = true
      this.#connected.resolve()
    }
    followBeneath(this, beneath, this.#given, connected, (error) => this.#fail(error))
    this.#life.closed.catch(() => {})
    this.#life.opened.catch((error: unknown) => queueMicrotask(() => this.#fail(error)))
    this._onread = OnreadTarget.of(options.onread)
    const { handshakeTimeout = 0 } = options
    if (handshakeTimeout > 0) {
      this.#handshakeTimer = setTimeout(() => this._handleTimeout(), handshakeTimeout)
      ;(this.#handshakeTimer as { unref?(): void }).unref?.()
    }
    if (options.enableTrace ?? tracesTls()) this.enableTrace()
    if (options.session) this.setSession(options.session)
    if (options.pauseOnConnect) super.pause()
    queueMicrotask(() => { if (!this.destroyed) this.read(0) })
    if (signal) addAbortSignal(signal, this)
  }

  protected override get _openSsl(): Ssl | undefined {
    return this.#ssl?.alive ? this.#ssl : undefined
  }

  get _serverIdentity(): string {
    const { servername, host, socket } = (this._connectOptions ?? this._tlsOptions) as ConnectOptions
    return servername || host || socket?._host || 'localhost'
  }

  protected override get _verifies(): boolean {
    return this._tlsOptions.rejectUnauthorized !== false
  }

  /** Connects the socket beneath, as its `connect` does; then the handshake begins. */
  connect(...args: unknown[]): this {
    if (this.destroyed) return this
    const callback = args.at(-1)
    if (typeof callback === 'function') {
      args.pop()
      this.once('connect', callback as () => void)
    }
    this._beneath.connect!(...args)
    return this
  }

  _start(): void {}

  _destroySSL(): void {
    this.#ssl.release()
  }

  // ---- Duplex ----

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

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    this.#send(chunk, callback)
  }

  override _writev(chunks: readonly { chunk: Buffer }[], callback: Callback): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), callback)
  }

  override _final(callback: Callback): void {
    if (this._beneath.writableEnded) return callback() // by the application: there is nobody to say goodbye to
    const done = () => queueMicrotask(() => callback())
    const closing = this.#life.closeWriting()
    // Before the handshake is done nothing was written: as in Node, that is an end as soon as there is a connection.
    const end = this._secureEstablished ? closing : Promise.race([closing, this.#connected.promise])
    // As in Node the stream beneath ends with close_notify: some servers wait for that.
    const endBeneath = () => { if (this._secureEstablished && !this._beneath.writableEnded) this._beneath.end() }
    end.then(endBeneath).then(done, done)
  }

  override _destroy(error: Error | null, callback: Callback): void {
    clearTimeout(this.#handshakeTimer)
    const { _beneath: beneath } = this
    const end = () => {
      this.#life.abort(error ?? new Error('the socket was destroyed'))
      this.#ssl.release()
    }
    let errorTold = false
    let beneathClosed = false
    let over = false
    const closeIfOver = () => {
      if (over || !errorTold || !beneathClosed) return
      over = true
      end()
      const refused = error === null && Boolean(this.#write?.whenSecure && beneath.errored)
      if (this.#reached) this.#giveUpWrite(refused ? brokenPipe() : unwritten(error))
      this.emit('close', error !== null || refused)
      this.#giveUpWrite(nodeError('ERR_SOCKET_CLOSED_BEFORE_CONNECTION', 'Socket closed before the connection was established'))
    }
    const closed = () => {
      beneathClosed = true
      closeIfOver()
    }
    this._callBack(error, callback, () => {
      errorTold = true
      closeIfOver()
    })
    // A socket of an edge worker that has failed to write never closes.
    const stuck = () => inEdgeWorker && Boolean(beneath.errored)
    if (beneath.destroyed && (beneath.closed !== false || stuck())) return void laterTurn(closed)
    beneath.once('close', closed)
    if (this.#broke && !beneath.writableFinished) beneath.once('finish', () => beneath.destroy()) // an alert tells the peer why
    else if (this.#write?.whenSecure) {
      // What was written goes out if it can, as in Node, which has given it to the system by now.
      laterTurn(() => {
        beneath.destroy()
        end()
        if (stuck()) closed()
      })
    } else {
      beneath.destroy()
      end()
    }
  }

  // ---- private ----

  _handleTimeout(): void {
    this.destroy(this._tlsError(nodeError('ERR_TLS_HANDSHAKE_TIMEOUT', 'TLS handshake timeout')))
  }

  /** Within the last call of the handshake: a client that refuses the server does so before it answers. */
  #finished(): void {
    if (this._waits.length === 0) this.#finishInit()
    else void Promise.all(this._waits).then(() => queueMicrotask(() => this.#finishInit()))
  }

  #finishInit(): void {
    this._tellSecrets()
    if (this.destroyed) return
    clearTimeout(this.#handshakeTimer)
    const ssl = this.#ssl
    this.alpnProtocol = ssl.get0AlpnSelected() ?? false
    this.servername ??= ssl.getServername() ?? false
    if (this._tlsOptions.requestOCSP && !this._isServer) {
      const response = ssl.getTlsextStatusOcspResp()
      this.emit('OCSPResponse', response ? Buffer.from(response) : null)
    }
    this._secureEstablished = true
    this.emit('secure')
    if (this.listenerCount('secure') === 0) this._releaseSessions() // else the listener judges first
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
    this._received(bytes.byteLength)
    if (this._onread) return this._tell(() => { if (this._onread!.give(bytes)) this._read() })
    let at = bytes.byteOffset
    for (const length of this.#ssl.recordBytes) { // as in Node, a chunk is of one record
      const chunk = Buffer.from(bytes.buffer as ArrayBuffer, at, length)
      this._tell(() => { if (!this.destroyed) this.push(chunk) })
      at += length
    }
  }

  #send(bytes: Uint8Array, callback: Callback): void {
    if (this._beneath.writableEnded) return callback(brokenPipe())
    const write = this.#write = { callback, whenSecure: this._secureEstablished }
    this.#life.write(bytes).then(
      () => queueMicrotask(() => {
        if (this.#write !== write) return
        this.#write = undefined
        this._sent(bytes.byteLength)
        callback()
      }),
      (error: unknown) => queueMicrotask(() => this.#fail(error)),
    )
  }

  /** Its callback is called when the error has been told. */
  #giveUpWrite(error: Error): void {
    const write = this.#write
    this.#write = undefined
    write?.callback(error)
  }

  /** The connection has failed; without a reason it was closed. */
  #fail(given?: unknown): void {
    if (this.destroyed) return
    const reason = this._thrown ? this._thrown.value : given ?? this.#failure
    if (reason === undefined) {
      // Once both sides have said goodbye there is only to be read what has come.
      if (!this.#ended || !this.writableFinished) this.destroy()
      return
    }
    if (isEnd(reason) && !this._secureEstablished && !this.readableEnded) return this.#endEarly(this.#asNode(reason))
    this.#broke = reason instanceof TlsError && !(reason instanceof TransportError) && !isEnd(reason)
    const error = this.#asNode(reason)
    const known = this.#given && isOfApplication(reason, this._beneath) // the socket beneath tells of it, too, and of its end
    try {
      if (known) this._emitTLSError(error)
      else if (!this._controlReleased && !this.#broke) this._tlsError(error) // while it can still be asked
      if (this.#broke && !this._secureEstablished) this.#giveUpWrite(asWriteError(error))
    } finally {
      this.destroy(known ? null : error)
    }
  }

  /** The stream has ended before the handshake: that is told, and an error for those who have wanted a connection. */
  #endEarly(error: Error): void {
    if (this.#ended) return
    this.#ended = true
    this.prependOnceListener('end', () => { if (this._connectOptions || this.#write) this.destroy(error) })
    this.push(null)
    this.read(0)
  }

  #asNode(reason: unknown): Error {
    return asNodeError(reason, this._isServer || this._secureEstablished ? undefined : this._connectOptions ?? {})
  }
}
