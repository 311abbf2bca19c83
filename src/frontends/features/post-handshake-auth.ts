// A client's certificate after the handshake (TLS 1.3, RFC 8446 §4.6.2).

import { SSL_VERIFY_NONE, SSL_VERIFY_POST_HANDSHAKE } from '../../ffi/constants.gen.js'
import { invalid, isBoolean, type Feature } from './feature.js'

export interface ClientPostHandshakeAuthOptions {
  /** Whether the server may ask for `cert` after the handshake (TLS 1.3). Default: no. */
  readonly postHandshakeAuth?: boolean | undefined
}

export interface ServerPostHandshakeAuthOptions {
  /**
   * Whether certificates are asked for when `requestClientCertificate()` says so, and not in the handshake. Needs `ca`. Under
   * TLS 1.2 there is no later: there they are asked for in the handshake all the same. Default: no.
   */
  readonly postHandshakeAuth?: boolean | undefined
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
