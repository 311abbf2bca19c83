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

/** Names the option that a worker cannot be given. `values` are encoded; `callbacks` are names. */
export function refuseWhatCannotCross(values: Readonly<Record<string, unknown>>, callbacks: readonly string[]): void {
  const refused = (option: string, why: string) =>
    new ApiMisuseError('ERR_TLS_INVALID_OPTION', `option '${option}' cannot be given to a worker: ${why}`, { option })
  for (const name of callbacks) {
    if (callbackAnswers[name] === 'at once') throw refused(name, 'OpenSSL waits for no answer from another thread')
  }
  if (values['maxEarlyDataBytes']) throw refused('maxEarlyDataBytes', 'its connections have no stream of early data')
  for (const [name, value] of Object.entries(values)) {
    try {
      structuredClone(value)
    } catch {
      throw refused(name, 'it cannot be cloned')
    }
  }
}
