// Messages on the wire and states, in words: the events of `onTrace`.

import { hex } from '../base/bytes.js'
import type { ProtocolMessage } from '../ffi/callbacks.js'
import {
  SSL3_RT_ALERT, SSL3_RT_APPLICATION_DATA, SSL3_RT_CHANGE_CIPHER_SPEC, SSL3_RT_HANDSHAKE, SSL3_RT_HEADER, SSL3_RT_INNER_CONTENT_TYPE,
  SSL_CB_HANDSHAKE_DONE, SSL_CB_HANDSHAKE_START,
} from '../ffi/constants.gen.js'
import * as C from '../ffi/functions.gen.js'
import type { LibSsl } from './lib-ssl.js'

/** A record, or one message in it, that was sent or received. Records of the peer come before what is in them. */
export interface ProtocolEvent {
  /** Whether it came from the peer or went to it. */
  readonly direction: 'sent' | 'received'
  /** `inner_content_type`: what a TLS 1.3 record holds that says it is application data (RFC 8446 §5.2). */
  readonly kind: 'record' | 'inner_content_type' | 'handshake' | 'alert' | 'change_cipher_spec' | 'unknown'
  /** The RFC's name: `ClientHello`, `fatal bad_certificate`; of a record its content type, `application_data` say. */
  readonly name: string
  /** As the message or the record's header has it: `TLSv1.3`. Headers never say more than `TLSv1.2` (RFC 8446 §5.1). */
  readonly version: string
  /** The size of the record or of the message, with its header. */
  readonly bytes: number
}

/** A step of OpenSSL's state machine. A message after the handshake, a key update say, starts it once more. */
export interface StateEvent {
  /** Tells it from a {@link ProtocolEvent}. */
  readonly kind: 'state'
  /** OpenSSL's name of the state, for example `SSLv3/TLS read server hello`, as SSL_state_string_long(3) has it. */
  readonly name: string
  /** `passed`: what the state names is done, and the next one begins. */
  readonly step: 'handshake started' | 'passed' | 'handshake done'
}

/** Names what {@link Ssl.setInfoCallback} was given; `state` is {@link Ssl.stateStringLong}'s, asked at that moment. */
export function describeState(where: number, state: string): StateEvent {
  const step = where & SSL_CB_HANDSHAKE_START ? 'handshake started' : where & SSL_CB_HANDSHAKE_DONE ? 'handshake done' : 'passed'
  return { kind: 'state', name: state, step }
}

/** Names what {@link Ssl.setMsgCallback} was given. */
export function describeMessage(lib: LibSsl, { sent, version, contentType, bytes }: ProtocolMessage): ProtocolEvent {
  const versionName = versions[version] ?? `0x${version.toString(16).padStart(4, '0')}`
  const event = (kind: ProtocolEvent['kind'], name: string, size = bytes.byteLength): ProtocolEvent =>
    ({ direction: sent ? 'sent' : 'received', kind, name, version: versionName, bytes: size })
  switch (contentType) {
    case SSL3_RT_HEADER:
      return event('record', contentTypeName(bytes[0]), RECORD_HEADER_BYTES + (bytes[3]! << 8 | bytes[4]!))
    case SSL3_RT_INNER_CONTENT_TYPE:
      return event('inner_content_type', contentTypeName(bytes[0]))
    case SSL3_RT_HANDSHAKE:
      return event('handshake', handshakeName(bytes))
    case SSL3_RT_CHANGE_CIPHER_SPEC:
      return event('change_cipher_spec', 'ChangeCipherSpec')
    case SSL3_RT_ALERT: {
      const [level = 0, description = 0] = bytes
      const words = lib.memory.readCString(lib.ffi[C.SSL_alert_desc_string_long](level << 8 | description))
      return event('alert', `${level === 2 ? 'fatal' : 'warning'} ${words.toLowerCase().replaceAll(' ', '_')}`)
    }
    default:
      return event('unknown', `content type ${contentType}`)
  }
}

const RECORD_HEADER_BYTES = 5

const versions: Readonly<Record<number, string>> = { 0x0301: 'TLSv1.0', 0x0302: 'TLSv1.1', 0x0303: 'TLSv1.2', 0x0304: 'TLSv1.3' }

function contentTypeName(type: number | undefined): string {
  switch (type) {
    case SSL3_RT_CHANGE_CIPHER_SPEC: return 'change_cipher_spec'
    case SSL3_RT_ALERT: return 'alert'
    case SSL3_RT_HANDSHAKE: return 'handshake'
    case SSL3_RT_APPLICATION_DATA: return 'application_data'
    default: return `content type ${type}`
  }
}

/** RFC 8446 §4 and §B.3, RFC 5246 §7.4, RFC 6066 §8: the names that the RFCs give their structures. */
const handshakeNames: Readonly<Record<number, string>> = {
  0: 'HelloRequest', 1: 'ClientHello', 2: 'ServerHello', 4: 'NewSessionTicket', 5: 'EndOfEarlyData', 8: 'EncryptedExtensions',
  11: 'Certificate', 12: 'ServerKeyExchange', 13: 'CertificateRequest', 14: 'ServerHelloDone', 15: 'CertificateVerify',
  16: 'ClientKeyExchange', 20: 'Finished', 22: 'CertificateStatus', 24: 'KeyUpdate', 25: 'CompressedCertificate', 254: 'MessageHash',
}

/** A ServerHello with this random is a HelloRetryRequest (RFC 8446 §4.1.3). */
const RETRY_RANDOM = 'CF21AD74E59A6111BE1D8C021E65B891C2A211167ABB8C5E079E09E2C8A8339C'
const RANDOM_OFFSET = 6

function handshakeName(message: Uint8Array<ArrayBuffer>): string {
  const name = handshakeNames[message[0] ?? -1] ?? `handshake type ${message[0]}`
  if (name !== 'ServerHello') return name
  return hex(message.slice(RANDOM_OFFSET, RANDOM_OFFSET + RETRY_RANDOM.length / 2)) === RETRY_RANDOM ? 'HelloRetryRequest' : name
}
