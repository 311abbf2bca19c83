// Values that were posted, in the worker.

import { MOST_TICKET_KEYS, TicketKeys } from '../sessions/ticket-keys.js'
import { TlsSession } from '../sessions/tls-session.js'
import { decodeAll } from './values.js'

/** The `values` of {@link encodeOptions}, as they were. */
export function decodeOptions(values: Readonly<Record<string, unknown>>): object {
  return decodeAll(values, ({ libsslWasmType, bytes }) => {
    if (libsslWasmType === 'TlsSession') return TlsSession.fromBytes(bytes!)
    return libsslWasmType && new TicketKeys(bytes!, { maxKeys: MOST_TICKET_KEYS }) // all that its own maxKeys has kept
  }) as object
}
