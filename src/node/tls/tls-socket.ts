// TLSSocket: a connection's life (frontends/life.ts) in the form of Node's stream, over a socket or any other Duplex.
//
// All that users are told is told from a task of its own: what their listeners throw must be theirs, not a rejected promise of ours.

import { Ssl } from '../../core/ssl.js'
import { TlsError, TransportError, TruncationError } from '../../base/errors.js'
import { deferred } from '../../base/deferred.js'
import { LSW_OCSP_UNCHECKED, SSL_VERIFY_FAIL_IF_NO_PEER_CERT, SSL_VERIFY_NONE, SSL_VERIFY_PEER } from '../../ffi/constants.gen.js'
import { LocalLife } from '../../frontends/life.js'
import type { Decisions } from '../../pump/decisions.js'
import { fromNodeStream } from '../../transports/node.js'
import { addAbortSignal } from '#node'
import { Socket } from '#node-net'
import { connectionError } from '../error-codes.js'
import { demandType, invalidArgType } from '../invalid-arguments.js'
import { nodeError } from '../node-error.js'
import { Buffer } from '../platform/buffer.js'
import { convertALPNProtocols, offerAlpn, selectAlpn, type AlpnOptions } from './alpn.js'
import { exported } from './defaults.js'
import { HelloAnswers, type SniCallback } from './hello-answers.js'
import { findPsk, offerPsk, type ClientPskCallback, type ServerPskCallback } from './psk.js'
import type { SecureContext, SecureContextOptions } from './secure-context.js'
import { SocketInfo } from './socket-info.js'
import { laterTurn, type Beneath } from './socket-face.js'

/** How much plaintext is asked for at a time. */
const READ_BYTES = 64 * 1024

export interface TLSSocketOptions extends SecureContextOptions, AlpnOptions {
  allowHalfOpen?: boolean | undefined
  enableTrace?: boolean | undefined
  handshakeTimeout?: number | undefined
  highWaterMark?: number | undefined
  isServer?: boolean | undefined
  onread?: { buffer: Uint8Array | (() => Uint8Array); callback(bytes: number, buffer: Uint8Array): boolean | undefined } | undefined
  pauseOnConnect?: boolean | undefined
  pskCallback?: ClientPskCallback | ServerPskCallback | undefined
  pskIdentityHint?: string | undefined
  rejectUnauthorized?: boolean | undefined
  requestCert?: boolean | undefined
  requestOCSP?: boolean | undefined
  secureContext?: SecureContext | undefined
  server?: unknown
  session?: string | NodeJS.ArrayBufferView | undefined
  signal?: AbortSignal | undefined
  SNICallback?: SniCallback | undefined
}

/** An SSL that can be asked until its socket is destroyed, though the connection has ended. */
class KeptSsl extends Ssl {
  override free(): void {}

  release(): void {
    super.free()
  }
}

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
  #aborted = false
  /** What `onread` fills next. */
  #target: Uint8Array | undefined
  #onreadPaused = false
  #held: Uint8Array | undefined
  #opened = false
  #told: Error | undefined
  /** Answers that the application owes. */
  #waits: Promise<unknown>[] = []
  #writing: Promise<void> | undefined
  #sessions: Buffer[] | undefined = []
  #handshakeTimer: ReturnType<typeof setTimeout> | undefined

  constructor(socket?: Beneath | null, options: TLSSocketOptions = {}) {
    const beneath: Beneath = socket ?? new Socket() as unknown as Beneath
    const { highWaterMark, signal } = options
    checkOptions(options)
    super(beneath, {
      allowHalfOpen: (socket ?? options).allowHalfOpen ?? false, ...(highWaterMark === undefined ? {} : { highWaterMark }),
    })
    this.on('error', this._tlsError)
    this._tlsOptions = options
    this.isServer = options.isServer ?? false
    this.server = options.server
    const { context } = options.secureContext ?? exported.createSecureContext(options as object) as unknown as SecureContext
    let made!: KeptSsl
    this.#life = new LocalLife(fromNodeStream(beneath), { handshakeTimeoutMs: 0, closeTimeoutMs: 0 }, {
      call: this.isServer ? 'SSL_accept' : 'SSL_connect',
      lib: context.lib,
      makeSsl: (_, decisions) => {
        if (!this.isServer || options.requestCert) context.anchor()
        made = new KeptSsl(context.sslCtx)
        try {
          this.#setUp(made, decisions)
        } catch (error) {
          made.release()
          throw error
        }
        return made
      },
      prepare: () => this.#connected.promise,
      earlyData: () => ({}),
      finished: () => this.#asUser(() => this.#finished()),
    })
    this.#ssl = made
    this.#follow(beneath, socket != null)
    this.#life.closed.catch(() => {})
    this.#life.opened.then(() => { this.#opened = true }, (error: unknown) => queueMicrotask(() => this.#fail(error)))
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
    this.#onreadPaused = true
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
    const { onread } = this._tlsOptions ?? {}
    if (!onread || !this.#onreadPaused) return
    this.#onreadPaused = false
    if (this.#held) this.#handOver(this.#held, onread)
    else this._read()
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
    this.#life.closeWriting().then(done, done)
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#handshakeTimer)
    const { beneath } = this
    const end = () => {
      this.#aborted = true
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
    else if (this.#writing && this.#opened && !error) {
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

  #setUp(ssl: Ssl, decisions: Decisions): void {
    const { requestCert, rejectUnauthorized, requestOCSP, pskCallback, pskIdentityHint, ALPNProtocols, ALPNCallback } = this._tlsOptions
    const alpn: { ALPNProtocols?: Buffer } = {}
    convertALPNProtocols(ALPNProtocols, alpn)
    ssl.setVerifyCb(() => 1) // judged when the handshake is done
    ssl.setKeylogCallback((line) => queueMicrotask(() => this.#keylog(line)))
    if (this.isServer) {
      ssl.setAcceptState()
      const verifyMode = !requestCert ? SSL_VERIFY_NONE
        : SSL_VERIFY_PEER | (rejectUnauthorized === false ? 0 : SSL_VERIFY_FAIL_IF_NO_PEER_CERT)
      ssl.setVerify(verifyMode)
      selectAlpn(this, ssl, alpn, ALPNCallback)
      if (pskCallback) findPsk(ssl, this, pskCallback as ServerPskCallback, pskIdentityHint)
      new HelloAnswers(this, ssl, decisions, verifyMode).install()
    } else {
      ssl.setConnectState()
      ssl.setVerify(SSL_VERIFY_NONE)
      offerAlpn(ssl, alpn)
      if (pskCallback) offerPsk(ssl, pskCallback as ClientPskCallback)
      if (requestOCSP) ssl.requestOcsp(LSW_OCSP_UNCHECKED)
      ssl.setNewSessionCb((_, session) => queueMicrotask(() => this.#session(Buffer.from(session))))
    }
  }

  /** What the stream beneath tells, as far as it is not told by its bytes. `given`: it is the user's. */
  #follow(beneath: Beneath, given: boolean): void {
    const { handshakeTimeout } = this._tlsOptions
    if (beneath.pending || beneath.connecting) {
      beneath.once('connect', () => {
        this.#connected.resolve()
        this._unrefTimer()
        this.emit('connect')
        this.emit('ready')
      })
      if (!given) {
        for (const event of ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connectionAttemptTimeout']) {
          beneath.on(event, (...args: unknown[]) => this.emit(event, ...args))
        }
      }
    } else {
      this.#connected.resolve()
    }
    beneath.on('error', (error: Error) => { if (!this._secureEstablished) this.#fail(error) })
    beneath.on('close', () => {
      // After its end, or an error, the life tells, when it has given what came before.
      if (this.destroyed || beneath.errored || (beneath.readableEnded && this._secureEstablished)) return
      if (this._secureEstablished) this.destroy()
      else this.#fail(new TruncationError('the socket was closed'))
    })
    if (beneath.destroyed) queueMicrotask(() => this.destroy())
    if (handshakeTimeout && handshakeTimeout > 0) {
      this.#handshakeTimer = setTimeout(() => this._handleTimeout(), handshakeTimeout)
      ;(this.#handshakeTimer as { unref?(): void }).unref?.()
    }
  }

  _handleTimeout(): void {
    this._emitTLSError(nodeError('ERR_TLS_HANDSHAKE_TIMEOUT', 'TLS handshake timeout'))
    this.destroy()
  }

  #keylog(line: string): void {
    const bytes = Buffer.from(`${line}\n`)
    if (!this.isServer) this.emit('keylog', bytes)
    else (this.server as { emit?(...args: unknown[]): boolean } | undefined)?.emit?.('keylog', bytes, this)
  }

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
    if (!this.#waitsForJudge) this.releaseSessions()
  }

  get #waitsForJudge(): boolean {
    return this.listenerCount('secure') > 0
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
    const { onread } = this._tlsOptions
    if (onread) this.#handOver(buffer, onread)
    else this.push(buffer)
  }

  /** Into the application's own buffer. */
  #handOver(bytes: Uint8Array, { buffer, callback }: NonNullable<TLSSocketOptions['onread']>): void {
    const next = () => (typeof buffer === 'function' ? buffer() : buffer)
    let rest: Uint8Array = bytes
    this.#held = undefined
    while (rest.length > 0 && !this.#onreadPaused && !this.destroyed) {
      const target = this.#target ??= next()
      const count = Math.min(target.byteLength, rest.length)
      target.set(rest.subarray(0, count))
      rest = rest.subarray(count)
      if (callback(count, target) === false) this.#onreadPaused = true
      this.#target = next()
    }
    if (rest.length > 0) this.#held = rest
    else if (!this.#onreadPaused) this._read()
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
        // What was not sent before the handshake failed, or the application went away, never will be.
        const canceled = this.#aborted || !this._secureEstablished
        this.#fail(error)
        callback(canceled ? Object.assign(new Error('write ECANCELED'), { code: 'ECANCELED', syscall: 'write' }) : this.#asNode(error))
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
    if (reason instanceof TransportError && reason.cause instanceof Error) return reason.cause
    const cut = reason instanceof TruncationError || reason instanceof TransportError
      || (reason instanceof TlsError && reason.code === 'ERR_TLS_HANDSHAKE_CLOSED')
    if (!cut) return reason instanceof TlsError ? connectionError(reason) : reason as Error
    const { path, host, port, localAddress } = this.connectOptions ?? {}
    return this.isServer || this._secureEstablished
      ? Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
      : Object.assign(new Error('Client network socket disconnected before secure TLS connection was established'),
        { code: 'ECONNRESET', path, host, port, localAddress })
  }
}

function checkOptions(options: TLSSocketOptions): void {
  demandType(options, 'object', 'options')
  const { isServer, ALPNCallback, ALPNProtocols, SNICallback, pskCallback, pskIdentityHint } = options
  if (ALPNCallback !== undefined && isServer) {
    demandType(ALPNCallback, 'function', 'options.ALPNCallback')
    if (ALPNProtocols) {
      const message = 'The ALPNCallback and ALPNProtocols TLS options are mutually exclusive'
      throw nodeError('ERR_TLS_ALPN_CALLBACK_WITH_PROTOCOLS', message, {}, TypeError)
    }
  }
  if (SNICallback !== undefined && isServer && typeof SNICallback !== 'function') {
    throw invalidArgType('options.SNICallback', 'of type function', SNICallback)
  }
  if (pskCallback !== undefined) demandType(pskCallback, 'function', 'pskCallback')
  if (pskIdentityHint !== undefined && isServer) demandType(pskIdentityHint, 'string', 'options.pskIdentityHint')
}
