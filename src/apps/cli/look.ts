// All that is wrong with a server's certificates, and the chain.

import { connect, type LibSsl, type VerifyFailure, type X509 } from '../../index.js'
import type { ConnectRequest } from './connect-flags.js'
import { dial } from './dial.js'
import { Timeline } from './diagnosis.js'

export interface Seen {
  /** As the server has sent it, if the handshake came to its end. */
  readonly sent?: readonly X509[]
  /** As OpenSSL has built it. */
  readonly chain: readonly X509[]
  readonly failures: readonly VerifyFailure[]
}

/** It only adds to what is known. */
const MOST_MS = 5_000

/**
 * A handshake ends at the first failure. This one overrules failures, so it can report all of them, and what the server has sent; then it
 * ends, without data. `undefined` if it fails before the server's certificates are verified.
 */
export async function look(request: ConnectRequest, libssl: LibSsl, signal: AbortSignal): Promise<Seen | undefined> {
  const {
    pins, ocsp, session, earlyData, cert, key, passphrase, dangerouslySkipVerification, keylogFile, handshakeTimeoutMs = MOST_MS, ...options
  } = request.options
  const limit = { ...options, handshakeTimeoutMs: Math.min(handshakeTimeoutMs || MOST_MS, MOST_MS) }
  let seen: Seen | undefined
  const verify = (chain: readonly X509[], { failures }: Pick<Seen, 'failures'>) => {
    seen = { chain, failures }
    return true
  }
  try {
    const transport = await dial({ ...request, options: limit }, new Timeline(), signal)
    const tls = connect(transport, { ...limit, libssl, signal, verify, dangerouslyReplaceVerification: true })
    tls.closed.catch(() => {}) // told by `opened`
    const { peerCertificateChain: sent } = await tls.opened
    seen = { ...seen!, sent }
    await tls.close()
  } catch {} // the server may want a certificate, for example
  return seen
}
