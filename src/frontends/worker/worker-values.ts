// Values that were posted, in the worker.

import { MOST_TICKET_KEYS, TicketKeys } from '../sessions/ticket-keys.js'
import { isTlsSession, TlsSession } from '../sessions/tls-session.js'
import { changeAll, encodeValue, type Posted } from './values.js'

/** A callback's argument in a form that can be posted. */
export function encodeGiven(value: unknown): unknown {
  return isTlsSession(value) ? { ...encodeValue(value) as Posted, seen: value } : value
}

/** The `values` of {@link encodeOptions}, as they were. */
export function decodeOptions(values: Readonly<Record<string, unknown>>): object {
  return changeAll(values, (one) => {
    const { libsslWasmType, bytes } = one as Partial<Posted>
    if (libsslWasmType === 'TlsSession') return TlsSession.fromBytes(bytes!)
    return libsslWasmType ? new TicketKeys(bytes!, { maxKeys: MOST_TICKET_KEYS }) : one // all that its own maxKeys has kept
  }) as object
}
