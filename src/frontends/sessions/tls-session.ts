// A session as a value: it needs no instance, so it goes from one to another, and as bytes from one runtime to another.
//
// The bytes: 'TLSs', a version (1), flags (1: the certificate was verified), the protocol (2), when it expires in
// milliseconds since 1970 (8, a double), how much early data (4), SHA-256 of what was trusted (32), servername and
// application protocol (2 of length each), OpenSSL's ASN.1 (4 of length). All big-endian.

import { BinaryReader, float64, prefixed, uint } from '../../base/binary.js'
import { asBytes, concat, isBytesLike, utf8, type BytesLike } from '../../base/bytes.js'
import { ApiMisuseError } from '../../base/errors.js'
import { brandOf, hasMethods } from '../../base/realms.js'
import { TLS1_2_VERSION, TLS1_3_VERSION } from '../../ffi/constants.gen.js'
import { SessionValue } from './session-value.js'

const MAGIC = utf8('TLSs')
const FORMAT = 1
const TRUST_BYTES = 32
/** A ticket has 64 KiB at most, and a certificate should. */
const MOST_BYTES = 1024 * 1024

/** What a session is made of. */
export interface SessionParts extends Pick<TlsSession, 'protocol' | 'servername' | 'alpnProtocol' | 'maxEarlyDataBytes'> {
  readonly expiresAtMs: number
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
export class TlsSession extends SessionValue {
  readonly #parts: SessionParts

  /** @internal A session that came from a worker is one, too. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof SessionValue
  }

  /** @internal */
  constructor(parts: SessionParts) {
    const { protocol, servername, alpnProtocol, expiresAtMs, maxEarlyDataBytes } = parts
    super({ protocol, servername, alpnProtocol, expiresAt: new Date(expiresAtMs), maxEarlyDataBytes }, write(parts))
    this.#parts = parts
  }

  /** @internal */
  get parts(): SessionParts {
    return this.#parts
  }

  /**
   * Reads what {@link toBytes} wrote, and copies it. Throws `ERR_TLS_INVALID_ARGUMENT` for anything else. Whether OpenSSL
   * can read its part shows when the session is used.
   */
  static fromBytes(bytes: BytesLike): TlsSession {
    if (!isBytesLike(bytes)) throw wrong('not bytes')
    if (bytes.byteLength > MOST_BYTES) throw wrong('too many')
    const reader = new BinaryReader(asBytes(bytes), wrong)
    if (!reader.skips(MAGIC)) throw wrong('they begin otherwise')
    const format = reader.uint(1)
    if (format !== FORMAT) throw wrong(`they have format ${format}, and this library reads format ${FORMAT}`)
    const [flags, version, expiresAtMs] = [reader.uint(1), reader.uint(2), reader.float64()]
    const protocol = version === TLS1_3_VERSION ? 'TLSv1.3' : version === TLS1_2_VERSION ? 'TLSv1.2' : undefined
    if (!protocol || flags > 1 || !(Math.abs(expiresAtMs) <= 8.64e15)) throw wrong('the header is broken')
    const parts = {
      protocol, expiresAtMs, verified: flags === 1, maxEarlyDataBytes: reader.uint(4), trust: reader.take(TRUST_BYTES),
      servername: text(reader.prefixed(2)), alpnProtocol: text(reader.prefixed(2)), asn1: reader.prefixed(4),
    } as const
    reader.end()
    if (parts.asn1[0] !== 0x30) throw wrong("OpenSSL's part is broken")
    return new TlsSession(parts)
  }
}

/** Also of another copy of this package. */
export function isTlsSession(value: unknown): value is TlsSession {
  return brandOf(value) === 'TlsSession' && hasMethods(value, 'toBytes')
}

/** As one of this copy. Throws as {@link TlsSession.fromBytes}. */
export function asTlsSession(session: TlsSession | BytesLike): TlsSession {
  if (session instanceof TlsSession && 'parts' in session) return session
  return TlsSession.fromBytes(isTlsSession(session) ? (session as TlsSession).toBytes() : session)
}

function write({ protocol, servername = '', alpnProtocol = '', expiresAtMs, maxEarlyDataBytes, verified, trust, asn1 }: SessionParts) {
  return concat([
    MAGIC, uint(1, FORMAT), uint(1, verified ? 1 : 0), uint(2, protocol === 'TLSv1.3' ? TLS1_3_VERSION : TLS1_2_VERSION),
    float64(expiresAtMs), uint(4, maxEarlyDataBytes), trust,
    prefixed(2, utf8(servername)), prefixed(2, utf8(alpnProtocol)), prefixed(4, asn1),
  ])
}

function text(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes) || undefined
  } catch {
    throw wrong('a name is not text')
  }
}

function wrong(why: string): ApiMisuseError {
  return new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', `these are not the bytes of a TlsSession: ${why}`)
}
