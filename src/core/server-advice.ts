// Advice for what goes wrong on servers alone.

import type { BasicSsl } from './basic-ssl.js'
import { offer } from './handshake-advice.js'

interface Server extends BasicSsl {
  getCertificate(): object | undefined
}

/** For a server: the rest of an error's message, by its code; `undefined` if there is nothing to say. */
export function serverAdvice(ssl: Server, code: string): string | undefined {
  if (/^ERR_SSL_NO_(SHARED_CIPHER|SUITABLE_SIGNATURE_ALGORITHM)$/.test(code) && !ssl.getCertificate()) {
    return "there is no certificate to show (options 'cert' and 'key'), and the client takes nothing else that this server has"
  }
  if (OWN_CERTIFICATE.test(code)) {
    return "the client refuses the certificate of option 'cert': it must trust its CA, be sent its intermediate "
      + 'certificates, and find in it the name that it asked for'
  }
  switch (code) {
    case 'ERR_SSL_NO_SHARED_CIPHER':
      return `no suite of both sides goes with the certificate's key, the groups and the signature algorithms of both; ${offer(ssl)}`
    case 'ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM':
      return "the client takes no signature that the own key can make: options 'signatureAlgorithms' and 'securityLevel' say which are "
        + "allowed; there can be keys of other types in 'identities'"
    case 'ERR_SSL_TLS_ALERT_CERTIFICATE_EXPIRED':
      return "the client refuses the certificate of option 'cert', or one of its chain, as expired: renew it, unless the client's clock "
        + 'is wrong'
    case 'ERR_SSL_TLS_ALERT_CERTIFICATE_REVOKED':
      return "the client refuses the certificate of option 'cert', or one of its chain, as revoked: have a new one issued, for a new key"
    case 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE':
      return 'the client has shown none: it must be given a certificate '
        + "and its key (options 'cert' and 'key' of connect()); option 'clientCertificate': 'optional' lets in those that have none"
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return "; it is issued by none of option 'ca': have one of them issue the client's, or add this one: see docs/trust.md"
    default: return undefined
  }
}

/** The peer tells by its alert that it does not like our certificate. */
const OWN_CERTIFICATE =
  /^ERR_SSL_(TLS_ALERT_(NO_|BAD_|UNSUPPORTED_)CERTIFICATE|TLS_ALERT_CERTIFICATE_UNKNOWN|TLSV1_ALERT_UNKNOWN_CA)$/
