// A certificate, copied out of OpenSSL: a value, with nothing to free. OpenSSL says all it knows in one go
// (lsw_X509_describe); that is taken apart when it is asked for.

import { decodeUtf8, hex } from '../base/bytes.js'
import {
  LSW_X509_ACCESS, LSW_X509_ALT_NAME, LSW_X509_CA, LSW_X509_EXPONENT, LSW_X509_EXTENDED_KEY_USAGE, LSW_X509_FINGERPRINT,
  LSW_X509_FINGERPRINT256, LSW_X509_FINGERPRINT512, LSW_X509_ISSUER, LSW_X509_ISSUER_ATTRIBUTE, LSW_X509_KEY_BITS, LSW_X509_KEY_GROUP,
  LSW_X509_KEY_TYPE, LSW_X509_KEY_USAGE, LSW_X509_MODULUS, LSW_X509_NOT_AFTER, LSW_X509_NOT_BEFORE, LSW_X509_PATH_LENGTH,
  LSW_X509_SERIAL_NUMBER, LSW_X509_SIGNATURE_ALGORITHM, LSW_X509_SPKI, LSW_X509_SUBJECT, LSW_X509_SUBJECT_ATTRIBUTE,
} from '../ffi/constants.gen.js'
import type { Ptr } from '../ffi/pointers.js'
import { firstPart, generalName, ipAddress, printGeneralName, printName, type GeneralName } from './general-name.js'
import type { LibSsl } from './lib-ssl.js'

/** An attribute of a name, for example `{ type: 'CN', value: 'localhost' }`. */
export interface X509Attribute {
  /** OpenSSL's short name, or the object identifier in figures. */
  readonly type: string
  /** What has no text, for example a BIT STRING, is `#` and its DER in hexadecimal (RFC 2253 §2.4). */
  readonly value: string
}

/** The names that a certificate is for (RFC 5280 §4.2.1.6). */
export interface X509Names {
  readonly dns: readonly string[]
  /** `192.0.2.1`, `2001:db8:0:0:0:0:0:1`. */
  readonly ip: readonly string[]
  readonly email: readonly string[]
  readonly uri: readonly string[]
}

/** RFC 5280 §4.2.1.3. */
export type X509KeyUsage = (typeof KEY_USAGES)[number][1]

const KEY_USAGES = [
  [0x0080, 'digitalSignature'], [0x0040, 'nonRepudiation'], [0x0020, 'keyEncipherment'], [0x0010, 'dataEncipherment'],
  [0x0008, 'keyAgreement'], [0x0004, 'keyCertSign'], [0x0002, 'cRLSign'], [0x0001, 'encipherOnly'],
  [0x8000, 'decipherOnly'],
] as const

/** A certificate, and its contents. A structured clone of one, `{ raw, described }`, makes the same again by `new`. */
export class X509 {
  /** The certificate itself, DER. */
  readonly raw: Uint8Array<ArrayBuffer>
  /** @internal Its contents as OpenSSL gives them, in the form that lsw.h describes. */
  readonly described: Uint8Array<ArrayBuffer>

  /** @internal */
  constructor({ raw, described }: Pick<X509, 'raw' | 'described'>) {
    this.raw = raw
    this.described = described
  }

  /**
   * RFC 2253 text, for example `CN=localhost,O=Example`, one line without control characters: for people. Programs want
   * {@link subjectAttributes}.
   */
  get subject(): string { return printName(text(this, LSW_X509_SUBJECT)) }

  /** The issuer's name, in the same form. */
  get issuer(): string { return printName(text(this, LSW_X509_ISSUER)) }

  /** In the certificate's order, which is that of {@link subject} the other way round. */
  get subjectAttributes(): readonly X509Attribute[] { return attributes(this, LSW_X509_SUBJECT_ATTRIBUTE) }

  /** Those of the issuer's name. */
  get issuerAttributes(): readonly X509Attribute[] { return attributes(this, LSW_X509_ISSUER_ATTRIBUTE) }

  /**
   * As node:crypto prints it, for example `DNS:localhost, IP Address:127.0.0.1`; `''` if there is none. A value that holds
   * commas, quotes or control characters is a JSON string. Programs want {@link names}.
   */
  get subjectAltName(): string { return altNames(this).map(printGeneralName).join(', ') }

  get names(): X509Names {
    return {
      dns: valuesOf(altNames(this), 'DNS'), email: valuesOf(altNames(this), 'email'), uri: valuesOf(altNames(this), 'URI'),
      ip: altNames(this).flatMap(({ kind, value }) => (kind === 'IP Address' && value && ipAddress(value)) || []),
    }
  }

  /** Upper-case hexadecimal, whole octets; `0`; `-` before a negative one. */
  get serialNumber(): string { return text(this, LSW_X509_SERIAL_NUMBER) }

  /** An invalid date (`NaN`) if it is none. */
  get validFrom(): Date { return date(this, LSW_X509_NOT_BEFORE) }

  /** An invalid date (`NaN`) if it is none. */
  get validTo(): Date { return date(this, LSW_X509_NOT_AFTER) }

  /** {@link validFrom} as node:crypto prints it, for example `Jan  1 00:00:00 2026 GMT`; `Bad time value` if it is none. */
  get validFromText(): string { return pairs(this, LSW_X509_NOT_BEFORE)[0]?.[1] ?? '' }

  /** {@link validTo} in the same form. */
  get validToText(): string { return pairs(this, LSW_X509_NOT_AFTER)[0]?.[1] ?? '' }

  /** SHA-1 over the DER encoding, `AB:CD:…`: for other programs' lists. SHA-1 is broken: compare {@link fingerprint256}. */
  get fingerprint(): string { return digest(this, LSW_X509_FINGERPRINT) }

  /** SHA-256 over the DER encoding, `AB:CD:…`. */
  get fingerprint256(): string { return digest(this, LSW_X509_FINGERPRINT256) }

  /** SHA-512 over the DER encoding, `AB:CD:…`. */
  get fingerprint512(): string { return digest(this, LSW_X509_FINGERPRINT512) }

  /** For example `EC`, `RSA`, `RSA-PSS`, `ED25519`, `ML-DSA-65`; `''` if OpenSSL does not know it. */
  get keyType(): string { return text(this, LSW_X509_KEY_TYPE) }

  /** Size of the key; `0` if OpenSSL does not know it. */
  get keyBits(): number { return Number(text(this, LSW_X509_KEY_BITS)) }

  /** Of an EC key its curve, for example `prime256v1`. */
  get keyGroup(): string | undefined { return maybe(this, LSW_X509_KEY_GROUP) }

  /** Of an RSA key, in upper-case hexadecimal, whole octets. */
  get modulus(): string | undefined { return maybe(this, LSW_X509_MODULUS) }

  /** Of an RSA key, in upper-case hexadecimal, whole octets: `010001` mostly. */
  get exponent(): string | undefined { return maybe(this, LSW_X509_EXPONENT) }

  /** The public key as SubjectPublicKeyInfo, DER: what pins are made of. */
  get publicKey(): Uint8Array<ArrayBuffer> { return all(this, LSW_X509_SPKI)[0]?.slice() ?? new Uint8Array() }

  /** Whether it may issue certificates: basicConstraints says so, and keyUsage, if there is one. @openssl X509_check_ca */
  get isCa(): boolean { return all(this, LSW_X509_CA).length > 0 }

  /** How many CAs may stand below it; `undefined` for no limit. */
  get pathLength(): number | undefined {
    const length = maybe(this, LSW_X509_PATH_LENGTH)
    return length === undefined ? undefined : Number(length)
  }

  /** `undefined` if it does not say: everything. */
  get keyUsage(): readonly X509KeyUsage[] | undefined {
    const bits = maybe(this, LSW_X509_KEY_USAGE)
    return bits === undefined ? undefined : KEY_USAGES.filter(([bit]) => Number(bits) & bit).map(([, name]) => name)
  }

  /** OpenSSL's short names or object identifiers, for example `serverAuth`; empty if it does not say: everything. */
  get extendedKeyUsage(): readonly string[] { return pairs(this, LSW_X509_EXTENDED_KEY_USAGE).map(([name]) => name) }

  /** The same as object identifiers, for example `1.3.6.1.5.5.7.3.1`: as node:crypto's `keyUsage`. */
  get extendedKeyUsageOids(): readonly string[] { return pairs(this, LSW_X509_EXTENDED_KEY_USAGE).map(([, oid]) => oid) }

  /** What its issuer signed with, for example `ecdsa-with-SHA256`. */
  get signatureAlgorithm(): string { return text(this, LSW_X509_SIGNATURE_ALGORITHM) }

  /**
   * Authority information access as node:crypto prints it, for example `OCSP - URI:http://ocsp.example.com/`, one a line; `''`
   * if there is none. Programs want {@link ocspUrls} and {@link caIssuersUrls}.
   */
  get infoAccess(): string { return accesses(this).map(({ method, name }) => `${method} - ${printGeneralName(name)}`).join('\n') }

  /** Where its issuer's OCSP responders are. */
  get ocspUrls(): readonly string[] { return urls(this, 'OCSP') }

  /** Where its issuer's certificate is. */
  get caIssuersUrls(): readonly string[] { return urls(this, 'CA Issuers') }

  /** PEM, with a newline at its end. */
  toPem(): string {
    const base64 = btoa(Array.from(this.raw, (byte) => String.fromCharCode(byte)).join(''))
    return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`
  }

  /** Its contents as plain values, without {@link raw}. */
  toJSON(): Record<string, unknown> {
    const { subject, issuer, serialNumber, validFrom, validTo, fingerprint256 } = this
    const { keyType, keyBits, keyGroup, names, isCa, pathLength, keyUsage } = this
    const { extendedKeyUsage, signatureAlgorithm, ocspUrls, caIssuersUrls } = this
    return {
      subject, issuer, serialNumber, validFrom, validTo, fingerprint256, keyType, keyBits, keyGroup, names, isCa, pathLength, keyUsage,
      extendedKeyUsage, signatureAlgorithm, ocspUrls, caIssuersUrls,
    }
  }

  // Node and Bun ask by the first name, Deno by the second; both hand over what prints a value.
  [Symbol.for('nodejs.util.inspect.custom')](_depth: number, options: object, inspect: Inspect): string {
    return inspected(this, options, inspect)
  }
  [Symbol.for('Deno.customInspect')](inspect: Inspect, options: object): string { return inspected(this, options, inspect) }
}

// Functions, not private methods: frameworks put proxies around values, and a proxy has no private methods.

/** Descriptions that were taken apart before, by their bytes. */
const known = new WeakMap<Uint8Array, ReadonlyMap<number, readonly Uint8Array<ArrayBuffer>[]>>()

function all({ described }: X509, field: number): readonly Uint8Array<ArrayBuffer>[] {
  let fields = known.get(described)
  if (!fields) known.set(described, fields = takeApart(described))
  return fields.get(field) ?? []
}

function texts(cert: X509, field: number): readonly string[] {
  return all(cert, field).map(decodeUtf8)
}

function maybe(cert: X509, field: number): string | undefined {
  return texts(cert, field)[0]
}

function text(cert: X509, field: number): string {
  return maybe(cert, field) ?? ''
}

function pairs(cert: X509, field: number): readonly (readonly [string, string])[] {
  return all(cert, field).map(firstPart).map(([first, rest]) => [first, rest ? decodeUtf8(rest) : ''])
}

function attributes(cert: X509, field: number): readonly X509Attribute[] {
  return pairs(cert, field).map(([type, value]) => ({ type, value }))
}

function date(cert: X509, field: number): Date {
  return new Date(Number(pairs(cert, field)[0]?.[0] || NaN) * 1000)
}

function digest(cert: X509, field: number): string {
  return hex(all(cert, field)[0] ?? new Uint8Array(), ':')
}

function altNames(cert: X509): readonly GeneralName[] {
  return all(cert, LSW_X509_ALT_NAME).map(generalName)
}

function valuesOf(names: readonly GeneralName[], wanted: string): readonly string[] {
  return names.flatMap(({ kind, value }) => (kind === wanted && value ? decodeUtf8(value) : []))
}

function accesses(cert: X509): readonly { readonly method: string, readonly name: GeneralName }[] {
  return all(cert, LSW_X509_ACCESS).map((bytes) => {
    const [method, name] = firstPart(bytes)
    return { method, name: generalName(name ?? new Uint8Array()) }
  })
}

function urls(cert: X509, wanted: string): readonly string[] {
  return valuesOf(accesses(cert).filter(({ method }) => method === wanted).map(({ name }) => name), 'URI')
}

function inspected(cert: X509, options: object, inspect: Inspect): string {
  const { subject, issuer, validFrom, validTo, serialNumber, fingerprint256 } = cert
  const names = Object.fromEntries(Object.entries(cert.names).filter(([, values]) => values.length > 0))
  return `X509 ${inspect({ subject, issuer, names, validFrom, validTo, serialNumber, fingerprint256 }, options)}`
}

type Inspect = (value: unknown, options: object) => string

/** Copies the certificate at `cert`. */
export function readX509(lib: LibSsl, cert: Ptr<'X509'>): X509 {
  const { ffi } = lib
  return new X509({
    raw: copyOut(lib, (buf, size) => ffi.X509_to_der(cert, buf, size)),
    described: copyOut(lib, (buf, size) => ffi.X509_describe(cert, buf, size)),
  })
}

/** In one call where the usual buffer is large enough, which only very large certificates exceed. */
function copyOut(lib: LibSsl, write: (buf: Ptr<'uint8_t'>, capacity: number) => number): Uint8Array<ArrayBuffer> {
  return lib.withBuffer(16_384, (buf, size) => {
    const length = write(buf, size)
    return length <= size ? lib.memory.copyOut(buf, Math.max(0, length)) : undefined
  }) ?? lib.memory.collect(write) ?? new Uint8Array()
}

/** The form that lsw_X509_describe writes. */
function takeApart(described: Uint8Array<ArrayBuffer>): ReadonlyMap<number, readonly Uint8Array<ArrayBuffer>[]> {
  const fields = new Map<number, Uint8Array<ArrayBuffer>[]>()
  const view = new DataView(described.buffer, described.byteOffset, described.byteLength)
  for (let at = 0; at < described.byteLength;) {
    const end = at + 5 + view.getUint32(at + 1)
    const field = view.getUint8(at)
    const found = fields.get(field)
    if (found) found.push(described.subarray(at + 5, end))
    else fields.set(field, [described.subarray(at + 5, end)])
    at = end
  }
  return fields
}

/** What pins are made of: SHA-256 over the SubjectPublicKeyInfo. @spec RFC 7469 §2.4 */
export function spkiSha256(lib: LibSsl, cert: Ptr<'X509'>): Uint8Array {
  return lib.memory.collect((buf, size) => lib.ffi.X509_spki_sha256(cert, buf, size)) ?? new Uint8Array()
}
