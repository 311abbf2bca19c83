// Values that a structured clone would turn into something else. They travel as the data they are made from.

import { isBytesLike, viewOf } from '../../base/bytes.js'
import { invalid, isPlainObject } from '../../base/options.js'
import { brandOf, hasMethods } from '../../base/realms.js'
import { X509 } from '../../core/x509.js'
import type { TicketKeys } from '../sessions/ticket-keys.js'
import { SessionValue, type Seen } from '../sessions/session-value.js'

/** What is posted in the place of such a value. */
export interface Posted {
  readonly libsslWasmType: 'TlsSession' | 'TicketKeys'
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Of a session from the worker: a page does not read its bytes. */
  readonly seen?: Seen
}

/** What can be posted of `value`. Keys that rotate by age do so here: the other side gets them anew with each connection. */
export function encodeValue(value: unknown): unknown {
  const libsslWasmType = brandOf(value)
  if ((libsslWasmType !== 'TlsSession' && libsslWasmType !== 'TicketKeys') || !hasMethods(value, 'toBytes')) return value
  const source = value as unknown as Pick<SessionValue, 'toBytes'> & Partial<Pick<TicketKeys, 'use'>>
  source.use?.()
  return { libsslWasmType, bytes: source.toBytes() } satisfies Posted
}

/** The ticket keys among the options, in their present state. */
export function encodeKeys(options: object): Readonly<Record<string, unknown>> {
  const keys = Object.entries(options).filter(([, value]) => brandOf(value) === 'TicketKeys')
  return Object.fromEntries(keys.map(([name, value]) => [name, encodeValue(value)]))
}

/** What the worker posted, as it was; also the certificates in it, which become plain objects by themselves. */
export function decodeValue(value: unknown): unknown {
  return changeAll(value, (one) => {
    const { libsslWasmType, bytes, seen } = one as Partial<Posted>
    if (libsslWasmType) return new SessionValue(seen!, bytes!)
    return 'raw' in one && 'contents' in one ? new X509(one as Pick<X509, 'raw' | 'contents'>) : one
  })
}

/** A copy of arrays and plain objects, all the way down. `change` is asked first, for each value: what it gives instead is not copied. */
export function changeAll(value: unknown, change: (value: object) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const changed = change(value)
  if (changed !== value) return changed
  if (Array.isArray(value)) return value.map((one) => changeAll(one, change))
  return isPlainObject(value) ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, changeAll(one, change)])) : value
}

/** What can be posted of options, and their callbacks. Throws `ERR_TLS_INVALID_OPTION` for one that a worker cannot be given. */
export function encodeOptions(options: object): { readonly values: Readonly<Record<string, unknown>>; readonly callbacks: Callbacks } {
  const refused = (option: string, why: string) => invalid(option, `cannot be given to a worker: ${why}`)
  const values: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(options)) {
    if (typeof value === 'function') continue
    if (name === 'libssl' && value) throw refused(name, 'its instances are its own')
    if (name === 'maxEarlyDataBytes' && value) throw refused(name, 'its connections have no stream of early data')
    // Bytes are copied, as a clone of a view has all that the view is a part of.
    values[name] = changeAll(value, (one) => (isBytesLike(one) ? new Uint8Array(viewOf(one)) : encodeValue(one)))
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
