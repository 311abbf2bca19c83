// A peer's certificates as a chain, each with what is wrong with it and since when.

import { plain } from '../../base/quoted.js'
import type { X509 } from '../../core/x509.js'
import type { VerifyFailure } from '../../frontends/features/verification.js'

/** Something about a certificate that people should know. */
export interface Fault {
  /** As a `CertificateError` has it; or {@link SOON}, which is no failure. */
  readonly code: string
  readonly words: string
}

export interface Link {
  readonly certificate: X509
  readonly faults: readonly Fault[]
  /** By the peer; others are trust anchors. `undefined` if that is not known. */
  readonly sent: boolean | undefined
}

export interface Chain {
  /** The peer's own first, then its issuer, and so on. */
  readonly links: readonly Link[]
  /** Who issued the last of them, if that is not itself. */
  readonly issuer: string | undefined
  /** Sent beside the chain. */
  readonly others: readonly X509[]
}

/** The code of a certificate that is good for some days more. */
export const SOON = 'EXPIRES_SOON'

const DAY_MS = 24 * 3600 * 1000
/** From then on a certificate that expires is worth a warning. */
const SOON_MS = 14 * DAY_MS

/**
 * `sent`: `undefined` if it is not known; `found`: the chain as far as OpenSSL could build it, if it was asked; `names`: whom the
 * certificate should be for.
 */
export function chainOf(
  sent: readonly X509[] | undefined, found: readonly X509[] | undefined, failures: readonly VerifyFailure[], names: readonly string[],
  now = new Date(),
): Chain {
  const chain = found && found.length > 0 ? found : path(sent ?? [])
  const links = chain.map((certificate, depth) => {
    const codes = new Set(failures.filter((failure) => failure.depth === depth).map(({ code }) => code))
    // OpenSSL says both of a certificate whose issuer is unknown.
    if (codes.size > 1) codes.delete('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
    const faults: Fault[] = [...codes].map((code) => ({ code, words: wordsFor(code, certificate, names, now) }))
    const leftMs = certificate.validTo.getTime() - now.getTime()
    if (leftMs > 0 && leftMs < SOON_MS) faults.push({ code: SOON, words: `expires in ${span(leftMs)}` })
    return { certificate, faults, sent: sent?.some(({ fingerprint256 }) => fingerprint256 === certificate.fingerprint256) }
  })
  const last = chain.at(-1)
  return {
    links,
    issuer: last && last.issuer !== last.subject ? last.issuer : undefined,
    others: (sent ?? []).filter((one) => !chain.some(({ fingerprint256 }) => fingerprint256 === one.fingerprint256)),
  }
}

/** From the peer's own certificate by the names of issuers. */
function path(sent: readonly X509[]): X509[] {
  const chain: X509[] = []
  for (let next = sent[0]; next && !chain.includes(next);) {
    chain.push(next)
    const { issuer } = next
    next = sent.find(({ subject }) => subject === issuer)
  }
  return chain
}

function wordsFor(code: string, certificate: X509, names: readonly string[], now: Date): string {
  const { validFrom, validTo, issuer, keyType, keyBits, signatureAlgorithm } = certificate
  switch (code) {
    case 'CERT_HAS_EXPIRED': return `expired ${span(now.getTime() - validTo.getTime())} ago, at ${time(validTo)}`
    case 'CERT_NOT_YET_VALID': return `not valid before ${time(validFrom)}, in ${span(validFrom.getTime() - now.getTime())}`
    case 'ERR_TLS_CERT_ALTNAME_INVALID': {
      const held = namesOf(certificate)
      return `not for ${names.join(' or ')}: ${held === NO_NAME ? 'it holds no name, as its subject does not count' : `it is for ${held}`}`
    }
    case 'UNABLE_TO_GET_ISSUER_CERT': case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY': case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return `issuer unknown: ${issuer} is not among the trust anchors`
    case 'DEPTH_ZERO_SELF_SIGNED_CERT': return 'self-signed, and not among the trust anchors'
    case 'SELF_SIGNED_CERT_IN_CHAIN': return 'a root that is not among the trust anchors'
    case 'EE_KEY_TOO_SMALL': case 'CA_KEY_TOO_SMALL': return `weak key: ${keyType} of ${keyBits} bits`
    case 'UNSUPPORTED_SIGNATURE_ALGORITHM': return 'a key of a kind or on a curve that is not in this build'
    case 'CA_MD_TOO_WEAK': case 'EE_MD_TOO_WEAK': return `weak signature: ${signatureAlgorithm}`
    case 'INVALID_CA': return 'is no CA, but has issued a certificate'
    case 'INVALID_PURPOSE': return 'not for this use: its keyUsage or extendedKeyUsage leaves it out'
    case 'CERT_SIGNATURE_FAILURE': return `its signature does not fit the key of ${issuer}`
    case 'CERT_REVOKED': return 'revoked by its issuer'
    case 'UNABLE_TO_GET_CRL': return `no revocation list of ${issuer} was given`
    case 'CRL_HAS_EXPIRED': return `the revocation list of ${issuer} has expired`
    case 'CRL_NOT_YET_VALID': return `the revocation list of ${issuer} is not valid yet`
    case 'ERR_TLS_CERT_PIN_MISMATCH': return 'no certificate of the chain has a pinned key'
    case 'OCSP_NO_RESPONSE': return 'no OCSP response was stapled, and one was required or promised'
    case 'OCSP_CERT_UNKNOWN': return 'the stapled OCSP response is about another certificate, or does not know this one'
    case 'OCSP_SIGNATURE_FAILURE': return 'the stapled OCSP response is not signed by those who may sign it'
    case 'OCSP_HAS_EXPIRED': return 'the stapled OCSP response is too old'
    case 'OCSP_NOT_YET_VALID': return 'the stapled OCSP response is from the future'
    case 'OCSP_RESP_INVALID': return 'the stapled OCSP response cannot be read, or says that the responder has failed'
    default: return code.toLowerCase().replaceAll('_', ' ')
  }
}

export function namesOf({ names: { dns, ip } }: X509): string {
  const all = [...dns.map((name) => isPlainName(name) ? name : `"${plain(name)}"`), ...ip.map(shortAddress)]
  const shown = all.slice(0, MOST_NAMES).join(', ')
  return all.length === 0 ? NO_NAME : all.length > MOST_NAMES ? `${shown} and ${all.length - MOST_NAMES} more` : shown
}

/** A certificate that nobody has verified may hold anything for a name: what moves a cursor, or what a shell would run. */
export function isPlainName(name: string): boolean {
  return /^[\w:*][\w.:*-]*$/.test(name)
}

const MOST_NAMES = 8
const NO_NAME = 'no name'

/** An IPv6 address in its shortest form, which the platform knows. */
function shortAddress(address: string): string {
  return address.includes(':') ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address
}

/** For people: 12 days, 3 hours. */
export function span(ms: number): string {
  const [count, unit] = ms >= 730 * DAY_MS ? [ms / (365.25 * DAY_MS), 'year'] : ms >= DAY_MS ? [ms / DAY_MS, 'day']
    : ms >= 3_600_000 ? [ms / 3_600_000, 'hour'] : [ms / 60_000, 'minute']
  const whole = Math.floor(count)
  return `${whole} ${unit}${whole === 1 ? '' : 's'}`
}

export function time(date: Date): string {
  return Number.isNaN(date.getTime()) ? 'a date that is none' : date.toISOString().replace(/\.\d+Z$/, 'Z')
}
