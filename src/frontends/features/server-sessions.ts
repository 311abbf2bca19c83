// What a server remembers of its clients: nothing.

import { SSL_OP_NO_TICKET, SSL_OP_SERVER_PREFERENCE, SSL_SESS_CACHE_OFF } from '../../ffi/constants.gen.js'
import type { Feature } from './feature.js'

export const serverSessions: Feature<object> = {
  checks: {},
  setUpCtx(ctx) {
    ctx.setOptions(SSL_OP_SERVER_PREFERENCE)
    // No sessions, and no tickets: their keys are the context's, which lives as long as the connection. A ticket would
    // only be something more to send to a client that may have hung up.
    ctx.setSessionCacheMode(SSL_SESS_CACHE_OFF)
    ctx.setOptions(SSL_OP_NO_TICKET)
    ctx.setNumTickets(0)
  },
}
