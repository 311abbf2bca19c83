// A session as a value: it needs no instance, so it goes from one to another, and as bytes from one runtime to another.
//
// The bytes: 'TLSs', a version (1), flags (1: the certificate was verified), the protocol (2), when it expires in
// milliseconds since 1970 (8, a double), how much early data (4), SHA-256 of what was trusted (32), servername and
// application protocol (2 of length each), OpenSSL's ASN.1 (4 of length). All big-endian.

import { ApiMisuseError } from '../../base/errors.js'
import { asBytes, concat, isBytesLike, utf8, type BytesLike } from '../../base/bytes.js'
import { brandOf, hasMethods } from '../../base/realms.js'
import { TLS1_2_VERSION, TLS1_3_VERSION } from '../../ffi/constants.gen.js'
import type { ProtocolVersion } from '../features/algorithms.js'

const MAGIC = utf8('TLSs')
const VERSION = 1
const HEADER_BYTES = 4 + 1 + 1 + 2 + 8 + 4
const TRUST_BYTES = 32
/** A ticket has 64 KiB at most, and a certificate should. */
const MOST_BYTES = 1024 * 1024

/** What a session is made of. */
export interface SessionParts {
  readonly protocol: ProtocolVersion
  readonly servername: string | undefined
  readonly alpnProtocol: string | undefined
  readonly expiresAtMs: number
  readonly maxEarlyDataBytes: number
  readonly verified: boolean
  readonly trust: Uint8Array
  readonly asn1: Uint8Array
}

/**
 * What a client needs to take a session up again, with one round trip less, or two with early data. It holds the
 * session's secret: anybody who has it can take up the session in the client's place.
 *
 * A TLS 1.3 session should be used once (RFC 8446 §C.4): an observer who sees it twice knows that it is the same client.
 */
export class TlsSession {
  readonly protocol: ProtocolVersion
  /** The name that it was made for; it is offered to no other. */
  readonly servername: string | undefined
  /** The application protocol of the connection that it comes from. Early data is for this one. */
  readonly alpnProtocol: string | undefined
  /** When the ticket, or the server's certificate, is no longer good. It is not offered after that. */
  readonly expiresAt: Date
  /** How much early data the server takes with it; 0: none. */
  readonly maxEarlyDataBytes: number
  readonly #parts: SessionParts
  /** @internal */
  readonly [Symbol.toStringTag] = 'TlsSession'

  /** @internal */
  constructor(parts: SessionParts) {
    this.protocol = parts.protocol
    this.servername = parts.servername
    this.alpnProtocol = parts.alpnProtocol
    this.expiresAt = new Date(parts.expiresAtMs)
    this.maxEarlyDataBytes = parts.maxEarlyDataBytes
    this.#parts = parts
  }

  /** @internal */
  get parts(): SessionParts {
    return this.#parts
  }

  /** The session for another time, process or runtime. Keep it as you would keep a key. */
  toBytes(): Uint8Array<ArrayBuffer> {
    const { protocol, servername = '', alpnProtocol = '', expiresAtMs, maxEarlyDataBytes, verified, trust, asn1 } = this.#parts
    const header = new DataView(new ArrayBuffer(HEADER_BYTES))
    MAGIC.forEach((byte, index) => header.setUint8(index, byte))
    header.setUint8(4, VERSION)
    header.setUint8(5, verified ? 1 : 0)
    header.setUint16(6, protocol === 'TLSv1.3' ? TLS1_3_VERSION : TLS1_2_VERSION)
    header.setFloat64(8, expiresAtMs)
    header.setUint32(16, maxEarlyDataBytes)
    const [name, alpn] = [utf8(servername), utf8(alpnProtocol)]
    const lengths = [number(2, name.byteLength), number(2, alpn.byteLength), number(4, asn1.byteLength)] as const
    return concat([new Uint8Array(header.buffer), trust, lengths[0], name, lengths[1], alpn, lengths[2], asn1])
  }

  /**
   * Reads what {@link toBytes} wrote, and copies it. Throws `ERR_TLS_INVALID_ARGUMENT` for anything else. Whether OpenSSL
   * can read its part shows when the session is used.
   */
  static fromBytes(bytes: BytesLike): TlsSession {
    if (!isBytesLike(bytes)) throw wrong('not bytes')
    const reader = new Reader(asBytes(bytes))
    const header = reader.take(HEADER_BYTES)
    const view = new DataView(header.buffer)
    if (!MAGIC.every((byte, index) => header[index] === byte)) throw wrong('they do not begin as those do')
    if (header[4] !== VERSION) throw wrong(`of format ${header[4]}, and this is ${VERSION}`)
    const version = view.getUint16(6)
    const expiresAtMs = view.getFloat64(8)
    const knownVersion = version === TLS1_2_VERSION || version === TLS1_3_VERSION
    if (!knownVersion || header[5]! > 1 || !(Math.abs(expiresAtMs) <= 8.64e15)) throw wrong('the header is broken')
    const trust = reader.take(TRUST_BYTES)
    const servername = reader.text()
    const alpnProtocol = reader.text()
    const asn1 = reader.take(reader.number(4))
    if (asn1[0] !== 0x30) throw wrong("OpenSSL's part is broken")
    reader.end()
    return new TlsSession({
      protocol: version === TLS1_3_VERSION ? 'TLSv1.3' : 'TLSv1.2',
      servername, alpnProtocol, expiresAtMs, maxEarlyDataBytes: view.getUint32(16), verified: header[5] === 1, trust, asn1,
    })
  }
}

/** Also of another copy of this package. */
export function isTlsSession(value: unknown): value is TlsSession {
  return brandOf(value) === 'TlsSession' && hasMethods(value, 'toBytes')
}

/** As one of this copy. Throws as {@link TlsSession.fromBytes}. */
export function asTlsSession(session: TlsSession | BytesLike): TlsSession {
  if (session instanceof TlsSession) return session
  return TlsSession.fromBytes(isTlsSession(session) ? (session as TlsSession).toBytes() : session)
}

function wrong(why: string): ApiMisuseError {
  return new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', `these are not the bytes of a TlsSession: ${why}`)
}

function number(size: 2 | 4, value: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => value >>> (8 * (size - 1 - index)))
}

class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    if (bytes.byteLength > MOST_BYTES) throw wrong('too many')
    this.#bytes = bytes
  }

  take(count: number): Uint8Array<ArrayBuffer> {
    if (count > this.#bytes.byteLength - this.#at) throw wrong('too few')
    this.#at += count
    return new Uint8Array(this.#bytes.subarray(this.#at - count, this.#at))
  }

  number(size: 2 | 4): number {
    return this.take(size).reduce((sum, byte) => sum * 256 + byte, 0)
  }

  text(): string | undefined {
    const bytes = this.take(this.number(2))
    try {
      return bytes.byteLength === 0 ? undefined : new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    } catch {
      throw wrong('a name is not text')
    }
  }

  end(): void {
    if (this.#at < this.#bytes.byteLength) throw wrong('too many')
  }
}
