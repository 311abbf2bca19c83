// The sessions of one client connection: finds one to offer, and keeps those that come.

import { ApiMisuseError } from '../../base/errors.js'
import { asBytes, hex } from '../../base/bytes.js'
import { invalid } from '../../base/options.js'
import type { BasicSsl } from '../../core/basic-ssl.js'
import type { LibSsl } from '../../core/lib-ssl.js'
import { SslSession } from '../../core/ssl-session.js'
import { TLS1_3_VERSION, X509_V_OK } from '../../ffi/constants.gen.js'
import { useUp } from '../kept.js'
import type { ConnectOptions } from '../options.js'
import { asTlsSession, TlsSession } from './tls-session.js'
import { trustFingerprint } from './trust.js'

/** The most that RFC 8446 §4.6.1 allows. */
const LONGEST_LIFE_S = 7 * 24 * 60 * 60
/** The life of a TLS 1.2 session if the server does not say: OpenSSL's own default. */
const USUAL_LIFE_S = 2 * 60 * 60
/** A ClientHello has 65,535 bytes for extensions: so much is left by the others. */
const MOST_TICKET_BYTES = 61_000
/** The same within ECH, where OpenSSL has 1,500 bytes for the inner ClientHello. */
const MOST_TICKET_BYTES_IN_ECH = 900

export class ClientSessionKeeper {
  readonly #options: ConnectOptions
  #trust = new Uint8Array()
  #key = ''
  #offer: TlsSession | undefined
  /** What is to go with the first flight. */
  earlyData: Uint8Array | undefined
  readonly #wantsSessions: boolean
  /** Every option that weakens verification has such a name. */
  readonly #skipsVerification: boolean

  constructor(options: ConnectOptions) {
    this.#options = options
    this.#wantsSessions = (options.onSession ?? options.sessionStore) !== undefined
    this.#skipsVerification = Object.entries(options).some(([name, value]) => name.startsWith('dangerously') && value === true)
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
      try {
        this.#offer = bytes && this.#fitting(TlsSession.fromBytes(bytes))
      } catch {} // broken bytes from a store are as good as none
    }
  }

  /** Offers what was found. `fail` ends the connection. Throws if option `session` is broken inside. */
  setUp(ssl: BasicSsl, fail: (error: unknown) => void): void {
    if (this.#offer) this.#offerTo(ssl, this.#offer)
    if (this.#wantsSessions) ssl.setNewSessionCb((_, asn1) => this.#keep(ssl, asn1, fail))
  }

  /** When the handshake is done: a TLS 1.2 session that was resumed is good for another time. */
  opened(ssl: BasicSsl, fail: (error: unknown) => void): void {
    if (!this.#wantsSessions || !ssl.sessionReused() || ssl.getVersion() !== 'TLSv1.2') return
    const session = ssl.get1Session()
    if (session) useUp(session, () => this.#keep(ssl, session.toBytes(), fail))
  }

  #fitting(session: TlsSession): TlsSession | undefined {
    const { minVersion = 'TLSv1.2', maxVersion = 'TLSv1.3', servername } = this.#options
    const { verified, trust } = session.parts
    const fits = session.expiresAt.getTime() > Date.now() && session.servername === servername
      && session.protocol >= minVersion && session.protocol <= maxVersion
      && (verified || this.#skipsVerification) && hex(trust) === hex(this.#trust)
    return fits ? session : undefined
  }

  #offerTo(ssl: BasicSsl, offer: TlsSession): void {
    const session = this.#read(ssl.lib, offer)
    if (!session) return
    useUp(session, () => {
      const most = typeof this.#options.ech === 'object' ? MOST_TICKET_BYTES_IN_ECH : MOST_TICKET_BYTES
      if (!session.isResumable() || session.getTicketLength() > most) return
      ssl.setSession(session)
      // OpenSSL's part must agree with the rest.
      if (ssl.getVerifyResult() === X509_V_OK || this.#skipsVerification) {
        this.earlyData = this.#earlyDataFor(session, offer)
      } else {
        ssl.setSession(undefined)
        ssl.setVerifyResult(X509_V_OK)
      }
    })
  }

  #read(lib: LibSsl, offer: TlsSession): SslSession | undefined {
    try {
      return SslSession.fromBytes(lib, offer.parts.asn1)
    } catch (cause) {
      if (!(cause instanceof ApiMisuseError) || this.#options.session === undefined) return undefined // a store's: as good as none
      throw invalid('session', `is broken: ${cause.message}`, { cause })
    }
  }

  #earlyDataFor(session: SslSession, { alpnProtocol }: TlsSession): Uint8Array | undefined {
    const { earlyData, alpnProtocols = [], verify } = this.#options
    // In a resumed handshake `verify` is asked at the end, and no data may go before its answer.
    if (earlyData === undefined || verify !== undefined || session.getProtocolVersion() !== TLS1_3_VERSION) return undefined
    const alpn = session.get0AlpnSelected()
    // OpenSSL breaks the connection off if the server accepts early data for another protocol than OpenSSL took it for.
    const sameProtocol = alpn === alpnProtocol && (alpn === undefined || alpnProtocols.includes(alpn))
    return sameProtocol && earlyData.byteLength <= session.getMaxEarlyData() ? asBytes(earlyData) : undefined
  }

  #keep(ssl: BasicSsl, asn1: Uint8Array, fail: (error: unknown) => void): void {
    const session = this.#describe(ssl, asn1)
    if (session.expiresAt.getTime() <= Date.now()) return
    const { onSession, sessionStore } = this.#options
    onSession?.(session)
    const kept = sessionStore?.put(this.#key, session.toBytes(), session.expiresAt.getTime())
    if (kept) Promise.resolve(kept).catch(fail)
  }

  #describe(ssl: BasicSsl, given: Uint8Array): TlsSession {
    return useUp(SslSession.fromBytes(ssl.lib, given), (session) => {
      const alpnProtocol = ssl.get0AlpnSelected()
      // OpenSSL's client leaves in a session what its full handshake has agreed on, its server what this connection has: the
      // session is this connection's (RFC 8446 §4.2.10).
      const stale = alpnProtocol !== undefined && session.get0AlpnSelected() !== alpnProtocol
      if (stale) session.set1AlpnSelected(alpnProtocol)
      const protocol = session.getProtocolVersion() === TLS1_3_VERSION ? 'TLSv1.3' : 'TLSv1.2'
      const hint = session.getTicketLifetimeHint()
      const lifeS = hint === 0 && protocol === 'TLSv1.2' ? USUAL_LIFE_S : Math.min(hint, LONGEST_LIFE_S)
      return new TlsSession({
        protocol, alpnProtocol, trust: this.#trust, servername: this.#options.servername, asn1: stale ? session.toBytes() : given,
        expiresAtMs: session.expiresAtMs(lifeS), maxEarlyDataBytes: session.getMaxEarlyData(),
        verified: ssl.getVerifyResult() === X509_V_OK && !this.#skipsVerification,
      })
    })
  }
}
