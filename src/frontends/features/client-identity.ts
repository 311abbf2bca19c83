// What a server asks of its clients.

import { SSL_VERIFY_FAIL_IF_NO_PEER_CERT, SSL_VERIFY_PEER } from '../../ffi/constants.gen.js'
import { invalid, type Feature } from './feature.js'
import { setUpTrustAnchors, trustAnchors, type TrustAnchorOptions } from './trust-anchors.js'
import type { VerificationOptions } from './verification.js'

/**
 * `ca`: clients are asked for a certificate that one of these has issued, and told their names to choose by. Default:
 * none is asked for.
 */
export interface ClientIdentityOptions extends TrustAnchorOptions {
  /**
   * Whether a client may go without a certificate. Default `required` where there is `ca`. One that is shown must verify
   * either way; with `optional`, {@link ConnectionInfo.peerCertificate} says whether one was.
   */
  readonly clientCertificate?: 'required' | 'optional' | undefined
}

export const clientIdentity: Feature<ClientIdentityOptions & VerificationOptions> = {
  checks: {
    ...trustAnchors.checks,
    clientCertificate: (value) => (value === 'required' || value === 'optional' ? undefined : "must be 'required' or 'optional'"),
  } as Feature<ClientIdentityOptions & VerificationOptions>['checks'],
  perClient: ['ca', 'clientCertificate'],
  agree(options, whole) {
    trustAnchors.agree(options, whole)
    if (options.ca !== undefined) return
    if (options.clientCertificate !== undefined) {
      if (options.dangerouslyReplaceVerification) return
      throw invalid('ca', 'is required with clientCertificate: the CAs whose certificates are accepted')
    }
    // The platform's roots vouch for servers, not for clients.
    for (const option of ['additionalCa', 'partialChain', 'crl', 'verify', 'pins', 'dangerouslyReplaceVerification'] as const) {
      if (options[option] !== undefined) throw invalid(option, 'has no effect without ca: no certificate is asked for')
    }
  },
  setUpCtx(ctx, options) {
    const { ca, clientCertificate = ca === undefined ? undefined : 'required' } = options
    if (clientCertificate === undefined) return
    if (ca !== undefined) setUpTrustAnchors(ctx, options, true)
    ctx.setVerify(SSL_VERIFY_PEER | (clientCertificate === 'required' ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0))
  },
}
