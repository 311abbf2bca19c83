// A certificate, copied out of OpenSSL: a value, with nothing to free, and nothing of OpenSSL's. x509-contents.ts reads it.

/** An attribute of a name, for example `{ type: 'CN', value: 'localhost' }`. */
export interface X509Attribute {
  /** OpenSSL's short name, or the object identifier in figures. */
  readonly type: string
  /** What has no text, for example a BIT STRING, is `#` and its DER in hexadecimal (RFC 2253 §2.4). */
  readonly value: string
}

/** The names that a certificate is for (RFC 5280 §4.2.1.6). */
export interface X509Names {
  /** Host names, which may begin with `*.`. */
  readonly dns: readonly string[]
  /** `192.0.2.1`, `2001:db8:0:0:0:0:0:1`. */
  readonly ip: readonly string[]
  /** Addresses of mail. */
  readonly email: readonly string[]
  /** URIs. */
  readonly uri: readonly string[]
}

/** RFC 5280 §4.2.1.3. */
export type X509KeyUsage =
  | 'digitalSignature' | 'nonRepudiation' | 'keyEncipherment' | 'dataEncipherment' | 'keyAgreement' | 'keyCertSign' | 'cRLSign'
  | 'encipherOnly' | 'decipherOnly'

/** What a certificate says. */
export interface X509Contents {
  /**
   * RFC 2253 text, for example `CN=localhost,O=Example`, one line without control characters: for people. Programs want
   * {@link subjectAttributes}.
   */
  readonly subject: string
  /** The issuer's name, in the same form. */
  readonly issuer: string
  /** In the certificate's order, which is that of {@link subject} the other way round. */
  readonly subjectAttributes: readonly X509Attribute[]
  /** Those of the issuer's name. */
  readonly issuerAttributes: readonly X509Attribute[]
  /**
   * As node:crypto prints it, for example `DNS:localhost, IP Address:127.0.0.1`; `''` if there is none. A value that holds
   * commas, quotes or control characters is a JSON string. Programs want {@link names}.
   */
  readonly subjectAltName: string
  /** The names that the certificate is for: subjectAltName, sorted by kind. */
  readonly names: X509Names
  /** Upper-case hexadecimal, whole octets; `0`; `-` before a negative one. */
  readonly serialNumber: string
  /** An invalid date (`NaN`) if it is none. */
  readonly validFrom: Date
  /** An invalid date (`NaN`) if it is none. */
  readonly validTo: Date
  /** {@link validFrom} as node:crypto prints it, for example `Jan  1 00:00:00 2026 GMT`; `Bad time value` if it is none. */
  readonly validFromText: string
  /** {@link validTo} in the same form. */
  readonly validToText: string
  /** SHA-1 over the DER encoding, `AB:CD:…`: for other programs' lists. SHA-1 is broken: compare {@link fingerprint256}. */
  readonly fingerprint: string
  /** SHA-256 over the DER encoding, `AB:CD:…`. */
  readonly fingerprint256: string
  /** SHA-512 over the DER encoding, `AB:CD:…`. */
  readonly fingerprint512: string
  /** For example `EC`, `RSA`, `RSA-PSS`, `ED25519`, `ML-DSA-65`; `''` if OpenSSL does not know it. */
  readonly keyType: string
  /** Size of the key; `0` if OpenSSL does not know it. */
  readonly keyBits: number
  /** Of an EC key its curve, for example `prime256v1`. */
  readonly keyGroup: string | undefined
  /** Of an RSA key, in upper-case hexadecimal, whole octets. */
  readonly modulus: string | undefined
  /** Of an RSA key, in upper-case hexadecimal, whole octets: `010001` mostly. */
  readonly exponent: string | undefined
  /** The public key as SubjectPublicKeyInfo, DER: what pins are made of. */
  readonly publicKey: Uint8Array<ArrayBuffer>
  /** Whether it may issue certificates: basicConstraints says so, and keyUsage, if there is one. @openssl X509_check_ca */
  readonly isCa: boolean
  /** How many CAs may stand below it; `undefined` for no limit. */
  readonly pathLength: number | undefined
  /** `undefined` if it does not say: everything. */
  readonly keyUsage: readonly X509KeyUsage[] | undefined
  /** OpenSSL's short names or object identifiers, for example `serverAuth`; empty if it does not say: everything. */
  readonly extendedKeyUsage: readonly string[]
  /** The same as object identifiers, for example `1.3.6.1.5.5.7.3.1`: as node:crypto's `keyUsage`. */
  readonly extendedKeyUsageOids: readonly string[]
  /** What its issuer signed with, for example `ecdsa-with-SHA256`. */
  readonly signatureAlgorithm: string
  /**
   * Authority information access as node:crypto prints it, for example `OCSP - URI:http://ocsp.example.com/`, one a line; `''`
   * if there is none. Programs want {@link ocspUrls} and {@link caIssuersUrls}.
   */
  readonly infoAccess: string
  /** Where its issuer's OCSP responders are. */
  readonly ocspUrls: readonly string[]
  /** Where its issuer's certificate is. */
  readonly caIssuersUrls: readonly string[]
}

export interface X509 extends X509Contents {}

/** What consoles show. */
const PRINTED = ['subject', 'issuer', 'names', 'validFrom', 'validTo', 'serialNumber', 'fingerprint256'] as const
/** What JSON has. */
const TOLD = [
  ...PRINTED, 'keyType', 'keyBits', 'keyGroup', 'isCa', 'pathLength', 'keyUsage', 'extendedKeyUsage', 'signatureAlgorithm', 'ocspUrls',
  'caIssuersUrls',
] as const
const ALL: readonly (keyof X509Contents)[] = [
  ...TOLD, 'subjectAttributes', 'issuerAttributes', 'subjectAltName', 'fingerprint', 'fingerprint512', 'modulus', 'exponent',
  'publicKey', 'extendedKeyUsageOids', 'infoAccess', 'validFromText', 'validToText',
]

/** A certificate, and its contents. A structured clone of one, `{ raw, contents }`, makes the same again by `new`. */
export class X509 {
  /** The certificate itself, DER. */
  declare readonly raw: Uint8Array<ArrayBuffer>
  /** @internal */
  declare readonly contents: X509Contents

  // By a loop, as getters that are written out would be most of the code that worker mode needs for certificates.
  static {
    for (const name of ALL) {
      Object.defineProperty(this.prototype, name, { get(this: X509) { return copyOf(this.contents[name]) }, configurable: true })
    }
  }

  /** @internal */
  constructor(parts: Pick<X509, 'raw' | 'contents'>) {
    Object.defineProperties(this, Object.getOwnPropertyDescriptors(parts)) // a getter stays one: it is not asked before it must be
  }

  /** PEM, with a newline at its end. */
  toPem(): string {
    const base64 = btoa(Array.from(this.raw, (byte) => String.fromCharCode(byte)).join(''))
    return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`
  }

  /** Its contents as plain values, without {@link raw}. */
  toJSON(): Record<string, unknown> {
    return pick(this, TOLD)
  }

  // Node and Bun ask by the first name, Deno by the second; both pass their own function for printing.
  [Symbol.for('nodejs.util.inspect.custom')](_depth: number, options: object, inspect: Inspect): string {
    return inspected(this, options, inspect)
  }
  [Symbol.for('Deno.customInspect')](inspect: Inspect, options: object): string { return inspected(this, options, inspect) }
}

function inspected(cert: X509, options: object, inspect: Inspect): string {
  const names = Object.fromEntries(Object.entries(cert.names).filter(([, values]) => values.length > 0))
  return `X509 ${inspect({ ...pick(cert, PRINTED), names }, options)}`
}

function pick(cert: X509, names: readonly (keyof X509Contents)[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, cert[name]]))
}

function copyOf<T>(value: T): T | Date | Uint8Array {
  if (value instanceof Date) return new Date(value)
  return value instanceof Uint8Array ? value.slice() : value
}

type Inspect = (value: unknown, options: object) => string
