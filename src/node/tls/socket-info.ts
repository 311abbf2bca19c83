// What a TLSSocket tells of its connection, and what may be set before the handshake. A socket that was
// destroyed answers `null`, or `undefined` where Node does.

import { SslSession } from '../../core/ssl-session.js'
import type { Ssl } from '../../core/ssl.js'
import { ApiMisuseError } from '../../base/errors.js'
import { asBytes } from '../../base/bytes.js'
import { demandInteger, demandType, invalidArgType } from '../invalid-arguments.js'
import { checkServerIdentity } from '../check-server-identity.js'
import { nodeError } from '../node-error.js'
import { contextError, operationFailed, verificationError } from '../error-codes.js'
import { ownCertificate, peerCertificate, peerSubject, type PeerCertificate } from '../peer-certificate.js'
import { Buffer } from '../platform/buffer.js'
import { exported } from './defaults.js'
import { SecureContext, type SecureContextOptions } from './secure-context.js'
import { SocketFace } from './socket-face.js'
import { trace } from './trace.js'

interface NodeHandle {
  readonly fd: number
  readonly writeQueueSize: number
  /** If it were false, Node's http server would begin to read. */
  reading: boolean
  verifyError(): Error | null
  getAsyncId(): number
}

export abstract class SocketInfo extends SocketFace {
  readonly encrypted = true as const
  authorized = false
  /** The code of what is wrong with the peer's certificate; `null` if nothing is. */
  authorizationError: string | Error | null = null
  /** `false`: none was agreed on; `null` before the handshake. */
  alpnProtocol: string | false | null = null
  /** The name that the client asked for; `false` if there is none; `null` before the handshake. */
  servername: string | false | null = null
  _secureEstablished = false
  secureConnecting = true
  #renegotiates = true

  /** @internal The session that 'session' is telling of: the current one is newer, if several have come. */
  protected _told: Buffer | undefined
  /** @internal While it may be asked. */
  protected abstract readonly _openSsl: Ssl | undefined
  /** @internal */
  protected abstract readonly _isServer: boolean
  /** @internal Whose certificate a client expects. */
  abstract readonly _serverIdentity: string
  /** @internal Whether the peer's certificate decides. */
  protected abstract readonly _verifies: boolean

  /** The part of Node's handle that applications use; `null` once the socket is destroyed. */
  get ssl(): NodeHandle | null {
    const { _openSsl: openSsl, _beneath: beneath } = this
    return openSsl ? {
      fd: (beneath as { _handle?: { fd?: number } })._handle?.fd ?? -1,
      writeQueueSize: this.writableLength,
      reading: true,
      verifyError: () => verificationError(openSsl, this._isServer) ?? null,
      getAsyncId: () => (beneath as { _handle?: { getAsyncId?(): number } })._handle?.getAsyncId?.() ?? -1,
    } : null
  }

  /** The same. */
  get _handle(): this['ssl'] {
    return this.ssl
  }

  getPeerCertificate(detailed = false): PeerCertificate | Record<string, never> | null {
    return this.#ask((ssl) => peerCertificate(ssl, detailed) ?? {}, null)
  }

  getCertificate(): PeerCertificate | Record<string, never> | null {
    return this.#ask((ssl) => ownCertificate(ssl) ?? {}, null)
  }

  getPeerX509Certificate(): object | undefined {
    return this.#ask((ssl) => {
      const { chain } = ssl.getIssuerChain()
      return chain.reduceRight<object | undefined>((issuer, { raw }) => x509(raw, issuer), undefined)
    }, undefined)
  }

  getX509Certificate(): object | undefined {
    return this.#ask((ssl) => x509(ssl.getCertificate()?.raw), undefined)
  }

  getCipher(): { name: string; standardName: string; version: string } | null | undefined {
    return this.#ask((ssl) => {
      const name = ssl.getCipher()
      if (name === undefined) return undefined
      return { name, standardName: ssl.getCipherStandardName() ?? '', version: ssl.getCipherVersion() ?? '' }
    }, null)
  }

  getSharedSigalgs(): string[] | null {
    return this.#ask((ssl) => ssl.getSharedSigalgs(), null)
  }

  /** Of a client; `null` on a server. */
  getEphemeralKeyInfo(): object | null {
    return this.#ask((ssl) => (this._isServer ? null : { ...ssl.getPeerTmpKey() ?? groupOf(ssl) }), null)
  }

  getFinished(): Buffer | null | undefined {
    return this.#ask((ssl) => asBuffer(ssl.getFinished()), null)
  }

  getPeerFinished(): Buffer | null | undefined {
    return this.#ask((ssl) => asBuffer(ssl.getPeerFinished()), null)
  }

  getProtocol(): string | null {
    return this.#ask((ssl) => ssl.getVersion(), null)
  }

  getSession(): Buffer | null | undefined {
    return this.#session((session) => asBuffer(session.toBytes()))
  }

  getTLSTicket(): Buffer | null | undefined {
    return this.#session((session) => asBuffer(session.getTicket()))
  }

  isSessionReused(): boolean | null {
    return this.#ask((ssl) => ssl.sessionReused(), null)
  }

  exportKeyingMaterial(length: number, label: string, context?: NodeJS.ArrayBufferView): Buffer | null {
    demandInteger(length, 'length', 1, 2 ** 32 - 1)
    demandType(label, 'string', 'label')
    if (context !== undefined && !ArrayBuffer.isView(context)) {
      throw invalidArgType('context', 'an instance of Buffer, TypedArray, or DataView', context)
    }
    if (!this._secureEstablished) throw nodeError('ERR_TLS_INVALID_STATE', 'TLS socket connection must be securely established')
    return this.#ask((ssl) => Buffer.from(refused(() => ssl.exportKeyingMaterial(length, label, context && asBytes(context)))), null)
  }

  /** Whether it was done: sizes that TLS does not know are refused. */
  setMaxSendFragment(size: number): boolean {
    demandInteger(size, 'size', -(2 ** 31), 2 ** 31 - 1)
    return this.#ask((ssl) => {
      try {
        ssl.setMaxSendFragment(size)
        return true
      } catch (error) {
        if (error instanceof ApiMisuseError) return false
        throw error
      }
    }, false)
  }

  setServername(name: string): void {
    demandType(name, 'string', 'name')
    if (this._isServer) throw nodeError('ERR_TLS_SNI_FROM_SERVER', 'Cannot issue SNI from a TLS server-side socket')
    this.#ask((ssl) => refused(() => ssl.setTlsextHostName(name)), undefined)
  }

  /** Bytes that are no session are passed over, and so is a session that was made with another server: it would vouch for this one. */
  setSession(bytes: string | NodeJS.ArrayBufferView): void {
    if (typeof bytes !== 'string' && !ArrayBuffer.isView(bytes)) {
      throw invalidArgType('session', 'an instance of Buffer, TypedArray, or DataView', bytes)
    }
    this.#ask((ssl) => {
      let session: SslSession
      try {
        session = SslSession.fromBytes(ssl.lib, typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : asBytes(bytes))
      } catch (error) {
        if (error instanceof ApiMisuseError) return
        throw error
      }
      try {
        if (this._isServer || this.#isOfServer(session)) ssl.setSession(session)
      } finally {
        session.free()
      }
    }, undefined)
  }

  /** Of a server, in the middle of the handshake: what it shows from now on. */
  setKeyCert(context: SecureContext | SecureContextOptions): void {
    this.#ask((ssl) => {
      const made = context instanceof SecureContext ? context : exported.createSecureContext(context as object) as unknown as SecureContext
      try {
        ssl.useIdentityOf(made.context.sslCtx)
      } catch (error) {
        throw error instanceof ApiMisuseError ? operationFailed('SetKeyCert: the context has no certificate and key', error) : error
      }
    }, undefined)
  }

  disableRenegotiation(): void {
    this.#renegotiates = false
  }

  /** TLS 1.3 has none, and this library does none: the callback is told. */
  renegotiate(options: object, callback?: (error: Error | null) => void): boolean | undefined {
    demandType(options, 'object', 'options')
    if (callback !== undefined) demandType(callback, 'function', 'callback')
    if (this.destroyed) return undefined
    const error = this.#renegotiates
      ? nodeError('ERR_SSL_NO_RENEGOTIATION', `error:0A000153:${NO_RENEGOTIATION.library}::${NO_RENEGOTIATION.reason}`, NO_RENEGOTIATION)
      : nodeError('ERR_TLS_RENEGOTIATION_DISABLED', 'TLS session renegotiation disabled for this socket')
    if (callback) queueMicrotask(() => callback(error))
    return false
  }

  /** Prints the handshake to the standard error output. */
  enableTrace(): void {
    this.#ask(trace, undefined)
  }

  /** @internal The session says whom it was made with. */
  _nameSession(): void {
    const session = this._openSsl?.get1Session()
    try {
      session?.set1Hostname(this._serverIdentity)
    } finally {
      session?.free()
    }
  }

  /** @internal Whether the peer's certificate is for {@link _serverIdentity}. */
  get _isNamedByPeer(): boolean {
    const subject = this.#ask(peerSubject, undefined)
    return subject !== undefined && checkServerIdentity(this._serverIdentity, subject) === undefined
  }

  #isOfServer(session: SslSession): boolean {
    const name = session.get0Hostname()
    return name === this._serverIdentity || (!name && !this._verifies)
  }

  #session<T>(read: (session: SslSession) => T): T | null | undefined {
    return this.#ask((ssl) => {
      if (ssl.getCipher() === undefined) return undefined // it has begun, and cannot be written down yet
      const session = this._told ? SslSession.fromBytes(ssl.lib, this._told) : ssl.get1Session()
      if (!session) return undefined
      try {
        return read(session)
      } finally {
        session.free()
      }
    }, null)
  }

  #ask<T, Otherwise>(look: (ssl: Ssl) => T, otherwise: Otherwise): T | Otherwise {
    return this._openSsl ? look(this._openSsl) : otherwise
  }
}

const NO_RENEGOTIATION = { library: 'SSL routines', reason: 'no renegotiation' }

/** Describes a key exchange that is neither DH nor ECDH, as Node 24 does. */
function groupOf(ssl: Ssl): object | undefined {
  const name = ssl.getVersion() === 'TLSv1.3' ? ssl.get0GroupName() : undefined
  return name === undefined ? undefined : { type: 'TLSGroup', name }
}

function asBuffer(bytes: Uint8Array<ArrayBuffer> | undefined): Buffer | undefined {
  return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Where the platform has node:crypto. */
function x509(raw: Uint8Array | undefined, issuer?: object): object | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(id: string): unknown } }
  const crypto = process?.getBuiltinModule?.('node:crypto') as { X509Certificate?: new (der: Uint8Array) => object } | undefined
  const cert = raw && crypto?.X509Certificate && new crypto.X509Certificate(raw)
  return cert && issuer ? Object.defineProperty(cert, 'issuerCertificate', { value: issuer, configurable: true }) : cert
}

function refused<T>(use: () => T): T {
  try {
    return use()
  } catch (error) {
    throw error instanceof ApiMisuseError ? contextError(error) : error
  }
}
