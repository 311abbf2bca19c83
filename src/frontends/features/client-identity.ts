// What a server asks of its clients, and when: in the handshake, or after it (TLS 1.3, RFC 8446 §4.6.2).

import type { BasicSslCtx } from '../../core/basic-ssl-ctx.js'
import type { X509Store } from '../../core/x509-store.js'
import { SSL_VERIFY_FAIL_IF_NO_PEER_CERT, SSL_VERIFY_NONE, SSL_VERIFY_PEER, SSL_VERIFY_POST_HANDSHAKE } from '../../ffi/constants.gen.js'
import type { AlgorithmOptions } from './algorithms.js'
import { each, invalid, isBoolean, isOneOf, own, refuse, type Certificates, type Feature } from './feature.js'
import type { RawPublicKeyOptions } from './known-keys.js'
import { setUpTrustAnchors, storeOf, trustAnchorChecks, trustAnchorNeeds, type TrustAnchorOptions } from './trust-anchors.js'
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
  /**
   * Certificates of which the subjects are announced, for clients to choose a certificate by: PEM or DER. They are not trusted by
   * that. `[]`: none are announced. Default: the subjects of `ca` and `additionalCa`. One CertificateRequest holds 64 KiB of names.
   */
  readonly clientCaNames?: Certificates | readonly Certificates[] | undefined
}

/** A client's certificate after the handshake. */
export interface ClientPostHandshakeAuthOptions {
  /** Whether the server may ask for `cert` after the handshake (TLS 1.3). Default: no. */
  readonly postHandshakeAuth?: boolean | undefined
}

/** When a server asks for a client's certificate. */
export interface ServerPostHandshakeAuthOptions {
  /**
   * Whether certificates are asked for when `requestClientCertificate()` says so, and not in the handshake. Needs `ca`. Under
   * TLS 1.2 there is no later: there they are asked for in the handshake all the same. Default: no.
   */
  readonly postHandshakeAuth?: boolean | undefined
}

/** Without these no certificate is asked for: the platform's roots vouch for servers, not for clients. */
const ASKED = ['ca', 'clientCertificate'] as const

export const clientIdentity: Feature<
  ClientIdentityOptions,
  VerificationOptions & Pick<AlgorithmOptions & RawPublicKeyOptions, 'clientSignatureAlgorithms' | 'acceptedRawPublicKeys'>
> = {
  checks: /* @__PURE__ */ own(trustAnchorChecks, {
    clientCertificate: /* @__PURE__ */ isOneOf('required', 'optional'),
    clientCaNames: (value: unknown) => (Array.isArray(value) && value.length === 0 ? undefined : trustAnchorChecks.ca(value)),
  }),
  perClient: ['ca', 'clientCertificate', 'clientCaNames'],
  requires: { clientCertificate: ['ca', 'dangerouslyReplaceVerification'] },
  needs: /* @__PURE__ */ own(trustAnchorNeeds, {
    additionalCa: ASKED, partialChain: ASKED, crl: ASKED, verify: ASKED, pins: ASKED, dangerouslyReplaceVerification: ASKED,
    clientCaNames: ASKED, clientSignatureAlgorithms: ['ca', 'clientCertificate', 'acceptedRawPublicKeys'],
  }),
  setUpCtx(ctx, options) {
    const { ca, clientCaNames, clientCertificate = ca === undefined ? undefined : 'required' } = options
    if (clientCertificate === undefined) return
    const anchors = ca && setUpTrustAnchors(ctx, options)
    if (anchors && !clientCaNames) announce(ctx, 'ca', anchors)
    if (clientCaNames && each(clientCaNames).length > 0) announce(ctx, 'clientCaNames', storeOf(ctx.lib, { clientCaNames }))
    ctx.setVerify(SSL_VERIFY_PEER | (clientCertificate === 'required' ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0))
  },
}

function announce(ctx: BasicSslCtx, option: string, names: X509Store): void {
  refuse(option, () => ctx.addToCaList(names), 'the names of its certificates take more bytes than a CertificateRequest can carry:'
    + " give option 'clientCaNames' with fewer certificates, or [] to announce none")
}

export const clientPostHandshakeAuth: Feature<ClientPostHandshakeAuthOptions> = {
  checks: { postHandshakeAuth: isBoolean },
  setUpSsl(ssl, { postHandshakeAuth }) {
    if (postHandshakeAuth) ssl.setPostHandshakeAuth(true)
  },
}

/** After what says how clients are verified. */
export const serverPostHandshakeAuth: Feature<ServerPostHandshakeAuthOptions> = {
  checks: { postHandshakeAuth: isBoolean },
  setUpCtx(ctx, { postHandshakeAuth }) {
    if (!postHandshakeAuth) return
    const mode = ctx.getVerifyMode()
    if (mode === SSL_VERIFY_NONE) throw invalid('postHandshakeAuth', 'has no effect on a server that verifies no clients: give ca')
    ctx.setVerify(mode | SSL_VERIFY_POST_HANDSHAKE)
  },
}
