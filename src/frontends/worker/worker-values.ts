// Values that were posted, in the worker: keys that a page would have no use for are among them.

import { MOST_TICKET_KEYS, TicketKeys } from '../sessions/ticket-keys.js'
import { decodeValue } from './values.js'

/** The `values` of {@link encodeOptions}, as they were. */
export function decodeOptions(values: Readonly<Record<string, unknown>>): object {
  return decodeValue(values, (bytes) => new TicketKeys(bytes, { maxKeys: MOST_TICKET_KEYS })) as object // all that its own maxKeys has kept
}
