// A client's first message, as a server sees it before it answers. OpenSSL has parsed its frame; the contents of extensions
// come from the wire unchecked.

import { ApiMisuseError } from '../base/errors.js'
import * as C from '../ffi/functions.gen.js'
import type { Ptr } from '../ffi/pointers.js'
import { decodeAlpn } from './alpn.js'
import type { LibSsl } from './lib-ssl.js'

/**
 * A ClientHello (RFC 8446 §4.1.2, RFC 5246 §7.4.1.2). Known values have names; unknown ones (for example GREASE) are numbers.
 * An extension that is malformed counts as absent: OpenSSL will refuse it afterwards.
 */
export interface ClientHello {
  /** As `Ssl.getServername()`: the name of a host, or nothing. With accepted ECH the true one. */
  readonly servername: string | undefined
  /** Application protocols that the client offers, most wanted first; empty if it offers none. */
  readonly alpnProtocols: readonly string[]
  /** For example `TLSv1.3`, most wanted first. */
  readonly versions: readonly (string | number)[]
  /** Names as in the RFCs, for example `TLS_AES_128_GCM_SHA256`. */
  readonly ciphersuites: readonly (string | number)[]
  /** Names as OpenSSL has them, for example `X25519MLKEM768`. */
  readonly groups: readonly (string | number)[]
  /** Names as in RFC 8446, for example `ecdsa_secp256r1_sha256`. */
  readonly signatureAlgorithms: readonly (string | number)[]
  /** The legacy session id: of a TLS 1.2 session that is to be resumed, or a made-up one. Empty if there is none. */
  readonly sessionId: Uint8Array<ArrayBuffer>
  /** The length of {@link sessionId}. */
  readonly sessionIdBytes: number
  /** Whether a TLS 1.2 ticket is shown (RFC 5077). */
  readonly hasTicket: boolean
  /** Whether stapled OCSP is asked for (RFC 6066 §8). */
  readonly requestsOcsp: boolean
}

const extensions = {
  statusRequest: 5, supportedGroups: 10, signatureAlgorithms: 13, alpn: 16, sessionTicket: 35, supportedVersions: 43,
} as const

const STATUS_TYPE_OCSP = 1

const versionNames: Readonly<Record<number, string>> = {
  0x0300: 'SSLv3', 0x0301: 'TLSv1', 0x0302: 'TLSv1.1', 0x0303: 'TLSv1.2', 0x0304: 'TLSv1.3',
}

/** RFC 8446 §4.2.3, RFC 8734 and draft-ietf-tls-mldsa: IANA's names. */
const signatureSchemes: Readonly<Record<number, string>> = {
  0x0201: 'rsa_pkcs1_sha1', 0x0203: 'ecdsa_sha1', 0x0301: 'rsa_pkcs1_sha224', 0x0303: 'ecdsa_sha224',
  0x0401: 'rsa_pkcs1_sha256', 0x0403: 'ecdsa_secp256r1_sha256', 0x0501: 'rsa_pkcs1_sha384',
  0x0503: 'ecdsa_secp384r1_sha384', 0x0601: 'rsa_pkcs1_sha512', 0x0603: 'ecdsa_secp521r1_sha512',
  0x0804: 'rsa_pss_rsae_sha256', 0x0805: 'rsa_pss_rsae_sha384', 0x0806: 'rsa_pss_rsae_sha512', 0x0807: 'ed25519',
  0x0808: 'ed448', 0x0809: 'rsa_pss_pss_sha256', 0x080a: 'rsa_pss_pss_sha384', 0x080b: 'rsa_pss_pss_sha512',
  0x081a: 'ecdsa_brainpoolP256r1tls13_sha256', 0x081b: 'ecdsa_brainpoolP384r1tls13_sha384',
  0x081c: 'ecdsa_brainpoolP512r1tls13_sha512', 0x0904: 'mldsa44', 0x0905: 'mldsa65', 0x0906: 'mldsa87',
}

/** Names that OpenSSL was asked for: every ClientHello has dozens of them. */
const [cipherNames, groupNames] = [new Map<number, string>(), new Map<number, string>()]

/** Of the connection whose client hello callback is running. Throws `ERR_TLS_INVALID_STATE` at any other time. */
export function readClientHello(lib: LibSsl, ssl: Ptr<'SSL'>): ClientHello {
  const { ffi, memory } = lib
  const bytes = (read: (length: Ptr<'uint32_t'>) => number) => {
    const slot = lib.slot<'uint32_t'>()
    const ptr = read(slot)
    return ptr === 0 ? undefined : memory.copyOut(ptr, memory.readInt32(slot))
  }
  const extension = (type: number) => bytes((length) => ffi[C.SSL_client_hello_get0_ext](ssl, type, length))
  const text = (ptr: number) => (ptr === 0 ? undefined : memory.readCString(ptr))
  const names = (ids: readonly number[], known: Map<number, string>, find: (id: number) => number) => ids.map((id) => {
    const name = known.get(id) ?? text(find(id))
    if (name !== undefined) known.set(id, name)
    return name ?? id
  })

  const legacyVersion = ffi[C.SSL_client_hello_get0_legacy_version](ssl)
  if (legacyVersion === 0) throw new ApiMisuseError('ERR_TLS_INVALID_STATE', 'Ssl.getClientHello: the callback for it is not running')
  const versions = parseNumbers(extension(extensions.supportedVersions), 1)
  const sessionId = bytes((length) => ffi[C.SSL_client_hello_get0_session_id](ssl, length)) ?? new Uint8Array()
  return {
    servername: text(ffi[C.SSL_get_servername](ssl)),
    alpnProtocols: parseAlpn(extension(extensions.alpn)),
    versions: (versions.length > 0 ? versions : [legacyVersion]).map((id) => versionNames[id] ?? id),
    ciphersuites: names(parseNumbers(bytes((length) => ffi[C.SSL_client_hello_get0_ciphers](ssl, length)), 0), cipherNames,
      (id) => ffi[C.SSL_CIPHER_find_name](ssl, id)),
    groups: names(parseNumbers(extension(extensions.supportedGroups), 2), groupNames, (id) => ffi[C.SSL_group_to_name](ssl, id)),
    signatureAlgorithms: parseNumbers(extension(extensions.signatureAlgorithms), 2).map((id) => signatureSchemes[id] ?? id),
    sessionId,
    sessionIdBytes: sessionId.byteLength,
    hasTicket: (extension(extensions.sessionTicket)?.byteLength ?? 0) > 0,
    requestsOcsp: extension(extensions.statusRequest)?.[0] === STATUS_TYPE_OCSP,
  }
}

/** Numbers of 16 bits, after a length of so many bytes that holds for all the rest. Empty if they are not that. */
export function parseNumbers(bytes: Uint8Array | undefined, lengthBytes: 0 | 1 | 2): number[] {
  const list = bytes && prefixed(bytes, lengthBytes)
  if (!list || list.byteLength % 2 !== 0) return []
  return Array.from({ length: list.byteLength / 2 }, (_, index) => list[2 * index]! << 8 | list[2 * index + 1]!)
}

/** RFC 7301 §3.1. Empty if it is not that. */
export function parseAlpn(bytes: Uint8Array | undefined): string[] {
  const list = bytes && prefixed(bytes, 2)
  if (!list) return []
  try {
    return decodeAlpn(list).map(({ name }) => name)
  } catch {
    return []
  }
}

/** The bytes behind a length; `undefined` unless there are exactly so many. */
function prefixed(bytes: Uint8Array, lengthBytes: 0 | 1 | 2): Uint8Array | undefined {
  if (bytes.byteLength < lengthBytes) return undefined
  let length = 0
  for (let at = 0; at < lengthBytes; at++) length = length << 8 | bytes[at]!
  return lengthBytes === 0 || length === bytes.byteLength - lengthBytes ? bytes.subarray(lengthBytes) : undefined
}
