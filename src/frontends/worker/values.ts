// Values that a structured clone would make something else of: they travel as what they are made from.

import { ApiMisuseError } from '../../base/errors.js'
import { copyOption } from '../../base/options.js'
import { brandOf, hasMethods } from '../../base/realms.js'
import { X509 } from '../../core/x509.js'
import type { TicketKeys } from '../sessions/ticket-keys.js'
import { TlsSession } from '../sessions/tls-session.js'

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
  const type = brandOf(value)
  if ((type !== 'TlsSession' && type !== 'TicketKeys') || !hasMethods(value, 'toBytes')) return value
  const source = value as unknown as Pick<TlsSession, 'toBytes'> & Partial<Pick<TicketKeys, 'use'>>
  source.use?.()
  return new Posted(type, source.toBytes())
}

/** Of options, the ticket keys as they are now. */
export function encodeKeys(options: object): Readonly<Record<string, unknown>> {
  const keys = Object.entries(options).filter(([, value]) => brandOf(value) === 'TicketKeys')
  return Object.fromEntries(keys.map(([name, value]) => [name, encodeValue(value)]))
}

/** What was posted, as it was; also the certificates in it, which become plain objects by themselves. A page is posted no keys. */
export function decodeValue(value: unknown, ticketKeys?: (bytes: Uint8Array) => TicketKeys): unknown {
  if (Array.isArray(value)) return value.map((one) => decodeValue(one, ticketKeys))
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  const { libsslWasmType, bytes } = value as Partial<Posted>
  if (libsslWasmType === 'TlsSession') return TlsSession.fromBytes(bytes!)
  if (libsslWasmType === 'TicketKeys') return ticketKeys!(bytes!)
  if ('raw' in value && 'contents' in value) return new X509(value as Pick<X509, 'raw' | 'contents'>)
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, decodeValue(one, ticketKeys)]))
}

/** What can be posted of options, and their callbacks. Throws `ERR_TLS_INVALID_OPTION` for one that a worker cannot be given. */
export function encodeOptions(options: object): { readonly values: Readonly<Record<string, unknown>>; readonly callbacks: Callbacks } {
  const refused = (option: string, why: string) =>
    new ApiMisuseError('ERR_TLS_INVALID_OPTION', `option '${option}' cannot be given to a worker: ${why}`, { option })
  const values: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(options)) {
    if (typeof value === 'function') continue
    if (name === 'libssl' && value) throw refused(name, 'its instances are its own')
    if (name === 'maxEarlyDataBytes' && value) throw refused(name, 'its connections have no stream of early data')
    // A clone of a view has all that the view is a part of.
    values[name] = encodeValue(copyOption(value))
    try {
      structuredClone(values[name])
    } catch {
      throw refused(name, 'it cannot be cloned')
    }
  }
  return { values, callbacks: callbacksOf(options) }
}

export type Callbacks = Readonly<Record<string, (...args: unknown[]) => unknown>>

export function callbacksOf(options: object): Callbacks {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => typeof value === 'function')) as Callbacks
}
