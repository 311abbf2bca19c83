// What a server asks of its clients.

import { SSL_VERIFY_FAIL_IF_NO_PEER_CERT, SSL_VERIFY_PEER } from '../../ffi/constants.gen.js'
import { isOneOrMore, isPemOrDer, type Certificates, type Feature } from './feature.js'
import { ownStore } from './trust-anchors.js'

export interface ClientIdentityOptions {
  /** If given, clients must present a certificate that one of these has issued. Default: none is asked for. */
  readonly ca?: Certificates | readonly Certificates[]
}

export const clientIdentity: Feature<ClientIdentityOptions> = {
  checks: { ca: isOneOrMore(isPemOrDer) },
  setUpCtx(ctx, { ca }) {
    if (!ca) return
    const store = ownStore(ctx.lib, ca)
    ctx.set1CertStore(store)
    store.free()
    ctx.setVerify(SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT)
  },
}
