// Advice for handshakes that fail because both sides have no algorithm or version in common, or because of a setting of ours. What servers
// alone are told is in server-advice.ts.

import { shorten } from '../base/quoted.js'
import { TLS1_2_VERSION, TLS1_3_VERSION } from '../ffi/constants.gen.js'
import type { BasicSsl } from './basic-ssl.js'

/** The rest of an error's message, by its code; `undefined` if there is nothing to say. */
export function handshakeAdvice(ssl: BasicSsl, code: string): string | undefined {
  return ssl.serverAdvice?.(code) ?? (Object.hasOwn(ADVICE, code) ? ADVICE[code]!(ssl) : undefined)
}

const ADVICE: Readonly<Record<string, (ssl: BasicSsl) => string | undefined>> = {
  ERR_SSL_EXCESSIVE_MESSAGE_SIZE: (ssl) => (!ssl.readsCertList() ? undefined
    : "the peer's list of certificates, or of names of CAs, takes more bytes than "
      + "option 'maxCertificateListBytes' (SSL_CTX_set_max_cert_list) allows"),
  ERR_SSL_UNSAFE_LEGACY_RENEGOTIATION_DISABLED: () => 'the server does not know RFC 5746, which protects renegotiations; '
    + "option 'dangerouslyAllowLegacyRenegotiation' (SSL_OP_LEGACY_SERVER_CONNECT) accepts it nevertheless",

  ERR_SSL_UNSUPPORTED_PROTOCOL: noVersion,
  ERR_SSL_WRONG_SSL_VERSION: noVersion,
  ERR_SSL_VERSION_TOO_LOW: noVersion,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: noVersion,

  ERR_SSL_TLS_ALERT_HANDSHAKE_FAILURE: (ssl) => certificateAdvice(ssl)
    ?? `the peer found nothing in common, or refuses for a reason that it does not tell; ${offer(ssl)}`,
  ERR_SSL_TLSV1_ALERT_INSUFFICIENT_SECURITY: offer,
  ERR_SSL_NO_SUITABLE_KEY_SHARE: noGroup,
  ERR_SSL_NO_SUITABLE_GROUPS: noGroup,
  ERR_SSL_WRONG_CURVE: noGroup,
  ERR_SSL_WRONG_SIGNATURE_TYPE: () =>
    "the peer has signed by an algorithm that options 'signatureAlgorithms' and 'securityLevel' do not allow",

  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: certificateAdvice,
  ERR_SSL_TLSV1_ALERT_ACCESS_DENIED: certificateAdvice,
  ERR_SSL_TLS_ALERT_NO_CERTIFICATE: certificateAdvice,
  ERR_SSL_TLS_ALERT_BAD_CERTIFICATE: certificateAdvice,
  ERR_SSL_TLS_ALERT_UNSUPPORTED_CERTIFICATE: certificateAdvice,
  ERR_SSL_TLS_ALERT_CERTIFICATE_REVOKED: certificateAdvice,
  ERR_SSL_TLS_ALERT_CERTIFICATE_EXPIRED: certificateAdvice,
  ERR_SSL_TLS_ALERT_CERTIFICATE_UNKNOWN: certificateAdvice,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: certificateAdvice,

  ERR_SSL_NO_APPLICATION_PROTOCOL: noApplicationProtocol,
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: noApplicationProtocol,
}

/** What became of the certificate that a server has asked for; `undefined` if it has asked for none. */
export function certificateAdvice(ssl: BasicSsl): string | undefined {
  if (ssl.isServer() || ssl.getSharedSigalgs().length === 0) return undefined // a client has them from the server's request
  const names = ssl.get0PeerCaList()
  const more = names.length > MOST_CA_NAMES ? ', …' : ''
  const shown = names.slice(0, MOST_CA_NAMES).map((name) => shorten(name)).join(' or ')
  const asked = `the server asked for a certificate${names.length > 0 ? ` of ${shown}${more}` : ''}`
  return ssl.get0SignatureName() === undefined
    ? `${asked}, and was shown none: give options 'cert' and 'key', or 'onCertificateRequest'`
    : `${asked}, and it may not take the one that it was shown: its own log says why`
}

/** How many names of CAs a message has. */
const MOST_CA_NAMES = 2

const LEAST = 'TLS 1.2 is the least that this library speaks'

function noVersion(ssl: BasicSsl): string {
  const spoken = versions(ssl)
  const more = spoken === 'TLSv1.3' ? "option 'minVersion' would allow TLSv1.2"
    : spoken === 'TLSv1.2' ? "option 'maxVersion' would allow TLSv1.3" : 'and a peer that speaks 1.0 or 1.1 alone cannot be reached'
  return `no version of TLS is spoken by both sides: this one offers ${spoken}; ${LEAST}, ${more}`
}

function noGroup(): string {
  return "the peer has none of the key exchange groups of option 'groups'"
}

function noApplicationProtocol(): string {
  return "no application protocol is spoken by both sides: option 'alpnProtocols' has those of this one"
}

/** How many suites a message names. */
const MOST_SUITES = 6

/** What this side has to offer. */
export function offer(ssl: BasicSsl): string {
  const suites = ssl.getSupportedCiphers()
  const more = suites.length > MOST_SUITES ? ` and ${suites.length - MOST_SUITES} more` : ''
  return `this side offers ${versions(ssl)} and, by name, ${suites.slice(0, MOST_SUITES).join(', ')}${more}; options that may `
    + "allow more: 'minVersion', 'maxVersion', 'ciphers' (for TLS 1.2), 'ciphersuites' (for 1.3), 'groups', 'signatureAlgorithms', "
    + `'securityLevel'; ${LEAST}`
}

function versions(ssl: BasicSsl): string {
  const lowest = ssl.getMinProtoVersion() === TLS1_3_VERSION ? 'TLSv1.3' : 'TLSv1.2'
  const highest = ssl.getMaxProtoVersion() === TLS1_2_VERSION ? 'TLSv1.2' : 'TLSv1.3'
  return lowest === highest ? lowest : `${lowest} to ${highest}`
}
