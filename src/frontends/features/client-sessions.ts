// Sessions on a client: what it offers to take up again, what it is given to keep, and what it sends before it has been
// answered.

import type { BytesLike } from '../../base/bytes.js'
import type { SessionStore } from '../sessions/session-store.js'
import { asTlsSession, type TlsSession } from '../sessions/tls-session.js'
import { SSL_SESS_CACHE_CLIENT, SSL_SESS_CACHE_NO_AUTO_CLEAR, SSL_SESS_CACHE_NO_INTERNAL_STORE } from '../../ffi/constants.gen.js'
import { hasFunctions, isFunction, isSomeBytes, isString, type Check, type Feature } from './feature.js'

export interface ClientSessionOptions {
  /**
   * A session to take up again, or the bytes of its `toBytes()`. It is offered if it has not expired and fits: the same
   * `servername`, the same trust (`ca` and every other option that decides which peers are accepted), and a certificate that
   * was verified then if it would be now. Otherwise, and if the server does not want it, the handshake is a full one.
   */
  readonly session?: TlsSession | BytesLike | undefined
  /**
   * Given each session that may be kept: under TLS 1.3 for each ticket, which comes while reading; under TLS 1.2 with the
   * handshake, and again when one was resumed. What it throws ends the connection.
   */
  readonly onSession?: ((session: TlsSession) => void) | undefined
  /**
   * Where sessions are taken from before the handshake, and kept. What it throws, or rejects with, ends the connection: a store
   * whose failures do no harm must catch them itself.
   */
  readonly sessionStore?: SessionStore | undefined
  /** The key in `sessionStore`. Default: made of `servername`, `alpnProtocols` and the options that decide trust. */
  readonly sessionKey?: string | undefined
  /**
   * Sent with the first flight (0-RTT) if the session and its application protocol allow so much; else as the first
   * application data after the handshake, as it always is with `verify`: `opened` tells which.
   *
   * REPLAY: anybody who records early data can send it to the server again, as often as the server allows. Give it only
   * requests that may happen twice: a GET, not a payment. It is also not forward secret. (RFC 8446 §8, §E.5)
   */
  readonly earlyData?: BytesLike | undefined
}

const isSession: Check = (value) => {
  try {
    asTlsSession(value as BytesLike)
    return undefined
  } catch (error) {
    return `must be a TlsSession, or its bytes: ${(error as Error).message}`
  }
}

export const clientSessions: Feature<ClientSessionOptions> = {
  checks: {
    session: isSession, onSession: isFunction, sessionStore: hasFunctions('take', 'put'), sessionKey: isString, earlyData: isSomeBytes,
  },
  needs: { sessionKey: ['sessionStore'] },
  connection: ['session', 'sessionKey', 'earlyData'],
  either: ['onSession'],
  setUpCtx(ctx) {
    ctx.setSessionCacheMode(SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE | SSL_SESS_CACHE_NO_AUTO_CLEAR)
    // The server's word counts (client-session-keeper.ts), not this.
    ctx.setTimeout(7 * 24 * 60 * 60)
    ctx.sessSetCallbacks()
  },
}
