// The sessions of one client connection: finds one to offer, and keeps those that come.

import { ApiMisuseError } from '../../base/errors.js'
import { asBytes, hex } from '../../base/bytes.js'
import type { LibSsl } from '../../core/lib-ssl.js'
import { SslSession } from '../../core/ssl-session.js'
import type { Ssl } from '../../core/ssl.js'
import { TLS1_3_VERSION, X509_V_OK } from '../../ffi/constants.gen.js'
import type { ConnectOptions } from '../options.js'
import { asTlsSession, TlsSession } from './tls-session.js'
import { trustFingerprint } from './trust.js'

/** The most that RFC 8446 §4.6.1 allows. */
const LONGEST_LIFE_S = 7 * 24 * 60 * 60
/** The life of a TLS 1.2 session if the server does not say: OpenSSL's own default. */
const USUAL_LIFE_S = 2 * 60 * 60

export class ClientSessionKeeper {
  readonly #options: ConnectOptions
  #trust = new Uint8Array()
  #key = ''
  #offer: TlsSession | undefined
  #earlyData: Uint8Array | undefined

  constructor(options: ConnectOptions) {
    this.#options = options
  }

  /** Before anything is sent: finds the session to offer. Rejects with what the store throws. */
  async prepare(lib: LibSsl): Promise<void> {
    const { session, sessionStore, sessionKey, servername, alpnProtocols = [] } = this.#options
    if (session === undefined && !this.#wantsSessions) return
    this.#trust = trustFingerprint(lib, this.#options)
    this.#key = sessionKey ?? [servername ?? '', alpnProtocols.join(), hex(this.#trust)].join(' ')
    if (session !== undefined) {
      this.#offer = this.#fitting(asTlsSession(session))
    } else if (sessionStore) {
      const bytes = await sessionStore.take(this.#key)
      this.#offer = bytes && this.#fitting(readKept(bytes))
    }
  }

  /** Offers what was found. `fail` ends the connection. Throws if option `session` is broken inside. */
  setUp(ssl: Ssl, fail: (error: unknown) => void): void {
    if (this.#offer) this.#offerTo(ssl, this.#offer)
    if (this.#wantsSessions) ssl.setNewSessionCb((_, asn1) => this.#keep(ssl, asn1, fail))
  }

  /** What is to go with the first flight. */
  get earlyData(): Uint8Array | undefined {
    return this.#earlyData
  }

  /** When the handshake is done: a TLS 1.2 session that was resumed is good for another time. */
  opened(ssl: Ssl, fail: (error: unknown) => void): void {
    if (!this.#wantsSessions || !ssl.sessionReused() || ssl.getVersion() !== 'TLSv1.2') return
    const session = ssl.get1Session()
    try {
      if (session) this.#keep(ssl, session.toBytes(), fail)
    } finally {
      session?.free()
    }
  }

  get #wantsSessions(): boolean {
    return this.#options.onSession !== undefined || this.#options.sessionStore !== undefined
  }

  #fitting(session: TlsSession | undefined): TlsSession | undefined {
    if (!session) return undefined
    const { minVersion = 'TLSv1.2', maxVersion = 'TLSv1.3', servername } = this.#options
    const { verified, trust } = session.parts
    const fits = session.expiresAt.getTime() > Date.now() && session.servername === servername
      && session.protocol >= minVersion && session.protocol <= maxVersion
      && (verified || this.#skipsVerification) && hex(trust) === hex(this.#trust)
    return fits ? session : undefined
  }

  #offerTo(ssl: Ssl, offer: TlsSession): void {
    let session: SslSession
    try {
      session = SslSession.fromBytes(ssl.lib, offer.parts.asn1)
    } catch (cause) {
      if (!(cause instanceof ApiMisuseError) || this.#options.session === undefined) return // a store's: as good as none
      throw new ApiMisuseError('ERR_TLS_INVALID_OPTION', `option 'session' is broken: ${cause.message}`, { cause, option: 'session' })
    }
    try {
      if (!session.isResumable()) return
      ssl.setSession(session)
      // OpenSSL's part must agree with the rest.
      if (ssl.getVerifyResult() !== X509_V_OK && !this.#skipsVerification) {
        ssl.setSession(undefined)
        ssl.setVerifyResult(X509_V_OK)
        return
      }
      this.#earlyData = this.#earlyDataFor(session, offer)
    } finally {
      session.free()
    }
  }

  #earlyDataFor(session: SslSession, { alpnProtocol }: TlsSession): Uint8Array | undefined {
    const { earlyData, alpnProtocols = [], verify } = this.#options
    // In a resumed handshake `verify` is asked at its end: nothing may go before that.
    if (earlyData === undefined || verify !== undefined || session.getProtocolVersion() !== TLS1_3_VERSION) return undefined
    const alpn = session.get0AlpnSelected()
    // OpenSSL breaks the connection off if the server accepts early data for another protocol than OpenSSL took it for.
    const sameProtocol = alpn === alpnProtocol && (alpn === undefined || alpnProtocols.includes(alpn))
    return sameProtocol && earlyData.byteLength <= session.getMaxEarlyData() ? asBytes(earlyData) : undefined
  }

  #keep(ssl: Ssl, asn1: Uint8Array, fail: (error: unknown) => void): void {
    const session = this.#describe(ssl, asn1)
    if (session.expiresAt.getTime() <= Date.now()) return
    const { onSession, sessionStore } = this.#options
    onSession?.(session)
    const kept = sessionStore?.put(this.#key, session.toBytes(), session.expiresAt.getTime())
    if (kept) Promise.resolve(kept).catch(fail)
  }

  #describe(ssl: Ssl, given: Uint8Array): TlsSession {
    const session = SslSession.fromBytes(ssl.lib, given)
    try {
      const alpnProtocol = ssl.get0AlpnSelected()
      // OpenSSL's client leaves in a session what its full handshake has agreed on, its server what this connection has: the
      // session is this connection's (RFC 8446 §4.2.10).
      const stale = alpnProtocol !== undefined && session.get0AlpnSelected() !== alpnProtocol
      if (stale) session.set1AlpnSelected(alpnProtocol)
      const protocol = session.getProtocolVersion() === TLS1_3_VERSION ? 'TLSv1.3' : 'TLSv1.2'
      const hint = session.getTicketLifetimeHint()
      const lifeS = hint === 0 && protocol === 'TLSv1.2' ? USUAL_LIFE_S : Math.min(hint, LONGEST_LIFE_S)
      const certificateEndsMs = session.getPeer()?.validTo.getTime() ?? Infinity
      return new TlsSession({
        protocol, trust: this.#trust,
        asn1: stale ? session.toBytes() : given,
        servername: this.#options.servername,
        alpnProtocol,
        // A resumed connection is not shown the certificate again: it ends with it.
        expiresAtMs: Math.min((session.getTime() + lifeS) * 1000, certificateEndsMs),
        maxEarlyDataBytes: session.getMaxEarlyData(),
        verified: ssl.getVerifyResult() === X509_V_OK && !this.#skipsVerification,
      })
    } finally {
      session.free()
    }
  }

  /** Every option that weakens verification has such a name. */
  get #skipsVerification(): boolean {
    return Object.entries(this.#options).some(([name, value]) => name.startsWith('dangerously') && value === true)
  }
}

/** Broken bytes from a store are as good as none. */
function readKept(bytes: Uint8Array): TlsSession | undefined {
  try {
    return TlsSession.fromBytes(bytes)
  } catch {
    return undefined
  }
}
