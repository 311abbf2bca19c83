// Values that a structured clone would make something else of: they travel as what they are made from.

import { ApiMisuseError } from '../../base/errors.js'
import { X509 } from '../../core/x509.js'
import { callbackAnswers } from '../options.js'
import { isTicketKeys, MOST_TICKET_KEYS, TicketKeys } from '../sessions/ticket-keys.js'
import { isTlsSession, TlsSession } from '../sessions/tls-session.js'

class Posted {
  readonly libsslWasmType: 'TlsSession' | 'TicketKeys'
  readonly bytes: Uint8Array<ArrayBuffer>

  constructor(type: Posted['libsslWasmType'], bytes: Uint8Array<ArrayBuffer>) {
    this.libsslWasmType = type
    this.bytes = bytes
  }
}

/** What can be posted. Keys that rotate by age do so here: the other side gets them anew with each connection. */
export function encodeValue(value: unknown): unknown {
  if (isTlsSession(value)) return new Posted('TlsSession', value.toBytes())
  if (isTicketKeys(value)) {
    value.use()
    return new Posted('TicketKeys', value.toBytes())
  }
  return value
}

/** What was posted, as it was; also the certificates in it, which become plain objects by themselves. */
export function decodeValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decodeValue)
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  const { libsslWasmType, bytes } = value as Partial<Posted>
  if (libsslWasmType === 'TlsSession') return TlsSession.fromBytes(bytes!)
  if (libsslWasmType === 'TicketKeys') return new TicketKeys(bytes, { maxKeys: MOST_TICKET_KEYS }) // all that its own maxKeys has kept
  if ('raw' in value && 'described' in value) return new X509(value as Pick<X509, 'raw' | 'described'>)
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, decodeValue(one)]))
}

/** What can be posted of options, and their callbacks. Throws `ERR_TLS_INVALID_OPTION` for one that a worker cannot be given. */
export function encodeOptions(options: object): { readonly values: Readonly<Record<string, unknown>>; readonly callbacks: Callbacks } {
  const refused = (option: string, why: string) =>
    new ApiMisuseError('ERR_TLS_INVALID_OPTION', `option '${option}' cannot be given to a worker: ${why}`, { option })
  const callbacks: Record<string, (...args: unknown[]) => unknown> = {}
  const values: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(options)) {
    if (typeof value === 'function') {
      if (callbackAnswers[name] === 'at once') throw refused(name, 'OpenSSL waits for no answer from another thread')
      callbacks[name] = value as Callbacks[string]
      continue
    }
    if (name === 'libssl') throw refused(name, 'its instances are its own')
    if (name === 'maxEarlyDataBytes' && value) throw refused(name, 'its connections have no stream of early data')
    values[name] = encodeValue(value)
    try {
      structuredClone(values[name])
    } catch {
      throw refused(name, 'it cannot be cloned')
    }
  }
  return { values, callbacks }
}

export type Callbacks = Readonly<Record<string, (...args: unknown[]) => unknown>>

/** The `values` of {@link encodeOptions}, as they were. */
export function decodeOptions(values: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, decodeValue(value)]))
}
