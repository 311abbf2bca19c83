// Sessions on a client: what it offers to take up again, what it is given to keep, and what it sends before it has been
// answered.

import type { BytesLike } from '../../base/bytes.js'
import type { SessionStore } from '../sessions/session-store.js'
import { TlsSession } from '../sessions/tls-session.js'
import { SSL_SESS_CACHE_CLIENT, SSL_SESS_CACHE_NO_AUTO_CLEAR, SSL_SESS_CACHE_NO_INTERNAL_STORE } from '../../ffi/constants.gen.js'
import { invalid, isFunction, isString, type Check, type Feature } from './feature.js'

export interface ClientSessionOptions {
  /**
   * A session to take up again, or the bytes of its `toBytes()`. It is offered if it has not expired and fits: the same
   * `servername`, the same trust (`ca` and all else that decides whom to believe), and a certificate that was verified
   * then if it would be now. Otherwise, and if the server does not want it, the handshake is a full one.
   */
  readonly session?: TlsSession | BytesLike
  /**
   * Given each session that may be kept: under TLS 1.3 for each ticket, which comes while reading; under TLS 1.2 with the
   * handshake, and again when one was resumed. What it throws ends the connection.
   */
  readonly onSession?: (session: TlsSession) => void
  /**
   * Where sessions are taken from before the handshake, and kept. What it throws, or rejects with, ends the connection: one
   * that may fail without harm says so by catching that itself.
   */
  readonly sessionStore?: SessionStore
  /** The key in `sessionStore`. Default: made of `servername`, `alpnProtocols` and whom the options trust. */
  readonly sessionKey?: string
  /**
   * Sent with the first flight (0-RTT) if the session and its application protocol allow so much; else as the first
   * application data after the handshake, as it always is with `verify`: `opened` tells which.
   *
   * REPLAY: who records early data can send it to the server again, as often as the server lets him. Give it only what
   * may happen twice: a GET, not a payment. It is also not forward secret. (RFC 8446 §8, §E.5)
   */
  readonly earlyData?: BytesLike
}

const isStore: Check = (value) => (['take', 'put'].every((name) => typeof (value as Partial<SessionStore> | null)?.[name as keyof SessionStore] === 'function')
  ? undefined : 'must be a session store: an object with functions take and put')

const isSession: Check = (value) => {
  if (value instanceof TlsSession) return undefined
  try {
    TlsSession.fromBytes(value as BytesLike)
    return undefined
  } catch (error) {
    return `must be a TlsSession, or its bytes: ${(error as Error).message}`
  }
}

const isSomeBytes: Check = (value) => ((value instanceof ArrayBuffer || ArrayBuffer.isView(value)) && value.byteLength > 0 ? undefined : 'must be bytes, one at least')

export const clientSessions: Feature<ClientSessionOptions> = {
  checks: { session: isSession, onSession: isFunction, sessionStore: isStore, sessionKey: isString, earlyData: isSomeBytes },
  agree({ sessionKey, sessionStore }) {
    if (sessionKey !== undefined && sessionStore === undefined) throw invalid('sessionKey', 'is of no use without sessionStore')
  },
  setUpCtx(ctx, { onSession, sessionStore }) {
    if (!onSession && !sessionStore) return
    ctx.setSessionCacheMode(SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE | SSL_SESS_CACHE_NO_AUTO_CLEAR)
    // The server's word counts (client-session-keeper.ts), not this.
    ctx.setTimeout(7 * 24 * 60 * 60)
    ctx.sessSetCallbacks()
  },
}
