// STARTTLS of the protocols that speak in bytes: PostgreSQL, MySQL, LDAP.

import { decodeUtf8, utf8 } from '../../../base/bytes.js'
import type { PlaintextConversation } from '../../../transports/plaintext.js'
import { refused, unexpected, type AskForTls } from './failures.js'

/** More than any server says here. */
const MOST_BYTES = 65_536

/** SSLRequest: its length, and 80877103 in place of a version. The answer is one byte. */
export const postgres: AskForTls = async (talk) => {
  await talk.write(Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47))
  const answer = decodeUtf8(await talk.readBytes(1))
  if (answer === 'S') return
  if (answer === 'N') throw refused('the server speaks no TLS (its setting ssl is off)')
  if (answer !== 'E') throw unexpected('PostgreSQL', 'S or N', answer)
  const bytes = await readSized(talk, await readUint(talk, 4) - 4, 'PostgreSQL')
  throw refused('the server has sent an error', decodeUtf8(bytes).replaceAll('\0', ' ').trim())
}

const CLIENT_PROTOCOL_41 = 0x0200
const CLIENT_SSL = 0x0800
const CLIENT_SECURE_CONNECTION = 0x8000
const UTF8MB4 = 45

/** The server's Protocol::HandshakeV10, and an SSLRequest packet: the same in MySQL and MariaDB. */
export const mysql: AskForTls = async (talk) => {
  const header = await talk.readBytes(4)
  const bytes = await readSized(talk, header[0]! | header[1]! << 8 | header[2]! << 16, 'MySQL')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes[0] === 0xff) throw refused('the server takes no connection', decodeUtf8(bytes.subarray(3)))
  const afterVersion = bytes.indexOf(0, 1) + 1
  if (bytes[0] !== 10 || afterVersion === 0 || bytes.byteLength < afterVersion + 15) {
    throw unexpected('MySQL', 'a handshake of version 10', decodeUtf8(bytes.subarray(0, 64)))
  }
  // After the version: a thread's number (4), random bytes (8), a zero, and what the server can do.
  const flags = view.getUint16(afterVersion + 13, true)
  const version = decodeUtf8(bytes.subarray(1, afterVersion - 1))
  if ((flags & CLIENT_SSL) === 0) throw refused('the server speaks no TLS', version)
  const request = new DataView(new ArrayBuffer(36))
  request.setUint8(0, 32)
  request.setUint8(3, header[3]! + 1)
  request.setUint32(4, CLIENT_PROTOCOL_41 | CLIENT_SSL | CLIENT_SECURE_CONNECTION, true)
  request.setUint32(8, 0x0100_0000, true) // the longest packet
  request.setUint8(12, UTF8MB4)
  await talk.write(new Uint8Array(request.buffer))
}

const START_TLS_OID = utf8('1.3.6.1.4.1.1466.20037')

/** An ExtendedRequest, and the server's ExtendedResponse. @spec RFC 4511 §4.14 */
export const ldap: AskForTls = async (talk) => {
  const name = [0x80, START_TLS_OID.byteLength, ...START_TLS_OID]
  const request = [0x02, 1, 1, 0x77, name.length, ...name] // messageID 1, [APPLICATION 23]
  await talk.write(Uint8Array.of(0x30, request.length, ...request))
  const [tag] = await talk.readBytes(1)
  if (tag !== 0x30) throw unexpected('LDAP', 'an LDAPMessage', String.fromCharCode(tag!))
  const first = await readUint(talk, 1)
  const message = new Ber(await readSized(talk, first < 0x80 ? first : await readUint(talk, first & 0x7f), 'LDAP'))
  message.next() // messageID
  const response = message.next()
  if (response.tag !== 0x78) throw unexpected('LDAP', 'an ExtendedResponse', `message of type ${response.tag}`)
  const fields = new Ber(response.value)
  const [result, , diagnostic] = [fields.next(), fields.next(), fields.next()]
  const code = result.value.reduce((sum, byte) => sum * 256 + byte, 0)
  if (code === 0) return
  throw refused(`the server refuses it: resultCode ${code} (${RESULTS[code] ?? 'see RFC 4511'})`, decodeUtf8(diagnostic.value))
}

/** @spec RFC 4511 §4.1.9 */
const RESULTS: Readonly<Record<number, string>> = {
  1: 'operationsError', 2: 'protocolError: it does not know StartTLS', 8: 'strongerAuthRequired', 51: 'busy', 52: 'unavailable',
  53: 'unwillingToPerform',
}

/** BER with definite lengths, which need not be the shortest. */
class Ber {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  next(): { readonly tag: number; readonly value: Uint8Array } {
    const tag = this.#byte()
    let length = this.#byte()
    if (length >= 0x80) {
      const octets = length & 0x7f
      length = 0
      for (let i = 0; i < octets; i++) length = length * 256 + this.#byte()
    }
    const value = this.#bytes.subarray(this.#at, this.#at += length)
    if (value.byteLength < length) throw cut()
    return { tag, value }
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw cut()
    return byte
  }
}

const cut = () => unexpected('LDAP', 'a whole message', 'less than its lengths say')

async function readUint(talk: PlaintextConversation, octets: number): Promise<number> {
  if (octets === 0) return 0
  return (await talk.readBytes(octets)).reduce((sum, byte) => sum * 256 + byte, 0)
}

async function readSized(talk: PlaintextConversation, size: number, protocol: string): Promise<Uint8Array<ArrayBuffer>> {
  if (size < 1 || size > MOST_BYTES) throw unexpected(protocol, `a message of 1 to ${MOST_BYTES} bytes`, `one of ${size}`)
  return talk.readBytes(size)
}
