// All that is wrong with a server's certificates, and the chain.

import { connect, type LibSsl, type VerifyFailure, type X509 } from '../../index.js'
import type { ConnectRequest } from './connect-flags.js'
import { dial } from './dial.js'
import { Timeline } from './diagnosis.js'

export interface Seen {
  readonly chain: readonly X509[]
  readonly failures: readonly VerifyFailure[]
}

/** It only adds to what is known. */
const MOST_MS = 5_000

/**
 * A handshake ends at the first failure. This one overrules failures, so it can report all of them, and refuses the server in the end, so
 * that nothing is sent. `undefined` if it fails before the server's certificates are verified.
 */
export async function look(request: ConnectRequest, libssl: LibSsl): Promise<Seen | undefined> {
  const {
    pins, ocsp, session, earlyData, cert, key, passphrase, dangerouslySkipVerification, keylogFile, handshakeTimeoutMs = MOST_MS, ...options
  } = request.options
  const limit = { ...options, handshakeTimeoutMs: Math.min(handshakeTimeoutMs || MOST_MS, MOST_MS) }
  let seen: Seen | undefined
  const verify = (chain: readonly X509[], { failures }: Pick<Seen, 'failures'>) => {
    seen = { chain, failures }
    return false
  }
  try {
    const transport = await dial({ ...request, options: limit }, new Timeline())
    await connect(transport, { ...limit, libssl, verify, dangerouslyReplaceVerification: true }).opened
  } catch {} // it is always refused
  return seen
}
