// Certificates in the form of node:tls: what getPeerCertificate() and getCertificate() give. Nodes differ in which properties are there
// with the value undefined: here all are, as in Node 24.

import { splitDer } from '../base/der.js'
import type { Ssl } from '../core/ssl.js'
import type { X509, X509Attribute } from '../core/x509.js'
import { Buffer } from './platform/buffer.js'

/** A distinguished name by types of attributes, without a prototype. A type that occurs more than once has an array. */
export type CertificateName = Record<string, string | string[]>

/** As `tls.PeerCertificate`, and what Node's types leave out. */
export interface PeerCertificate {
  subject: CertificateName
  issuer: CertificateName
  /** For example `DNS:localhost, IP Address:127.0.0.1`. A value that could be taken for more than one is a JSON string. */
  subjectaltname: string | undefined
  /** Authority information access by method and kind: `OCSP - URI`. */
  infoAccess: Record<string, string[]> | undefined
  ca: boolean
  /** Of RSA, as are the next. Upper-case hexadecimal. */
  modulus: string | undefined
  /** For example `0x10001`. */
  exponent: string | undefined
  /** Of RSA its SubjectPublicKeyInfo, of EC the point on the curve. */
  pubkey: Buffer | undefined
  bits: number | undefined
  /** For example `Nov 27 18:52:27 2026 GMT`. */
  valid_from: string
  valid_to: string
  fingerprint: string
  fingerprint256: string
  fingerprint512: string
  ext_key_usage: string[] | undefined
  serialNumber: string
  raw: Buffer
  /** OpenSSL's name of the curve, for example `prime256v1`. */
  asn1Curve: string | undefined
  /** NIST's name of the same, for example `P-256`. */
  nistCurve: string | undefined
  /** Present if details were asked for and the issuer is known. A root refers to itself. */
  issuerCertificate?: PeerCertificate
}

/** What `getPeerCertificate(detailed)` has for a connection; `undefined` if the peer has shown no certificate. */
export function peerCertificate(ssl: Ssl, detailed = false): PeerCertificate | undefined {
  if (!detailed) return maybe(ssl.getPeerCertificate())
  const { chain, endsInRoot } = ssl.getIssuerChain()
  const certificates = chain.map(toPeerCertificate)
  for (const [index, certificate] of certificates.entries()) {
    const issuer = certificates[index + 1] ?? (endsInRoot ? certificate : undefined)
    if (issuer) certificate.issuerCertificate = issuer
  }
  return certificates[0]
}

/** What `checkServerIdentity()` looks at of the peer's certificate. */
export function peerSubject(ssl: Ssl): Pick<PeerCertificate, 'subject' | 'subjectaltname'> | undefined {
  const subject = ssl.getPeerSubject()
  return subject && { subject: nameOf(subject.subjectAttributes), subjectaltname: subject.subjectAltName || undefined }
}

/** What `getCertificate()` has: our own; `undefined` if we have none. */
export function ownCertificate(ssl: Ssl): PeerCertificate | undefined {
  return maybe(ssl.getCertificate())
}

/** A certificate, alone. */
export function toPeerCertificate(cert: X509): PeerCertificate {
  const isRsa = cert.keyType === 'RSA' || cert.keyType === 'RSA-PSS'
  const isEc = cert.keyType === 'EC'
  return {
    subject: nameOf(cert.subjectAttributes),
    issuer: nameOf(cert.issuerAttributes),
    subjectaltname: cert.subjectAltName || undefined,
    infoAccess: accessesOf(cert.infoAccess),
    ca: cert.isCa,
    modulus: cert.modulus,
    exponent: cert.exponent && `0x${cert.exponent.replace(/^0+(?=.)/, '')}`,
    pubkey: isRsa ? asRsa(cert.publicKey) : isEc ? pointOf(cert.publicKey) : undefined,
    bits: isRsa || isEc ? cert.keyBits : undefined,
    valid_from: cert.validFromText,
    valid_to: cert.validToText,
    fingerprint: cert.fingerprint,
    fingerprint256: cert.fingerprint256,
    fingerprint512: cert.fingerprint512,
    ext_key_usage: cert.extendedKeyUsageOids.length > 0 ? [...cert.extendedKeyUsageOids] : undefined,
    serialNumber: cert.serialNumber,
    raw: Buffer.from(cert.raw),
    asn1Curve: isEc ? cert.keyGroup : undefined,
    nistCurve: isEc && cert.keyGroup ? NIST_NAMES[cert.keyGroup] : undefined,
  }
}

function maybe(cert: X509 | undefined): PeerCertificate | undefined {
  return cert && toPeerCertificate(cert)
}

const NIST_NAMES: Readonly<Record<string, string>> = {
  prime192v1: 'P-192', secp224r1: 'P-224', prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521',
}

function nameOf(attributes: readonly X509Attribute[]): CertificateName {
  const name = Object.create(null) as CertificateName
  for (const { type, value } of attributes) {
    const before = name[type]
    name[type] = before === undefined ? value : [before, value].flat()
  }
  return name
}

/** Of the text of node:crypto's `infoAccess`. */
function accessesOf(text: string): PeerCertificate['infoAccess'] {
  if (text === '') return undefined
  const accesses = Object.create(null) as Record<string, string[]>
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':')
    const [method, value] = [line.slice(0, colon), line.slice(colon + 1)]
    ;(accesses[method] ??= []).push(value.startsWith('"') ? JSON.parse(value) as string : value)
  }
  return accesses
}

/** An RSA key under the name of RSA, also where it is for PSS alone. */
function asRsa(spki: Uint8Array): Buffer {
  const key = Buffer.from(spki)
  const pss = key.indexOf(Buffer.from(RSASSA_PSS))
  if (pss >= 0 && pss < 16) key[pss + RSASSA_PSS.length - 1] = 1
  return key
}

/** 1.2.840.113549.1.1.10, DER; rsaEncryption ends in 1. */
const RSASSA_PSS = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a]

/** The contents of the BIT STRING of a SubjectPublicKeyInfo, which ends in it. */
function pointOf(spki: Uint8Array<ArrayBuffer>): Buffer | undefined {
  const contents = ([element]: readonly Uint8Array<ArrayBuffer>[]) =>
    element && element.slice(element[1]! < 0x80 ? 2 : 2 + (element[1]! & 0x7f))
  const sequence = contents(splitDer(spki))
  const bits = sequence && contents(splitDer(sequence).slice(1))
  return bits && Buffer.from(bits.subarray(1)) // without the count of unused bits
}
