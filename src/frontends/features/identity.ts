// Our own certificate and its key, and the CA's word that it is not revoked (stapled OCSP).

import { ApiMisuseError } from '../../base/errors.js'
import { asBytes, isBytesLike, type BytesLike } from '../../base/bytes.js'
import { shorten } from '../../base/quoted.js'
import { warn } from '../../base/warn.js'
import { checkOcspResponse } from '../../core/ocsp.js'
import type { BasicSslCtx } from '../../core/basic-ssl-ctx.js'
import type { X509Validity } from '../../core/x509-contents.js'
import { SSL_MAX_CERT_LIST_DEFAULT } from '../../ffi/constants.gen.js'
import {
  brokenRule, checkOptions, each, invalid, isBoolean, isFunctionOr, isOneOrMore, isPemOrDer, isReadBy, isSecret, isSomeBytes,
  refuse, type Certificates, type Feature, type ServerFeature,
} from './feature.js'

/** A certificate, its chain and its key. */
export interface Identity {
  /** Own certificate first, then its chain: PEM; or one certificate, DER. Wants `key`. */
  readonly cert?: Certificates | undefined
  /** Private key of `cert`: PEM or DER; PKCS#8, PKCS#1 or SEC1. Of several in a PEM text the one that belongs to `cert`. */
  readonly key?: string | BytesLike | undefined
  /** Certificate, chain and key in one: PKCS#12, DER. In the place of `cert` and `key`. */
  readonly pfx?: BytesLike | undefined
  /** For an encrypted `key`, or for `pfx`. */
  readonly passphrase?: string | BytesLike | undefined
}

/** Own certificate and key, as options. */
export interface IdentityOptions extends Identity, RawPublicKeyOption {
  /**
   * Use an own certificate though it has expired or is not valid yet. Default `false`: `ERR_TLS_CERT_EXPIRED` or
   * `ERR_TLS_CERT_NOT_YET_VALID`, as the peer would refuse it; a warning for those of its chain, which the peer may not need.
   */
  readonly useExpiredCert?: boolean | undefined
}

/** An own key in the place of a certificate. */
export interface RawPublicKeyOption {
  /**
   * Show the public half of the own key in the place of a certificate, if the peer knows how (RFC 7250); else `cert`. With it
   * `key` needs no `cert`. Default `false`.
   */
  readonly rawPublicKey?: boolean | undefined
}

/** Certificates of a server, with keys of several types. */
export interface IdentitiesOptions {
  /**
   * More identities of a server, of other key types. Which one a client sees depends on its signature algorithms, in the
   * server's order (`signatureAlgorithms`).
   */
  readonly identities?: Identity | readonly Identity[] | undefined
}

/** What a server staples to its certificate. */
export interface OcspResponseOptions {
  /**
   * Given to clients that ask: the DER encoding of an OCSP response for `cert`, or a function that returns the
   * present one, at once, or nothing. OpenSSL sends it only if it is about `cert`.
   */
  readonly ocspResponse?: BytesLike | (() => BytesLike | undefined) | undefined
}

const identityChecks = { cert: isPemOrDer, key: isPemOrDer, pfx: isSomeBytes, passphrase: isSecret } as const

export const identity: Feature<IdentityOptions> = {
  checks: { ...identityChecks, useExpiredCert: isBoolean, rawPublicKey: isBoolean },
  perClient: ['cert', 'key', 'pfx', 'passphrase'],
  excludes: { pfx: ['cert', 'key'] },
  requires: { cert: ['key'], key: ['cert', 'rawPublicKey'] },
  needs: { rawPublicKey: ['key', 'pfx'], passphrase: ['key', 'pfx'] },
  setUpCtx(ctx, options) {
    if (options.key !== undefined || options.pfx !== undefined) useIdentity(ctx, options, options.useExpiredCert, (name) => name)
  },
  renewCtx: (ctx) => dated.get(ctx)?.forEach(checkDates),
}

/** Certificates whose dates count, with the option to blame for them. */
interface Dated { readonly option: string; readonly chain: readonly X509Validity[] }
const dated = new WeakMap<BasicSslCtx, readonly Dated[]>()

const isIdentity = /* @__PURE__ */ isReadBy((parts: Identity) => {
  const { cert, pfx } = checkOptions(parts, identityChecks, 'an identity')
  const wrong = brokenRule(identity, parts)
  if (wrong) throw invalid(...wrong)
  if ((cert ?? pfx) === undefined) throw invalid('cert', 'is required, or pfx')
})

/** After {@link identity}. */
export const identities: Feature<IdentitiesOptions, IdentityOptions> = {
  checks: { identities: /* @__PURE__ */ isOneOrMore(isIdentity) },
  setUpCtx(ctx, options) {
    const types = new Set([ctx.getCertKeyType()])
    for (const one of each(options.identities ?? [])) {
      const type = useIdentity(ctx, one, options.useExpiredCert, () => 'identities')
      if (types.has(type)) throw invalid('identities', `must not hold two of the key type ${type}: a server has one of each`)
      types.add(type)
    }
  },
}

export const ocspResponse: ServerFeature<OcspResponseOptions> = {
  checks: { ocspResponse: /* @__PURE__ */ isFunctionOr(isSomeBytes) },
  answers: { ocspResponse: 'at once' },
  setUpSsl(ssl, { ocspResponse: given }) {
    if (given === undefined) return
    const check = (response: BytesLike) => refuse('ocspResponse', () => checkOcspResponse(ssl.lib, asBytes(response)))
    if (typeof given !== 'function') check(given)
    ssl.setTlsextStatusCb(() => {
      const response = typeof given === 'function' ? given() : given
      if (response === undefined) return false
      if (!isBytesLike(response)) throw invalid('ocspResponse', 'must give bytes, or nothing, at once')
      check(response)
      ssl.setTlsextStatusOcspResp(asBytes(response))
      return true
    })
  },
}

/** Whether there is anything that a server can show. */
export function hasIdentity({ key, pfx, identities }: IdentitiesOptions & Identity): boolean {
  return (key ?? pfx ?? identities) !== undefined
}

/** Returns the type of its key. `option` names the option to blame for a part. */
function useIdentity(
  ctx: BasicSslCtx, { cert, key, pfx, passphrase }: Identity, expiredToo: boolean | undefined, option: (part: keyof Identity) => string,
): string | undefined {
  if (pfx !== undefined) refuse(option('pfx'), () => ctx.usePkcs12(pfx, passphrase))
  if (cert !== undefined) refuse(option('cert'), () => ctx.useCertificateChain(cert))
  const type = ctx.getCertKeyType()
  const chain = ctx.getCertChainValidity()
  if (key !== undefined) refuse(option('key'), () => {
    ctx.usePrivateKey(key, passphrase)
    if (cert === undefined) return // a raw public key
    // OpenSSL keeps a key and a certificate of each type: this one has gone to another place.
    if (ctx.getCertKeyType() !== type) throw new ApiMisuseError('ERR_TLS_KEY_MISMATCH', "the key is of another type than the certificate's")
    ctx.checkPrivateKey()
  }, (words, code) => (code === 'ERR_TLS_KEY_MISMATCH' && cert !== undefined ? words + wrongOrder(ctx, cert) : words))
  const one = { option: option(pfx === undefined ? 'cert' : 'pfx'), chain }
  warnIfLong(one)
  if (!expiredToo) {
    checkDates(one)
    dated.set(ctx, [...dated.get(ctx) ?? [], one])
  }
  return type
}

/** What to say of a chain that begins with a CA, and not with the own certificate, as far as the names tell. */
function wrongOrder(ctx: BasicSslCtx, cert: Certificates): string {
  ctx.useCertificateChain(cert) // again: a key of another type has taken its place
  const [first, second] = ctx.getCertChain()
  return first === undefined || second?.issuer !== first.subject ? ''
    : `; 'cert' begins with ${shorten(first.subject)}, which has issued the next certificate: your own comes first, then the CAs above it`
}

/** Our own certificate must be in date. Of the chain peers take what they need: an old cross-signed root is often left in it. */
function checkDates({ option, chain }: Dated): void {
  const now = new Date()
  for (const [depth, { subject, validFrom, validTo }] of chain.entries()) {
    if (!(validTo < now || validFrom > now)) continue
    const [what, words] = validTo < now
      ? ['EXPIRED', `${subject} has expired (${validTo.toISOString()})`] as const
      : ['NOT_YET_VALID', `${subject} is not valid yet (${validFrom.toISOString()})`] as const
    if (depth > 0) {
      warn(`WARN_TLS_CHAIN_${what}`, `option '${option}': ${words}; it is sent nevertheless: peers may not need it`)
    } else {
      const message = `option '${option}' was refused: ${words}; give option 'useExpiredCert' to use it nevertheless`
      throw new ApiMisuseError(`ERR_TLS_CERT_${what}`, message, { option })
    }
  }
}

/** OpenSSL's default, and that of many others. */
function warnIfLong({ option, chain }: Dated): void {
  const bytes = chain.reduce((sum, one) => sum + CERTIFICATE_FRAMING_BYTES + one.bytes, 0)
  if (bytes <= SSL_MAX_CERT_LIST_DEFAULT) return
  warn('WARN_TLS_CHAIN_TOO_LONG', `option '${option}': ${chain[0]?.subject} and its chain take ${bytes} bytes: peers refuse more than`
    + ` ${SSL_MAX_CERT_LIST_DEFAULT} unless they are told to allow it (with this library, by option 'maxCertificateListBytes')`)
}

/** Around each certificate of TLS 1.3's Certificate message (RFC 8446 §4.4.2). */
const CERTIFICATE_FRAMING_BYTES = 5
