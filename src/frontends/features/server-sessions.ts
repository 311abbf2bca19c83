// Sessions on a server: tickets under keys that many connections share, a cache, early data; by default none of them.

import { asBytes, hex, isBytesLike } from '../../base/bytes.js'
import type { SslCtx } from '../../core/ssl-ctx.js'
import { SslSession } from '../../core/ssl-session.js'
import {
  SSL_OP_NO_ANTI_REPLAY, SSL_OP_NO_TICKET, SSL_OP_SERVER_PREFERENCE, SSL_SESS_CACHE_NO_AUTO_CLEAR, SSL_SESS_CACHE_NO_INTERNAL_LOOKUP,
  SSL_SESS_CACHE_NO_INTERNAL_STORE, SSL_SESS_CACHE_OFF, SSL_SESS_CACHE_SERVER, TLS1_3_VERSION,
} from '../../ffi/constants.gen.js'
import type { ServerSessionCache } from '../sessions/session-store.js'
import { isTicketKeys, type TicketKeys } from '../sessions/ticket-keys.js'
import { trustFingerprint } from '../sessions/trust.js'
import { hasFunctions, invalid, isBoolean, isIntegerFrom, type Feature } from './feature.js'
import { identities } from './identity.js'

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
   * 0: none. It needs `sessionCache`, where each TLS 1.3 session then counts once, so that a recorded first flight cannot be
   * sent to this cache again; another machine's cache would not know. The early data that a client sends is not
   * forward secret. (RFC 8446 §8)
   */
  readonly maxEarlyDataBytes?: number | undefined
  /**
   * DANGEROUS: take early data with tickets, without a `sessionCache`. An attacker who records a client's first flight can make
   * the server act upon its early data again, any number of times, for about ten seconds: OpenSSL lets a ticket's age differ by
   * that much from what the client says.
   */
  readonly dangerouslyAllowReplay?: boolean | undefined
}

export const serverSessions: Feature<ServerSessionOptions, { readonly psk?: unknown }> = {
  checks: {
    ticketKeys: (value) => (isTicketKeys(value) ? undefined : 'must be TicketKeys'),
    sessionCache: hasFunctions('get', 'put', 'delete'),
    numTickets: isIntegerFrom(0, 16),
    maxEarlyDataBytes: isIntegerFrom(0, 1024 * 1024),
    dangerouslyAllowReplay: isBoolean,
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
    if (ticketKeys) setTicketKeys(ctx, ticketKeys) // which may have been rotated
  },
  setUpSsl(ssl, { ticketKeys, sessionCache, maxEarlyDataBytes = 0, dangerouslyAllowReplay }) {
    if (!sessionCache) return
    const onlyOnce = maxEarlyDataBytes > 0 && !dangerouslyAllowReplay
    ssl.setNewSessionCb((id, bytes) => {
      const session = SslSession.fromBytes(ssl.lib, bytes)
      // Once the client's certificate has expired, OpenSSL asks for a full handshake.
      const expiresAtMs = Math.min((session.getTime() + session.getTimeout()) * 1000, session.getPeer()?.validTo.getTime() ?? Infinity)
      // OpenSSL also reports sessions that live in the client's ticket alone.
      const inTicket = ticketKeys !== undefined && !onlyOnce && session.getProtocolVersion() === TLS1_3_VERSION
      session.free()
      if (!inTicket) sessionCache.put(hex(id), bytes, expiresAtMs)
    })
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

function setTicketKeys(ctx: SslCtx, ticketKeys: TicketKeys): void {
  const keys = ticketKeys.use()
  try {
    ctx.setTicketKeys(keys)
  } finally {
    keys.fill(0)
  }
}

/** The options that say what is asked of clients: neither the server's identity nor what it remembers. */
function clientTrust(options: object): object {
  const own = new Set(['ocspResponse', ...Object.keys(identities.checks), ...Object.keys(serverSessions.checks)])
  return Object.fromEntries(Object.entries(options).filter(([name]) => !own.has(name)))
}
