// The words for a certificate that was refused: which one, why, and what to do.

import { shorten } from '../base/quoted.js'
import type { BasicSsl } from './basic-ssl.js'
import { nameMismatch } from './name-mismatch.js'
import type { X509 } from './x509.js'

const DECADE_MS = 10 * 365 * 24 * 3600 * 1000

/** `code` as of `certificateCode`, `words` OpenSSL's. */
export function certificateRefusal(ssl: BasicSsl, code: string, words: string, depth: number, certificate: X509 | undefined): string {
  const refused = `the peer's certificate was refused: ${words}`
  if (!certificate) return refused
  const texts = [certificate.subject, certificate.issuer, certificate.subjectAltName]
  const [subject, issuer, subjectAltName] = texts.map((text) => shorten(text))
  const mismatch = code === 'ERR_TLS_CERT_ALTNAME_INVALID'
  const names = depth > 0 || mismatch || subjectAltName === '' ? '' : `, for ${subjectAltName}`
  const which = `depth ${depth}, ${subject}, issued by ${issuer === subject ? 'itself' : issuer}${names}`
  const asked = mismatch ? `, ${nameMismatch(ssl.getExpectedNames(), certificate)}` : ''
  return `${refused}${asked} (${which})${adviceFor(ssl, code, certificate)}`
}

function adviceFor(ssl: BasicSsl, code: string, { issuer, validFrom, validTo }: X509): string {
  const ca = shorten(issuer)
  switch (code) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return "; connect to a host that it is for; if this is the right one, give a name that it has as option 'servername', or as "
        + "'acceptedNames' to ask for one name and look for another"
    case 'CERT_HAS_EXPIRED': return `: it expired at ${time(validTo)}, and ${clock(ssl, false)}`
    case 'CERT_NOT_YET_VALID': return `: it is valid from ${time(validFrom)}, and ${clock(ssl, true)}`
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return ssl.serverAdvice?.(code) ?? `; if it is the peer's, ${GIVE_IT}${namesake(ssl)}`
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      if (ssl.hasRefusedAnchor()) {
        return "; this certificate is among the trust anchors itself, and it is no root: option 'partialChain' allows such anchors; "
          + `or give ${ca}: see docs/trust.md`
      }
      return `; ${ca} is not among the trust anchors: if it is to be trusted, ${GIVE_IT}${namesake(ssl) || sentOneAlone(ssl)}`
    case 'UNABLE_TO_GET_ISSUER_CERT':
      return `; ${ca} is not among the trust anchors: give it, too, or option 'partialChain', which allows anchors that are no roots: `
        + 'see docs/trust.md'
    case 'UNABLE_TO_GET_CRL': return `; option 'crl' has no list of ${ca}: see docs/trust.md`
    case 'EE_KEY_TOO_SMALL': case 'CA_KEY_TOO_SMALL': case 'CA_MD_TOO_WEAK':
      return "; options 'securityLevel' and 'dangerouslyLowSecurityLevel' say what is strong enough"
    case 'UNSUPPORTED_SIGNATURE_ALGORITHM':
      return '; another kind of key is needed: see docs/algorithms-and-keys.md'
    case 'CERT_SIGNATURE_FAILURE':
      return ssl.countPossibleIssuers() < 2 ? ''
        : '; several trust anchors have the name of its issuer, and without key identifiers OpenSSL takes the first: see docs/trust.md'
    default: return ''
  }
}

const GIVE_IT = "give it as option 'ca', or 'additionalCa' to keep the other anchors: see docs/trust.md"

/** After a CA was made anew under its old name. */
function namesake(ssl: BasicSsl): string {
  return ssl.countPossibleIssuers() > 0 ? '. Another trust anchor has the same name' : ''
}

/** A server is not told of what clients send before they are verified. */
function sentOneAlone(ssl: BasicSsl): string {
  return !ssl.isServer() && ssl.getPeerCertChain().length === 1
    ? '. The server sent no certificate but its own: it may have left out an intermediate, which can be given with the root' : ''
}

/** A clock that is before the release of what it runs is wrong; so is, as a rule, one that is long after it. */
function clock({ lib }: BasicSsl, early: boolean): string {
  const now = new Date()
  const [release, day] = /(\S+ \S+) (\d+ \w+ \d+)/.exec(lib.version)?.slice(1) ?? []
  const sinceMs = now.getTime() - Date.parse(`${day} UTC`)
  const doubt = sinceMs < 0 ? `, which is wrong: it is before the release of ${release} (${day})`
    : early || sinceMs > DECADE_MS ? ': is that right?' : ''
  return `this machine's clock says ${time(now)}${doubt}`
}

function time(date: Date): string {
  return Number.isNaN(date.getTime()) ? 'a date that is none' : date.toISOString()
}
