// What is asked of a peer beside OpenSSL's own verification: pins, and a decision of the caller's, which may take time.

import { CertificateError, type CertificateErrorCode } from '../../base/errors.js'
import { isPromiseLike } from '../../base/realms.js'
import type { BasicSsl } from '../../core/basic-ssl.js'
import { certificateCode, verifyName, type VerifyResultName } from '../../core/certificate-code.js'
import type { X509 } from '../../core/x509.js'
import { SSL_AD_CERTIFICATE_UNKNOWN, X509_V_ERR_APPLICATION_VERIFICATION, X509_V_OK } from '../../ffi/constants.gen.js'
import type { Decisions } from '../../pump/decisions.js'
import { invalid, isBoolean, isFunction, isOneOrMore, type Check, type Feature } from './feature.js'
import type { RawPublicKeyOptions } from './known-keys.js'

/** `true`, or nothing where OpenSSL has accepted: accept. Anything else refuses. */
export type VerifyAnswer = boolean | void

/** What is asked of the peer beside OpenSSL's own verification. */
export interface VerificationOptions {
  /**
   * Asked once a connection, when OpenSSL has accepted the peer's chain: the last word before the peer is trusted. What
   * it throws or rejects with is what the handshake fails with; the peer gets the alert certificate_unknown, or that of a
   * `RefusalError`. It has `handshakeTimeoutMs`. In a resumed session it is asked, too, about the certificates that the
   * session has kept; a client's early data has gone by then, on the word of the session's first handshake.
   *
   * A client waits in the handshake. A server's handshake is finished first if the answer takes time, as OpenSSL's
   * server cannot wait there; `opened`, reading and writing wait for the answer.
   */
  readonly verify?: ((chain: readonly X509[], context: VerifyContext) => VerifyAnswer | PromiseLike<VerifyAnswer>) | undefined
  /**
   * DANGEROUS: `verify` is asked even if OpenSSL refuses the chain, and what it says counts: `true` alone accepts. A
   * `verify` that does not look at every one of {@link VerifyContext.failures} accepts anybody.
   */
  readonly dangerouslyReplaceVerification?: boolean | undefined
  /**
   * SHA-256 over the SubjectPublicKeyInfo, in base64, alone or after `sha256/`, or after `sha256//` as curl has it. At least one
   * certificate of the verified chain must have one of these: `ERR_TLS_CERT_PIN_MISMATCH`. RFC 7469 §2.4.
   */
  readonly pins?: string | readonly string[] | undefined
}

/** What `verify` is told beside the chain. */
export interface VerifyContext {
  /** The name that the client asks for (SNI); a server has checked that it is the name of a host. */
  readonly servername: string | undefined
  /** OpenSSL's verdict: `X509_V_OK`, or the name of the last failure. */
  readonly verifyResult: VerifyResultName
  /** All that OpenSSL holds against the chain; empty unless its verification is replaced. */
  readonly failures: readonly VerifyFailure[]
  /** Whether a session was resumed: the chain is then what the session has kept of the peer's, its own certificate at least. */
  readonly resumed: boolean
}

/** One thing that OpenSSL holds against a chain. */
export interface VerifyFailure {
  /** As in {@link CertificateError}: `CERT_HAS_EXPIRED` for example, or `ERR_TLS_CERT_ALTNAME_INVALID` for a name that it does not hold. */
  readonly code: CertificateErrorCode
  /** OpenSSL's number. */
  readonly verifyCode: number
  /** 0 is the peer's own certificate, 1 its issuer, and so on. */
  readonly depth: number
}

const isPin: Check = (value) => (typeof value === 'string' && /^(sha256\/\/?)?[A-Za-z0-9+/]{43}=$/.test(value)
  ? undefined : "must be one or more of 'sha256/' and 32 bytes in base64")

export const verification: Feature<VerificationOptions, RawPublicKeyOptions & { readonly maxEarlyDataBytes?: number | undefined }> = {
  checks: { verify: isFunction, dangerouslyReplaceVerification: isBoolean, pins: isOneOrMore(isPin) },
  answers: { verify: 'in time' },
  either: ['verify'],
  // A raw public key comes without a chain, and into a chain that is not verified a peer can put any certificate.
  excludes: { pins: ['acceptedRawPublicKeys', 'dangerouslyReplaceVerification'] },
  requires: { dangerouslyReplaceVerification: ['verify'] },
  agree({ verify, maxEarlyDataBytes }) {
    if (verify && maxEarlyDataBytes) throw invalid('maxEarlyDataBytes', 'contradicts verify: early data comes before verify has been asked')
  },
  setUpSsl: setUpVerification,
}

function setUpVerification(ssl: BasicSsl, options: VerificationOptions, decisions: Decisions): void {
  const { verify, pins, dangerouslyReplaceVerification: replaced } = options
  if (!verify && !pins) return
  let failures: VerifyFailure[] = []
  /** `verify` was asked in this connection. */
  let asked = false
  /** A server's `verify` whose answer comes too late for OpenSSL. */
  let late: Promise<void> | undefined

  const ask = (chain: readonly X509[], verifyCode: number, failures: readonly VerifyFailure[], resumed: boolean) => {
    asked = true
    return verify!(chain, { servername: ssl.getServername(), verifyResult: verifyName(verifyCode), failures, resumed })
  }
  const judge = (answer: VerifyAnswer, [certificate]: readonly X509[]): void => {
    if (answer === true || (answer === undefined && !replaced)) return
    const subject = certificate ? ` (${certificate.subject})` : ''
    throw refusal('APPLICATION_VERIFICATION', `verify refused the peer's certificate${subject}`, certificate)
  }
  const reviewResumed = async (): Promise<void> => {
    if (ssl.getPskIdentity() !== undefined) return // no session, and no certificate
    asked = true
    const own = ssl.getPeerCertificate()
    if (!own && !ssl.getPeerRpk() && ssl.isServer()) return // a client that had shown nothing
    const sent = ssl.getPeerCertChain()
    // A session that was kept as bytes holds the peer's own certificate alone.
    const chain = sent.length > 0 || !own ? sent : [own]
    const verifyCode = ssl.getVerifyResult()
    judge(await ask(chain, verifyCode, verifyCode === X509_V_OK ? [] : [failure(verifyCode, 0)], true), chain)
  }

  // Without this callback OpenSSL stops at the first failure, and never checks the rest, for example the signatures.
  if (replaced) ssl.setVerifyCb((preverifyOk, depth, verifyCode) => {
    if (!preverifyOk) failures.push(failure(verifyCode, depth))
    return 1
  })
  ssl.setCertVerifyCallback((preverifyOk, verifyCode) => {
    const found = failures
    failures = []
    // Our callback overrules every failure, so a refusal where verification is replaced is no verdict: an error prevented one.
    if (!preverifyOk) return 0
    if (pins) checkPins([pins].flat(), ssl.getVerifiedChainSpkiSha256())
    if (!verify) return 1
    late = undefined
    const chain = ssl.getVerifiedChain()
    const askNow = () => ask(chain, verifyCode, found, false)
    const answer = ssl.isServer() ? { value: askNow() } : decisions.ask(askNow)
    if (!answer) return -1
    if (isPromiseLike(answer.value)) {
      late = Promise.resolve(answer.value).then((settled) => judge(settled, chain))
      late.catch(() => {}) // the review tells, if it comes to that
    } else {
      judge(answer.value, chain)
    }
    return 1
  })
  // After a handshake, and again after each certificate that was asked for later. Pins need no second look: no session is resumed
  // that other options have made (sessions/trust.ts).
  if (verify) decisions.reviewWith(() => late ?? (ssl.sessionReused() && !asked ? reviewResumed() : undefined))
}

function checkPins(pins: readonly string[], hashes: readonly Uint8Array[]): void {
  const wanted = new Set(pins.map((pin) => pin.slice(-44)))
  const found = hashes.map((hash) => btoa(String.fromCharCode(...hash)))
  if (found.some((pin) => wanted.has(pin))) return
  throw refusal('ERR_TLS_CERT_PIN_MISMATCH', `no certificate of the chain has a pinned key; they have sha256/${found.join(', sha256/')}`)
}

function refusal(
  code: CertificateErrorCode, message: string, certificate?: X509, verifyCode: number = X509_V_ERR_APPLICATION_VERIFICATION,
) {
  return new CertificateError<X509>(code, message, {
    verifyCode, depth: certificate ? 0 : -1, certificate,
    alert: { from: 'us', level: 'fatal', description: SSL_AD_CERTIFICATE_UNKNOWN },
  })
}

function failure(verifyCode: number, depth: number): VerifyFailure {
  return { code: certificateCode(verifyCode), verifyCode, depth }
}

/** Refuses a session whose peer was not verified when it was made: a resumed handshake verifies nothing. */
export function reviewSession(ssl: BasicSsl): void {
  if (!ssl.sessionReused() || ssl.getVerifyResult() === X509_V_OK) return
  // An external key looks like a session. To hold it is proof enough.
  if (ssl.getPskIdentity() !== undefined) return
  const message = 'the resumed session belongs to a peer that was not verified'
  throw refusal('APPLICATION_VERIFICATION', message, ssl.getPeerCertificate(), ssl.getVerifyResult())
}
