// What OpenSSL says of a certificate, as values. It says all it knows in one go (lsw_X509_describe); that is taken apart when it is
// asked for.

import { decodeUtf8, hex, same } from '../base/bytes.js'
import {
  LSW_X509_ACCESS, LSW_X509_ALT_NAME, LSW_X509_CA, LSW_X509_EXPONENT, LSW_X509_EXTENDED_KEY_USAGE, LSW_X509_FINGERPRINT,
  LSW_X509_FINGERPRINT256, LSW_X509_FINGERPRINT512, LSW_X509_ISSUER, LSW_X509_ISSUER_ATTRIBUTE, LSW_X509_KEY_BITS, LSW_X509_KEY_GROUP,
  LSW_X509_KEY_TYPE, LSW_X509_KEY_USAGE, LSW_X509_MODULUS, LSW_X509_NAMES, LSW_X509_NOT_AFTER, LSW_X509_NOT_BEFORE, LSW_X509_OTHERS,
  LSW_X509_PATH_LENGTH, LSW_X509_SERIAL_NUMBER, LSW_X509_SIGNATURE_ALGORITHM, LSW_X509_SPKI, LSW_X509_SUBJECT, LSW_X509_SUBJECT_ATTRIBUTE,
  LSW_X509_VALIDITY,
} from '../ffi/constants.gen.js'
import * as C from '../ffi/functions.gen.js'
import type { Ptr } from '../ffi/pointers.js'
import { firstPart, generalName, ipAddress, printGeneralName, printName, type GeneralName } from './general-name.js'
import type { LibSsl } from './lib-ssl.js'
import { X509, type X509Attribute, type X509Contents, type X509KeyUsage } from './x509.js'

/** Copies the certificate at `cert`. */
export function readX509(lib: LibSsl, cert: Ptr<'X509'>): X509 {
  const raw = rawOf(lib, cert)
  const described = latest(lib, raw, 'all', () => describe(lib, cert, LSW_X509_NAMES | LSW_X509_VALIDITY | LSW_X509_OTHERS))
  let contents: X509Contents | undefined
  return new X509({ raw, get contents() { return contents ??= contentsOf(described) } })
}

/** Whom the certificate at `cert` is for, and nothing else: in a quarter of the time of all it says. */
export function readX509Subject(lib: LibSsl, cert: Ptr<'X509'>): X509Subject {
  return contentsOf(describe(lib, cert, LSW_X509_NAMES))
}

/** When the certificate at `cert` is valid, and how long it is: what is asked of each own certificate, so the quickest to find out. */
export function readX509Validity(lib: LibSsl, cert: Ptr<'X509'>): X509Validity {
  const raw = rawOf(lib, cert)
  return latest(lib, raw, 'validity', () => {
    const fields = takeApart(describe(lib, cert, LSW_X509_VALIDITY))
    const [subject = '', validFrom, validTo] = [LSW_X509_SUBJECT, LSW_X509_NOT_BEFORE, LSW_X509_NOT_AFTER].map((field) => (
      fields.get(field)?.map(decodeUtf8)[0]))
    return { subject: printName(subject), validFrom: dateOf(validFrom), validTo: dateOf(validTo), bytes: raw.byteLength }
  })
}

/** `bytes` is the length of its DER encoding. */
export type X509Validity = Pick<X509Contents, 'subject' | 'validFrom' | 'validTo'> & { readonly bytes: number }

export type X509Subject = Pick<X509Contents, 'subjectAttributes' | 'subjectAltName'>

function rawOf(lib: LibSsl, cert: Ptr<'X509'>): Uint8Array<ArrayBuffer> {
  return copyOut(lib, (buf, size) => lib.ffi[C.X509_to_der](cert, buf, size))
}

/** What OpenSSL says of those parts of the certificate at `cert`. */
function describe(lib: LibSsl, cert: Ptr<'X509'>, parts: number): Uint8Array<ArrayBuffer> {
  return copyOut(lib, (buf, size) => lib.ffi[C.X509_describe](cert, parts, buf, size))
}

interface Latest { readonly what: 'all' | 'validity'; readonly raw: Uint8Array; readonly value: unknown }
const latestOf = new WeakMap<LibSsl, readonly Latest[]>()
const LATEST = 8

/**
 * What `read` has made of the same certificate lately: a client meets the same servers again, a server has the same certificate in each
 * context. It is not to be changed.
 */
function latest<T>(lib: LibSsl, raw: Uint8Array, what: Latest['what'], read: () => T): T {
  const before = latestOf.get(lib) ?? []
  const known = before.find((one) => one.what === what && same(one.raw, raw))
  if (known) return known.value as T
  const value = read()
  latestOf.set(lib, [...before.slice(1 - LATEST), { what, raw: raw.slice(), value }])
  return value
}

/** In one call if the usual buffer is large enough, as it is for all but very large certificates. */
function copyOut(lib: LibSsl, write: (buf: Ptr<'uint8_t'>, capacity: number) => number): Uint8Array<ArrayBuffer> {
  return lib.withBuffer(16_384, (buf, size) => {
    const length = write(buf, size)
    return length <= size ? lib.memory.copyOut(buf, Math.max(0, length)) : undefined
  }) ?? lib.memory.collect(write) ?? new Uint8Array()
}

/** What pins are made of: SHA-256 over the SubjectPublicKeyInfo. @spec RFC 7469 §2.4 */
export function spkiSha256(lib: LibSsl, cert: Ptr<'X509'>): Uint8Array {
  return lib.memory.collect((buf, size) => lib.ffi[C.X509_spki_sha256](cert, buf, size)) ?? new Uint8Array()
}

const KEY_USAGES: readonly (readonly [bit: number, name: X509KeyUsage])[] = [
  [0x0080, 'digitalSignature'], [0x0040, 'nonRepudiation'], [0x0020, 'keyEncipherment'], [0x0010, 'dataEncipherment'],
  [0x0008, 'keyAgreement'], [0x0004, 'keyCertSign'], [0x0002, 'cRLSign'], [0x0001, 'encipherOnly'],
  [0x8000, 'decipherOnly'],
]

/** Of the form that lsw.h describes. */
function contentsOf(described: Uint8Array<ArrayBuffer>): X509Contents {
  const fields = takeApart(described)
  const all = (field: number) => fields.get(field) ?? []
  const maybe = (field: number) => all(field).map(decodeUtf8)[0]
  const text = (field: number) => maybe(field) ?? ''
  const pairs = (field: number) => all(field).map(firstPart).map(([first, rest]) => [first, rest ? decodeUtf8(rest) : ''] as const)
  const attributes = (field: number): X509Attribute[] => pairs(field).map(([type, value]) => ({ type, value }))
  const date = (field: number) => dateOf(maybe(field))
  const digest = (field: number) => hex(all(field)[0] ?? new Uint8Array(), ':')
  const altNames = all(LSW_X509_ALT_NAME).map(generalName)
  const accesses = all(LSW_X509_ACCESS).map((bytes) => {
    const [method, name] = firstPart(bytes)
    return { method, name: generalName(name ?? new Uint8Array()) }
  })
  const urls = (wanted: string) => valuesOf(accesses.filter(({ method }) => method === wanted).map(({ name }) => name), 'URI')
  const pathLength = maybe(LSW_X509_PATH_LENGTH)
  const usageBits = maybe(LSW_X509_KEY_USAGE)
  const purposes = pairs(LSW_X509_EXTENDED_KEY_USAGE)
  return {
    subject: printName(text(LSW_X509_SUBJECT)),
    issuer: printName(text(LSW_X509_ISSUER)),
    subjectAttributes: attributes(LSW_X509_SUBJECT_ATTRIBUTE),
    issuerAttributes: attributes(LSW_X509_ISSUER_ATTRIBUTE),
    subjectAltName: altNames.map(printGeneralName).join(', '),
    names: {
      dns: valuesOf(altNames, 'DNS'), email: valuesOf(altNames, 'email'), uri: valuesOf(altNames, 'URI'),
      ip: altNames.flatMap(({ kind, value }) => (kind === 'IP Address' && value && ipAddress(value)) || []),
    },
    serialNumber: text(LSW_X509_SERIAL_NUMBER),
    validFrom: date(LSW_X509_NOT_BEFORE),
    validTo: date(LSW_X509_NOT_AFTER),
    validFromText: pairs(LSW_X509_NOT_BEFORE)[0]?.[1] ?? '',
    validToText: pairs(LSW_X509_NOT_AFTER)[0]?.[1] ?? '',
    fingerprint: digest(LSW_X509_FINGERPRINT),
    fingerprint256: digest(LSW_X509_FINGERPRINT256),
    fingerprint512: digest(LSW_X509_FINGERPRINT512),
    keyType: text(LSW_X509_KEY_TYPE),
    keyBits: Number(text(LSW_X509_KEY_BITS)),
    keyGroup: maybe(LSW_X509_KEY_GROUP),
    modulus: maybe(LSW_X509_MODULUS),
    exponent: maybe(LSW_X509_EXPONENT),
    publicKey: all(LSW_X509_SPKI)[0]?.slice() ?? new Uint8Array(), // not a view: a clone would have all of `described`
    isCa: all(LSW_X509_CA).length > 0,
    pathLength: pathLength === undefined ? undefined : Number(pathLength),
    keyUsage: usageBits === undefined ? undefined : KEY_USAGES.filter(([bit]) => Number(usageBits) & bit).map(([, name]) => name),
    extendedKeyUsage: purposes.map(([name]) => name),
    extendedKeyUsageOids: purposes.map(([, oid]) => oid),
    signatureAlgorithm: text(LSW_X509_SIGNATURE_ALGORITHM),
    infoAccess: accesses.map(({ method, name }) => `${method} - ${printGeneralName(name)}`).join('\n'),
    ocspUrls: urls('OCSP'),
    caIssuersUrls: urls('CA Issuers'),
  }
}

/** Reads a time: seconds since 1970, as text. */
function dateOf(time = ''): Date {
  return new Date(parseInt(time) * 1000)
}

function valuesOf(names: readonly GeneralName[], wanted: string): readonly string[] {
  return names.flatMap(({ kind, value }) => (kind === wanted && value ? decodeUtf8(value) : []))
}

type Fields = ReadonlyMap<number, readonly Uint8Array<ArrayBuffer>[]>

/** The form that lsw_X509_describe writes. */
function takeApart(described: Uint8Array<ArrayBuffer>): Fields {
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
