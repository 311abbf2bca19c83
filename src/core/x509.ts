// A certificate, copied out of OpenSSL: a value, with nothing to free.

import { hex } from '../base/bytes.js'
import type { Ptr } from '../ffi/pointers.js'
import type { LibSsl } from './lib-ssl.js'

/** What a certificate says. Names are RFC 2253 text, for example `CN=localhost,O=Example`. */
export interface X509 {
  readonly subject: string
  readonly issuer: string
  /** For example `DNS:localhost, IP Address:127.0.0.1`; `''` if there is none. */
  readonly subjectAltName: string
  /** Upper-case hexadecimal. */
  readonly serialNumber: string
  readonly validFrom: Date
  readonly validTo: Date
  /** SHA-256 over the DER encoding, `AB:CD:…`. */
  readonly fingerprint256: string
  /** The certificate itself, DER. */
  readonly raw: Uint8Array<ArrayBuffer>
}

/** Copies the certificate at `cert`. */
export function readX509(lib: LibSsl, cert: Ptr<'X509'>): X509 {
  const { ffi, memory } = lib
  return {
    subject: memory.collectText((buf, size) => ffi.X509_subject(cert, buf, size)),
    issuer: memory.collectText((buf, size) => ffi.X509_issuer(cert, buf, size)),
    subjectAltName: memory.collectText((buf, size) => ffi.X509_subject_alt_name(cert, buf, size)),
    serialNumber: memory.collectText((buf, size) => ffi.X509_serial_number(cert, buf, size)),
    validFrom: new Date(Number(ffi.X509_not_before(cert)) * 1000),
    validTo: new Date(Number(ffi.X509_not_after(cert)) * 1000),
    fingerprint256: hex(memory.collect((buf, size) => ffi.X509_fingerprint256(cert, buf, size)) ?? new Uint8Array(), ':'),
    raw: memory.collect((buf, size) => ffi.X509_to_der(cert, buf, size)) ?? new Uint8Array(),
  }
}

/** What pins are made of: SHA-256 over the SubjectPublicKeyInfo. @spec RFC 7469 §2.4 */
export function spkiSha256(lib: LibSsl, cert: Ptr<'X509'>): Uint8Array {
  return lib.memory.collect((buf, size) => lib.ffi.X509_spki_sha256(cert, buf, size)) ?? new Uint8Array()
}
