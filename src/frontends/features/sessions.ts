// Sessions: what a client offers to take up again, and what a server gives out, by tickets under keys that many connections share or by
// a cache, by default neither; and early data, which is sent before the server has answered.

import { asBytes, hex, isBytesLike, type BytesLike } from '../../base/bytes.js'
import { SslSession } from '../../core/ssl-session.js'
import {
  SSL_OP_NO_ANTI_REPLAY, SSL_OP_NO_TICKET, SSL_OP_SERVER_PREFERENCE, SSL_SESS_CACHE_CLIENT, SSL_SESS_CACHE_NO_AUTO_CLEAR,
  SSL_SESS_CACHE_NO_INTERNAL_LOOKUP, SSL_SESS_CACHE_NO_INTERNAL_STORE, SSL_SESS_CACHE_OFF, SSL_SESS_CACHE_SERVER, TLS1_3_VERSION,
} from '../../ffi/constants.gen.js'
import { useUp } from '../kept.js'
import type { ServerSessionCache, SessionStore } from '../sessions/session-store.js'
import { isTicketKeys, type TicketKeys } from '../sessions/ticket-keys.js'
import { asTlsSession, type TlsSession } from '../sessions/tls-session.js'
import { trustFingerprint } from '../sessions/trust.js'
import {
  hasFunctions, invalid, isBoolean, isFunction, isIntegerFrom, isReadBy, isSomeBytes, isString, type Feature, type ServerFeature,
} from './feature.js'
import { identities, identity } from './identity.js'

/** Which session a client offers, and where new ones go. */
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

/** What a server keeps of sessions, and what it takes early. */
export interface ServerSessionOptions {
  /**
   * Keys for session tickets, shared by all connections that are to resume each other's sessions: keep one object. Default:
   * no tickets.
   */
  readonly ticketKeys?: TicketKeys | undefined
  /**
   * Remembers sessions by id: for clients without tickets and, where there are no `ticketKeys`, for all. Each is asked for,
   * and answers, at once. Default: nothing is remembered.
   */
  readonly sessionCache?: ServerSessionCache | undefined
  /** How many TLS 1.3 sessions a client is given after a full handshake, 0 to 16. Default 2, if there are sessions at all. */
  readonly numTickets?: number | undefined
  /**
   * How much early data (0-RTT) a client may send with a session, 0 to 1 MiB: {@link TlsServerConnection.earlyData}. Default
   * 0: none. It needs `sessionCache`, where each TLS 1.3 session then counts once, so that a recorded first flight is not taken
   * again. Each process needs a cache of its own: of two that share one, both could take a session before either deletes it. The
   * early data that a client sends is not forward secret. (RFC 8446 §8)
   */
  readonly maxEarlyDataBytes?: number | undefined
  /**
   * DANGEROUS: take early data with tickets, without a `sessionCache`. An attacker who records a client's first flight can make
   * the server act upon its early data again, any number of times, for about ten seconds: OpenSSL lets a ticket's age differ by
   * that much from what the client says.
   */
  readonly dangerouslyAllowReplay?: boolean | undefined
}

export const clientSessions: Feature<ClientSessionOptions> = {
  checks: {
    session: /* @__PURE__ */ isReadBy(asTlsSession), earlyData: isSomeBytes,
    onSession: isFunction, sessionStore: /* @__PURE__ */ hasFunctions('take', 'put'), sessionKey: isString,
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

const MAX_EARLY_DATA_BYTES = 1_048_576

export const serverSessions: ServerFeature<ServerSessionOptions, { readonly psk?: unknown }> = {
  checks: {
    ticketKeys: (value) => (isTicketKeys(value) ? undefined : 'must be TicketKeys'),
    sessionCache: /* @__PURE__ */ hasFunctions('get', 'put', 'delete'),
    numTickets: /* @__PURE__ */ isIntegerFrom(0, 16),
    maxEarlyDataBytes: /* @__PURE__ */ isIntegerFrom(0, MAX_EARLY_DATA_BYTES), dangerouslyAllowReplay: isBoolean,
  },
  needs: { numTickets: ['ticketKeys', 'sessionCache'], dangerouslyAllowReplay: ['ticketKeys'] },
  agree({ sessionCache, maxEarlyDataBytes = 0, dangerouslyAllowReplay }) {
    if (maxEarlyDataBytes > 0 && !sessionCache && !dangerouslyAllowReplay) {
      throw invalid('maxEarlyDataBytes', 'needs sessionCache: without one, early data can be replayed')
    }
  },
  setUpCtx(ctx, options) {
    const { ticketKeys, sessionCache, numTickets = 2, maxEarlyDataBytes = 0, dangerouslyAllowReplay, psk } = options
    ctx.setOptions(SSL_OP_SERVER_PREFERENCE)
    // OpenSSL has keys of its own, which nobody rotates and no other context knows.
    if (!ticketKeys) ctx.setOptions(SSL_OP_NO_TICKET)
    // Sessions are looked for in our cache alone. OpenSSL's own store counts early data: what ours gives goes in and out again in
    // one step. It needs no more than one place.
    const counts = maxEarlyDataBytes > 0 && !dangerouslyAllowReplay
    const cached = SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_AUTO_CLEAR | SSL_SESS_CACHE_NO_INTERNAL_LOOKUP
    ctx.setSessionCacheMode(!sessionCache ? SSL_SESS_CACHE_OFF : counts ? cached : cached | SSL_SESS_CACHE_NO_INTERNAL_STORE)
    if (counts) ctx.sessSetCacheSize(1)
    if (sessionCache) ctx.sessSetCallbacks()
    ctx.setNumTickets(ticketKeys || sessionCache ? numTickets : 0)
    // A client that has proved itself to one server is not known to another that would ask something else of it.
    // And an external key is a session, too: OpenSSL wants a context for it where certificates are asked for.
    if (ticketKeys || sessionCache || psk) ctx.setSessionIdContext(trustFingerprint(ctx.lib, clientTrust(options)))
    if (maxEarlyDataBytes > 0) {
      ctx.setMaxEarlyData(maxEarlyDataBytes)
      ctx.setRecvMaxEarlyData(maxEarlyDataBytes)
      if (dangerouslyAllowReplay) ctx.setOptions(SSL_OP_NO_ANTI_REPLAY)
    }
  },
  renewCtx(ctx, { ticketKeys }) {
    const keys = ticketKeys?.use() // they may have been rotated
    try {
      if (keys) ctx.setTicketKeys(keys)
    } finally {
      keys?.fill(0)
    }
  },
  setUpSsl(ssl, { ticketKeys, sessionCache, maxEarlyDataBytes = 0, dangerouslyAllowReplay }) {
    if (!sessionCache) return
    const onlyOnce = maxEarlyDataBytes > 0 && !dangerouslyAllowReplay
    ssl.setNewSessionCb((id, bytes) => useUp(SslSession.fromBytes(ssl.lib, bytes), (session) => {
      // OpenSSL also reports sessions that live in the client's ticket alone.
      const inTicket = ticketKeys !== undefined && !onlyOnce && session.getProtocolVersion() === TLS1_3_VERSION
      // Once the client's certificate has expired, OpenSSL asks for a full handshake.
      if (!inTicket) sessionCache.put(hex(id), bytes, session.expiresAtMs(session.getTimeout()))
    }))
    ssl.setGetSessionCb((id) => {
      const bytes = sessionCache.get(hex(id)) ?? undefined
      if (bytes === undefined) return undefined
      if (!isBytesLike(bytes)) throw invalid('sessionCache', 'must give bytes, or nothing, at once')
      // In one step, so that of two connections that ask for it one gets it. TLS 1.2 knows no early data.
      if (onlyOnce && ssl.getVersion() === 'TLSv1.3') sessionCache.delete(hex(id))
      return asBytes(bytes)
    })
  },
}

/** The options that say what is asked of clients: neither the server's identity nor what it remembers. */
function clientTrust(options: object): object {
  const own = new Set(['ocspResponse', ...[identity, identities, serverSessions].flatMap(({ checks }) => Object.keys(checks))])
  return Object.fromEntries(Object.entries(options).filter(([name]) => !own.has(name)))
}
