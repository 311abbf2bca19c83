// Values that a structured clone would make something else of: they travel as what they are made from.

import { TicketKeys } from '../sessions/ticket-keys.js'
import { TlsSession } from '../sessions/tls-session.js'

class Posted {
  readonly libsslWasmType: 'TlsSession' | 'TicketKeys'
  readonly bytes: Uint8Array<ArrayBuffer>

  constructor(type: Posted['libsslWasmType'], bytes: Uint8Array<ArrayBuffer>) {
    this.libsslWasmType = type
    this.bytes = bytes
  }
}

/** What can be posted. Keys that rotate by age do so no more on the other side. */
export function encodeValue(value: unknown): unknown {
  if (value instanceof TlsSession) return new Posted('TlsSession', value.toBytes())
  if (value instanceof TicketKeys) return new Posted('TicketKeys', value.toBytes())
  return value
}

/** What was posted, as it was. */
export function decodeValue(value: unknown): unknown {
  const { libsslWasmType, bytes } = (value ?? {}) as Partial<Posted>
  if (libsslWasmType === 'TlsSession') return TlsSession.fromBytes(bytes!)
  if (libsslWasmType === 'TicketKeys') return new TicketKeys(bytes)
  return value
}
