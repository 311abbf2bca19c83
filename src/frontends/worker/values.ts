// Values that a structured clone would make something else of: they travel as what they are made from.

import { ApiMisuseError } from '../../base/errors.js'
import { copyOption } from '../../base/options.js'
import { brandOf, hasMethods } from '../../base/realms.js'
import { X509 } from '../../core/x509.js'
import type { TicketKeys } from '../sessions/ticket-keys.js'
import { SessionValue, type Seen } from '../sessions/session-value.js'

/** What is posted in the place of such a value. */
export interface Posted {
  readonly libsslWasmType: 'TlsSession' | 'TicketKeys'
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Of a session, what is seen of it. */
  readonly seen: Seen | undefined
}

/** What can be posted. Keys that rotate by age do so here: the other side gets them anew with each connection. */
export function encodeValue(value: unknown): unknown {
  const libsslWasmType = brandOf(value)
  if ((libsslWasmType !== 'TlsSession' && libsslWasmType !== 'TicketKeys') || !hasMethods(value, 'toBytes')) return value
  const source = value as unknown as Pick<SessionValue, 'toBytes'> & Partial<Pick<TicketKeys, 'use'>>
  source.use?.()
  return { libsslWasmType, bytes: source.toBytes(), seen: libsslWasmType === 'TlsSession' ? value : undefined }
}

/** Of options, the ticket keys as they are now. */
export function encodeKeys(options: object): Readonly<Record<string, unknown>> {
  const keys = Object.entries(options).filter(([, value]) => brandOf(value) === 'TicketKeys')
  return Object.fromEntries(keys.map(([name, value]) => [name, encodeValue(value)]))
}

/** What the worker posted, as it was; also the certificates in it, which become plain objects by themselves. */
export function decodeValue(value: unknown): unknown {
  return decodeAll(value, ({ libsslWasmType, bytes, seen, ...others }) => {
    if (libsslWasmType) return new SessionValue(seen!, bytes!)
    return 'raw' in others && 'contents' in others ? new X509(others as Pick<X509, 'raw' | 'contents'>) : undefined
  })
}

/** A copy in which `decode` has taken the place of each plain object that it knows. */
export function decodeAll(value: unknown, decode: (posted: Partial<Posted>) => object | undefined): unknown {
  if (Array.isArray(value)) return value.map((one) => decodeAll(one, decode))
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return decode(value) ?? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, decodeAll(one, decode)]))
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
