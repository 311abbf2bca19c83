// Raw public keys, RFC 7250: keys where there would be certificates.

import type { BytesLike } from '../../base/bytes.js'
import type { Ssl } from '../../core/ssl.js'
import { SSL_VERIFY_FAIL_IF_NO_PEER_CERT, SSL_VERIFY_PEER, TLSEXT_cert_type_rpk, TLSEXT_cert_type_x509 } from '../../ffi/constants.gen.js'
import { each, isOneOrMore, isPemOrDer, refuse, type Feature } from './feature.js'
import type { IdentityOptions } from './identity.js'

export interface RawPublicKeyOptions {
  /**
   * Public keys that the peer may show in the place of a certificate: SubjectPublicKeyInfo, PEM or DER, one or an array.
   * All others are refused (`RPK_UNTRUSTED`). A client that has `servername` takes certificates as well, verified as ever,
   * and without it none; a server, if it has `ca`. A server then requires a key or a certificate of each client.
   */
  readonly acceptedRawPublicKeys?: string | BytesLike | readonly (string | BytesLike)[] | undefined
}

const checks = { acceptedRawPublicKeys: isOneOrMore(isPemOrDer) }

export const clientRawPublicKeys: Feature<RawPublicKeyOptions, IdentityOptions> = {
  checks,
  setUpCtx(ctx, { acceptedRawPublicKeys, rawPublicKey, cert, pfx }, keyAlone) {
    if (rawPublicKey) ctx.set1ClientCertType(types(cert !== undefined || pfx !== undefined))
    if (acceptedRawPublicKeys) ctx.set1ServerCertType(types(!keyAlone))
  },
  setUpSsl: acceptKeys,
}

interface ServerOthers extends IdentityOptions {
  readonly ca?: unknown
  readonly identities?: unknown
}

export const serverRawPublicKeys: Feature<RawPublicKeyOptions, ServerOthers> = {
  checks,
  setUpCtx(ctx, { acceptedRawPublicKeys, rawPublicKey, cert, pfx, identities, ca }) {
    if (rawPublicKey) ctx.set1ServerCertType(types(cert !== undefined || pfx !== undefined || identities !== undefined))
    if (!acceptedRawPublicKeys) return
    ctx.set1ClientCertType(types(ca !== undefined))
    // Without `ca` the context's own store is empty: no certificate passes.
    if (ca === undefined) ctx.setVerify(SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT)
  },
  setUpSsl: acceptKeys,
}

function types(certificatesToo: boolean): readonly number[] {
  return certificatesToo ? [TLSEXT_cert_type_rpk, TLSEXT_cert_type_x509] : [TLSEXT_cert_type_rpk]
}

function acceptKeys(ssl: Ssl, { acceptedRawPublicKeys }: RawPublicKeyOptions): void {
  if (acceptedRawPublicKeys === undefined) return
  refuse('acceptedRawPublicKeys', () => {
    for (const key of each(acceptedRawPublicKeys)) ssl.acceptRpk(key)
  })
}
