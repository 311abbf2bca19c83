// What a client asks of its server: the name, and a certificate that somebody trusted has issued.

import { ApiMisuseError } from '../../base/errors.js'
import {
  SSL_VERIFY_NONE, SSL_VERIFY_PEER, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS,
} from '../../ffi/constants.gen.js'
import { invalid, isBoolean, isOneOrMore, isPemOrDer, isString, refuse, type Certificates, type Feature } from './feature.js'
import { ownStore, platformStore } from './trust-anchors.js'

export interface ServerIdentityOptions {
  /** Host name or IP address of the server: asked for (SNI, names only) and verified. Required, unless verification is skipped. */
  readonly servername?: string
  /** Trust anchors. Default in Node: the platform's. Elsewhere there is no default, and its absence is an error. */
  readonly ca?: Certificates | readonly Certificates[]
  /**
   * DANGEROUS: accept any certificate for any name. Whoever is between us and the server can then read and change
   * everything. The result of verification is still in {@link ConnectionInfo.verifyResult}.
   */
  readonly dangerouslySkipVerification?: boolean
}

export const serverIdentity: Feature<ServerIdentityOptions> = {
  checks: {
    servername: (value) => isString(value)
      ?? (/^[\x21-\x7e]+$/.test(value as string) ? undefined : 'must be ASCII: write an internationalised name in its A-label form (xn--…)')
      // OpenSSL takes a leading dot for "any name below".
      ?? ((value as string).startsWith('.') ? 'must not start with a dot' : undefined),
    ca: isOneOrMore(isPemOrDer),
    dangerouslySkipVerification: isBoolean,
  },
  agree({ servername, dangerouslySkipVerification }) {
    if (servername === undefined && dangerouslySkipVerification !== true) {
      throw invalid('servername', 'is required: it is the name that the certificate must hold')
    }
  },
  setUpCtx(ctx, options) {
    // Even if verification is skipped its result is reported, so the roots are wanted where there are any.
    const store = options.ca ? ownStore(ctx.lib, options.ca) : platformStore(ctx.lib)
    if (store) ctx.set1CertStore(store)
    else if (!options.dangerouslySkipVerification) {
      throw new ApiMisuseError('ERR_TLS_NO_TRUST_ANCHORS', "this platform hands out no list of trusted roots: give option 'ca'", { option: 'ca' })
    }
    if (options.ca) store?.free()
    ctx.setVerify(options.dangerouslySkipVerification ? SSL_VERIFY_NONE : SSL_VERIFY_PEER)
  },
  setUpSsl(ssl, options) {
    // A name may end in the root's dot; certificates and SNI (RFC 6066 §3) have none.
    const name = options.servername?.replace(/\.$/, '')
    if (name === undefined) return
    if (isIpAddress(name)) {
      refuse('servername', () => ssl.set1Ipaddr(name.replace(/^\[|\]$/g, '')))
    } else {
      // RFC 9525 §2 and §6.3: names stand in subjectAltName, not in the subject, and a wildcard is a whole label.
      ssl.setHostflags(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)
      refuse('servername', () => {
        ssl.setTlsextHostName(name)
        ssl.set1Dnsname(name)
      })
    }
  },
}

function isIpAddress(name: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(name) || name.includes(':')
}
