// What a SecureContext holds: an SSL_CTX for connections of both sides, set up step by step. Its methods are those of Node's own object,
// as far as applications call them.

import { asBytes, isBytesLike, utf8, type BytesLike } from '../../base/bytes.js'
import { ApiMisuseError } from '../../base/errors.js'
import { contentHint } from '../../core/content-hint.js'
import type { LibSsl } from '../../core/lib-ssl.js'
import { SslCtx } from '../../core/ssl-ctx.js'
import { Ssl } from '../../core/ssl.js'
import { X509Store } from '../../core/x509-store.js'
import {
  LSW_TICKET_KEY128_BYTES, SSL_MODE_ENABLE_PARTIAL_WRITE, SSL_MODE_RELEASE_BUFFERS, SSL_OP_IGNORE_UNEXPECTED_EOF,
  SSL_OP_NO_RENEGOTIATION, SSL_SESS_CACHE_CLIENT, SSL_SESS_CACHE_NO_AUTO_CLEAR, SSL_SESS_CACHE_NO_INTERNAL_LOOKUP,
  SSL_SESS_CACHE_NO_INTERNAL_STORE, SSL_SESS_CACHE_SERVER, X509_V_FLAG_CRL_CHECK, X509_V_FLAG_CRL_CHECK_ALL, X509_V_FLAG_PARTIAL_CHAIN,
} from '../../ffi/constants.gen.js'
import { collected } from '../../ffi/collected.js'
import { setCiphers } from '../ciphers.js'
import { setDhParam } from '../dh-param.js'
import { contextError } from '../error-codes.js'
import { Buffer } from '../platform/buffer.js'
import { defaultAnchors, type DefaultAnchors } from './certificates.js'
import { warn, warnOnce } from './warnings.js'

/** OpenSSL's default groups of TLS 1.2: curves, and finite fields. */
const ELLIPTIC = '?X25519:?secp256r1:?X448:?secp384r1:?secp521r1'
const FFDHE = ':?ffdhe2048:?ffdhe3072'

/** PEM, as text or bytes. */
export type Pem = string | NodeJS.ArrayBufferView

export class ContextHandle {
  /** @internal */ readonly sslCtx: SslCtx
  /** Its own, once something is added to it. */
  #store: X509Store | undefined
  /** Those of when it was made. */
  readonly #defaults: DefaultAnchors
  #trustsDefaults = false
  #anchored = false
  /** The lowest and the highest version, as numbers of TLS. */
  #versions: [number, number] = [0, 0]
  #ticketKeys: Buffer | undefined
  #groups = ELLIPTIC
  #ffdhe = ''

  constructor(lib: LibSsl) {
    this.sslCtx = new SslCtx(lib, 'TLS_method')
    this.#defaults = defaultAnchors()
    collected?.register(this, this.sslCtx) // users have nothing to call
    const ctx = this.sslCtx
    ctx.setMode(SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS)
    ctx.setOptions(SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF) // as Node: a stream that is cut has ended
    ctx.setSessionCacheMode(SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_AUTO_CLEAR
      | SSL_SESS_CACHE_NO_INTERNAL_LOOKUP | SSL_SESS_CACHE_NO_INTERNAL_STORE)
    ctx.sessSetCallbacks()
  }

  get lib(): LibSsl {
    return this.sslCtx.lib
  }

  /** Trusts the default CAs. They are read when the first connection needs them. */
  addRootCerts(): void {
    this.#trustsDefaults = true
    this.#anchored = false
    if (this.#store) this.#store.addStore(this.#defaults.store(this.lib))
  }

  /** @internal To be called before a connection that verifies its peer. */
  anchor(): void {
    if (this.#anchored) return
    this.#anchored = true
    if (!this.#store && this.#trustsDefaults) this.sslCtx.set1CertStore(this.#defaults.store(this.lib))
  }

  /** Trusts these beside those before, and names them to clients that are asked for a certificate. As in Node, a text without any adds
   * nothing, and what follows one that cannot be read is ignored; here a warning says so. Mostly it is a path, or DER. */
  addCACert(certificates: Pem): void {
    const text = textOf(certificates)
    if (!/-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----/.test(text)) {
      warnOnce('', `option 'ca' holds no certificate in PEM, and is ignored${contentHint(utf8(text), true)}`)
      return
    }
    const added = new X509Store(this.lib)
    try {
      try {
        added.addCerts(text)
      } catch (error) {
        if (!(error instanceof ApiMisuseError)) throw error
        const why = contextError(error, 'ca').message
        warnOnce('', `option 'ca' holds a certificate that cannot be read (${why}): it is ignored, and so are those after it`)
      }
      this.#ownStore().addStore(added)
      this.sslCtx.addToCaList(added)
    } finally {
      added.free()
    }
  }

  addCRL(lists: Pem): void {
    const store = this.#ownStore()
    refused('crl', () => store.addCrls(textOf(lists)))
    this.sslCtx.setVerifyFlags(X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL)
  }

  setAllowPartialTrustChain(): void {
    this.sslCtx.setVerifyFlags(X509_V_FLAG_PARTIAL_CHAIN)
  }

  setCert(chain: Pem): void {
    refused('cert', () => this.sslCtx.useCertificateChain(textOf(chain)))
  }

  setKey(key: Pem, passphrase?: Pem): void {
    refused('key', () => this.sslCtx.usePrivateKey(textOf(key), passphrase === undefined ? undefined : bytesOf(passphrase)))
  }

  loadPKCS12(file: Pem, passphrase?: Pem): void {
    refused('pfx', () => this.sslCtx.usePkcs12(typeof file === 'string' ? Buffer.from(file, 'latin1') : bytesOf(file),
      passphrase === undefined ? undefined : bytesOf(passphrase)))
    for (const issuer of this.sslCtx.getCertChain().slice(1)) this.addCACert(issuer.toPem())
  }

  /** Of all versions. Call it when {@link setMinProto} and {@link setMaxProto} have been. */
  setCiphers(list: string): void {
    refused('ciphers', () => setCiphers(this.sslCtx, list, ...this.#versions))
  }

  setSigalgs(list: string): void {
    refused('sigalgs', () => this.sslCtx.set1SigalgsList(list))
  }

  setECDHCurve(list: string): void {
    refused('ecdhCurve', () => this.sslCtx.set1GroupsList(list))
    this.#groups = list
  }

  /** `true` or `'auto'` for OpenSSL's own. */
  setDHParam(params: true | Pem): void {
    const given = params === true ? 'auto' : textOf(params)
    const bits = setDhParam(this.sslCtx, given)
    this.#ffdhe = given === 'auto' ? FFDHE : bits === undefined ? '' : `:?ffdhe${bits}`
    if (bits !== undefined && bits < 2048) warn('SecurityWarning', 'DH parameter is less than 2048 bits')
  }

  /**
   * @internal Groups for a client of TLS 1.2. OpenSSL 4.0 has DHE suites without `dhparam`, too, by the groups that a client names
   * (RFC 7919), and for such a client does not use `dhparam`: as in Node there are none without, and else those of its size.
   */
  get groupsOfTls12(): string {
    return `${this.#groups}${this.#groups === ELLIPTIC ? this.#ffdhe : ''}`
  }

  setMinProto(version: number): void {
    refused('minVersion', () => this.sslCtx.setMinProtoVersion(version))
    this.#versions[0] = version
  }

  setMaxProto(version: number): void {
    refused('maxVersion', () => this.sslCtx.setMaxProtoVersion(version))
    this.#versions[1] = version
  }

  setOptions(options: number): void {
    this.sslCtx.setOptions(BigInt(Math.trunc(options)))
  }

  setSessionIdContext(id: string): void {
    refused('sessionIdContext', () => this.sslCtx.setSessionIdContext(utf8(id)))
  }

  setSessionTimeout(seconds: number): void {
    this.sslCtx.setTimeout(seconds)
  }

  /** 48 bytes: 16 for their name, 16 for HMAC-SHA-256, 16 for AES-128-CBC. */
  setTicketKeys(keys: NodeJS.ArrayBufferView): void {
    this.#ticketKeys = Buffer.from(bytesOf(keys))
    this.sslCtx.setTicketKeys(this.#ticketKeys, LSW_TICKET_KEY128_BYTES)
  }

  /** Those that were set; else random ones, from now on. */
  getTicketKeys(): Buffer {
    if (!this.#ticketKeys) this.setTicketKeys(crypto.getRandomValues(new Uint8Array(LSW_TICKET_KEY128_BYTES)))
    return Buffer.from(this.#ticketKeys!)
  }

  /** DER, or `null`. */
  getCertificate(): Buffer | null {
    const [own] = this.sslCtx.getCertChain()
    return own ? Buffer.from(own.raw) : null
  }

  /** The certificate of the one who has issued it, if that is known. */
  getIssuer(): Buffer | null {
    const [own, next] = this.sslCtx.getCertChain()
    if (own && next?.subject === own.issuer) return Buffer.from(next.raw)
    this.anchor()
    const ssl = new Ssl(this.sslCtx)
    try {
      const issuer = ssl.getCertificateIssuer()
      return issuer ? Buffer.from(issuer.raw) : null
    } finally {
      ssl.free()
    }
  }

  /** Node's add-ons find the SSL_CTX by it. Here is none that they could use. */
  get _external(): object {
    if (!(#store in this)) throw new TypeError('Illegal invocation')
    return {}
  }

  #ownStore(): X509Store {
    if (!this.#store) {
      this.#store = new X509Store(this.lib)
      collected?.register(this, this.#store)
      if (this.#trustsDefaults) this.#store.addStore(this.#defaults.store(this.lib))
      this.sslCtx.set1CertStore(this.#store)
    }
    return this.#store
  }
}

/** As Node takes texts and bytes: PEM has no other characters. */
function textOf(value: Pem): string {
  return typeof value === 'string' ? value : Buffer.from(bytesOf(value)).toString('latin1')
}

function bytesOf(value: Pem): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value)
  return isBytesLike(value) ? asBytes(value as BytesLike) : new Uint8Array(value)
}

/** What OpenSSL refuses of `option` throws as in Node. */
function refused<T>(option: string, use: () => T): T {
  try {
    return use()
  } catch (error) {
    throw error instanceof ApiMisuseError ? contextError(error, option) : error
  }
}
