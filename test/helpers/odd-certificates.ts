// Certificates that are well-formed enough to be read and odd in everything else, written octet by octet: no tool makes most of
// them. Nothing is signed; what reads a certificate does not look at its signature.

import { generateKeyPairSync } from 'node:crypto'

/** A DER element. */
function der(tag: number, ...contents: readonly (Uint8Array | string)[]): Buffer {
  const content = Buffer.concat(contents.map((one) => (typeof one === 'string' ? Buffer.from(one) : one)))
  const size = content.byteLength
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}

const seq = (...contents: readonly Uint8Array[]) => der(0x30, ...contents)
const set = (...contents: readonly Uint8Array[]) => der(0x31, ...contents)
const hexed = (text: string) => Buffer.from(text, 'hex')
const integer = (text: string) => der(0x02, hexed(text))
const utf8 = (text: string) => der(0x0c, text)
const printable = (text: string) => der(0x13, text)
const ia5 = (text: string) => der(0x16, text)
const bmp = (text: string) => der(0x1e, Buffer.from(text, 'utf16le').swap16())
const universal = (text: string) =>
  der(0x1c, Buffer.from(Array.from(text, (one) => one.codePointAt(0)!.toString(16).padStart(8, '0')).join(''), 'hex'))

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  const octets = [first * 40 + second, ...rest].flatMap((arc) => {
    const seven = [arc % 128]
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) seven.unshift(left % 128 | 0x80)
    return seven
  })
  return der(0x06, Buffer.from(octets))
}

const attribute = (type: string, value: Uint8Array) => seq(oid(type), value)
/** A name of RDNs of one attribute each. */
const name = (...attributes: readonly (readonly [type: string, value: Uint8Array])[]) =>
  seq(...attributes.map(([type, value]) => set(attribute(type, value))))
const [CN, O, OU, C] = ['2.5.4.3', '2.5.4.10', '2.5.4.11', '2.5.4.6']
const cn = (value: string | Uint8Array) => name([CN, typeof value === 'string' ? utf8(value) : value])

/** @param critical left out unless it is true */
function extension(type: string, content: Uint8Array, critical = false): Buffer {
  return seq(oid(type), ...(critical ? [der(0x01, hexed('ff'))] : []), der(0x04, content))
}

const ALT_NAME = '2.5.29.17', ACCESS = '1.3.6.1.5.5.7.1.1', USAGE = '2.5.29.15', EXTENDED_USAGE = '2.5.29.37', CONSTRAINTS = '2.5.29.19'
const altNames = (...names: readonly Uint8Array[]) => [extension(ALT_NAME, seq(...names))]
const email = (value: string | Uint8Array) => der(0x81, value)
const dns = (value: string | Uint8Array) => der(0x82, value)
const uri = (value: string | Uint8Array) => der(0x86, value)
const ip = (hex: string) => der(0x87, hexed(hex))
const dirName = (value: Uint8Array) => der(0xa4, value)
const other = (type: string, value: Uint8Array) => der(0xa0, oid(type), der(0xa0, value))
const [
  UPN, MAILBOX, XMPP, SRV, REALM,
] = ['1.3.6.1.4.1.311.20.2.3', '1.3.6.1.5.5.7.8.9', '1.3.6.1.5.5.7.8.5', '1.3.6.1.5.5.7.8.7', '1.3.6.1.5.5.7.8.8']
const access = (method: string, location: Uint8Array) => seq(oid(method), location)
const [OCSP, ISSUERS] = ['1.3.6.1.5.5.7.48.1', '1.3.6.1.5.5.7.48.2']
const cA = (yes: boolean) => extension(CONSTRAINTS, yes ? seq(der(0x01, hexed('ff'))) : seq(), true)

const spki = (key: { publicKey: { export(options: { type: 'spki', format: 'der' }): Buffer } }) =>
  key.publicKey.export({ type: 'spki', format: 'der' })
const ec = spki(generateKeyPairSync('ec', { namedCurve: 'P-256' }))
const keyOf = (type: string, key: string) => seq(seq(oid(type)), der(0x03, hexed(`00${key}`)))

interface Parts {
  readonly version?: Uint8Array
  readonly serial?: Uint8Array
  readonly algorithm?: Uint8Array
  readonly issuer?: Uint8Array
  readonly subject?: Uint8Array
  readonly from?: Uint8Array
  readonly to?: Uint8Array
  readonly key?: Uint8Array
  readonly extensions?: readonly Uint8Array[]
}

const utcTime = (text: string) => der(0x17, text)
const generalizedTime = (text: string) => der(0x18, text)

function certificate(parts: Parts): Buffer {
  const algorithm = parts.algorithm ?? seq(oid('1.2.840.10045.4.3.2'))
  const extensions = parts.extensions ?? []
  const to = seq(parts.from ?? utcTime('260101000000Z'), parts.to ?? utcTime('360101000000Z'))
  return seq(seq(parts.version ?? der(0xa0, integer('02')), parts.serial ?? integer('01'), algorithm, parts.issuer ?? cn('issuer'), to,
    parts.subject ?? cn('subject'), parts.key ?? ec, ...(extensions.length > 0 ? [der(0xa3, seq(...extensions))] : [])),
  algorithm, der(0x03, hexed('0030060201010201' + '01')))
}

const odd: Readonly<Record<string, Parts>> = {
  'serial 0': { serial: integer('00') },
  'serial 127': { serial: integer('7f') },
  'serial 128, with a leading zero': { serial: integer('0080') },
  'serial -1': { serial: integer('ff') },
  'serial -128': { serial: integer('80') },
  'serial of 20 octets': { serial: integer('7f'.repeat(20)) },
  'serial of 21 octets, with a leading zero': { serial: integer('00' + 'fe'.repeat(20)) },
  'negative serial of 20 octets': { serial: integer('80' + '01'.repeat(19)) },
  'serial of 30 octets': { serial: integer('5a'.repeat(30)) },
  'serial of 100 octets': { serial: integer('5a'.repeat(100)) },
  'serial with an odd number of digits': { serial: integer('0102') },

  'no subject': { subject: seq() },
  'no issuer': { issuer: seq() },
  'multi-valued RDNs': {
    subject: seq(
      set(attribute(C, printable('DE'))), set(attribute(CN, utf8('a')), attribute(OU, utf8('b')), attribute(O, utf8('c'))),
      set(attribute(O, utf8('d'))),
    ),
  },
  'one CN many times': { subject: name([CN, utf8('a')], [O, utf8('x')], [CN, utf8('b')], [CN, utf8('c')]) },
  'strings of every kind': {
    subject: name(
      [CN, utf8('Käse €')], [O, printable('Printable')], [OU, bmp('Bmp Käse €')], [OU, universal('Universal Käse € 😀')],
      [OU, der(0x14, hexed('4be47365'))], [OU, ia5('ia5')], [C, der(0x12, '12 34')],
    ),
  },
  'empty strings': { subject: name([CN, utf8('')], [O, printable('')]) },
  'control characters': { subject: cn('a\x00b\x01\x07\x1b[31m\x7f\x80\x9b') },
  'newlines': { subject: cn('x\nCN=evil\r\nO=evil'), issuer: cn('y\n\nCN=z') },
  'quotes, slashes and separators': { subject: cn(`"a" 'b' /CN=c, O=d + e; f=g <h> \\i \\2C #j`) },
  'spaces and # at the ends': { subject: name([CN, utf8(' a ')], [O, utf8('#b')], [OU, utf8('  ')]) },
  'a NUL in every kind of string': {
    subject: name([CN, utf8('good\0.evil')], [O, printable('a\0b')], [OU, bmp('c\0d')], [OU, universal('e\0f')]),
  },
  'a byte order mark': { subject: cn('\ufeffa'), extensions: altNames(dirName(cn('\ufeffb')), other(UPN, utf8('\ufeffc'))) },
  'bidirectional overrides': { subject: cn('a\u202egpj.exe\u2028\u2066b') },
  'attributes of unknown types': { subject: name(['1.2.3.4.5', utf8('a,b')], ['1.3.6.1.4.1.99999.1', printable('c')]) },
  'an attribute of a very long type': { subject: name([`1.2.${Array(40).fill('4294967295').join('.')}`, utf8('long')]) },
  'rare attributes': {
    subject: name(
      ['2.5.4.5', printable('serial')], ['2.5.4.15', utf8('Private')], ['1.3.6.1.4.1.311.60.2.1.3', printable('US')],
      ['0.9.2342.19200300.100.1.25', ia5('example')], ['1.2.840.113549.1.9.1', ia5('a@b')],
    ),
  },
  'a very long CN': { subject: cn('x'.repeat(5_000)) },
  'broken UTF-8 in a name': { subject: name([O, utf8('ok')], [CN, der(0x0c, hexed('61ff62'))]) },
  'overlong UTF-8 in a name': { subject: cn(der(0x0c, hexed('c0ae'))) },
  'a BMPString of three octets': { subject: cn(der(0x1e, hexed('004100'))) },
  'surrogates in a BMPString': { subject: cn(der(0x1e, hexed('d83dde00'))) },
  'bits in a name': { subject: name([CN, utf8('a')], ['2.5.4.45', der(0x03, hexed('00a5'))]) },
  'octets and numbers in a name': { subject: name([CN, der(0x04, hexed('6162'))], [O, integer('05')]) },

  'UTCTime of 1950 and 2049': { from: utcTime('500101000000Z'), to: utcTime('491231235959Z') },
  'GeneralizedTime of 1949 and 2050': { from: generalizedTime('19491231235959Z'), to: generalizedTime('20500101000000Z') },
  'GeneralizedTime of 1950 and 9999': { from: generalizedTime('19500101000000Z'), to: generalizedTime('99991231235959Z') },
  'GeneralizedTime of 1601 and 1000': { from: generalizedTime('16010101000000Z'), to: generalizedTime('10000229000000Z') },
  'UTCTime without seconds': { from: utcTime('2601010203Z'), to: utcTime('3601010203Z') },
  'times with an offset': { from: utcTime('260101020304+0130'), to: generalizedTime('20360101020304-1200') },
  'a fraction of a second': { to: generalizedTime('20360101020304.567Z') },
  'a leap second and a leap day': { from: utcTime('161231235960Z'), to: utcTime('280229000000Z') },
  'no such day': { from: utcTime('260230000000Z'), to: utcTime('261301000000Z') },
  'words for times': { from: utcTime('yesterday'), to: generalizedTime('') },
  'a time with a NUL': { to: utcTime('360101000000Z\0') },

  'names of every kind': { extensions: altNames(dns('a.example'), dns('*.example'), uri('https://a.example/b?c=d'), email('a@example.com'),
    ip('c0000201'), ip('20010db8000000000000000000000001'), dirName(name([C, printable('DE')], [O, utf8('Käse, Söhne')])),
    der(0x88, oid('1.2.3.4').subarray(2)), other(UPN, utf8('user@example.com')), other(MAILBOX, utf8('käse@example.com')),
    der(0xa3, der(0x30)), der(0xa5, der(0xa1, utf8('edi')))) },
  'commas and quotes in names': {
    extensions: altNames(
      dns('a.example, DNS:evil.example'), dns('"b.example"'), dns("'c.example'"), dns('back\\slash'), uri('https://a.example/b,c'),
      email('a"b@example.com'),
    ),
  },
  'control characters in names': {
    extensions: altNames(dns('local\0host.xx'), dns('a\nDNS:b'), uri('\x1b[31m'), email('\x7f@example.com'), dns('')),
  },
  'octets beyond ASCII in names': {
    extensions: altNames(dns(hexed('61e4ff')), dns('käse.example'), uri('https://käse.example'), email(hexed('efbbbf61'))),
  },
  'directory names': {
    extensions: altNames(
      dirName(seq()), dirName(cn('a\n"b"')), dirName(seq(set(attribute(CN, utf8('a+b')), attribute(O, utf8('c'))))),
      dirName(name(['1.2.3.4.5', utf8('x')])),
    ),
  },
  'other names': { extensions: altNames(other(UPN, utf8('a,b')), other(UPN, ia5('a')), other(XMPP, utf8('x@example.com')),
    other(SRV, ia5('_imap.example.com')), other(SRV, ia5('_a,b\u00e4')), other(SRV, utf8('_a')), other(REALM, utf8('*.example')),
    other(MAILBOX, utf8('"é"@example.com')), other('1.2.3.4', utf8('x')), other(UPN, der(0x0c, hexed('61ff')))) },
  'addresses of other sizes': {
    extensions: altNames(
      ip(''), ip('7f'), ip('c0000201ffffff00'), ip('00'.repeat(16)), ip('ff'.repeat(16)), ip('00000000000000000000ffffc0000201'),
      ip('00'.repeat(32)),
    ),
  },
  'registered identifiers': {
    extensions: altNames(der(0x88, oid('2.5.4.3').subarray(2)), der(0x88, oid('1.3.6.1.4.1.4294967295.1').subarray(2))),
  },
  'no names in subjectAltName': { extensions: altNames() },
  'critical subjectAltName': { extensions: [extension(ALT_NAME, seq(dns('a.example')), true)], subject: seq() },
  'broken subjectAltName': { extensions: [extension(ALT_NAME, hexed('30058204616263'))] },
  'subjectAltName with an octet behind it': { extensions: [extension(ALT_NAME, hexed('30058203616263ff'))] },
  'subjectAltName that is text': { extensions: [extension(ALT_NAME, utf8('DNS:a.example'))] },
  'two subjectAltNames': { extensions: [...altNames(dns('a.example')), ...altNames(dns('b.example'))] },

  'access of every kind': { extensions: [extension(ACCESS,
    seq(access(OCSP, uri('http://ocsp.example/')), access(ISSUERS, uri('http://example/ca.der')),
    access('1.3.6.1.5.5.7.48.3', uri('http://time.example')),
    access('1.2.3.4', uri('http://unknown.example')), access(OCSP, dirName(cn('dir'))), access(ISSUERS, dns('a.example')))) ] },
  'newlines and quotes in access': {
    extensions: [
      extension(
        ACCESS, seq(
          access(OCSP, uri('http://a\nCA Issuers - URI:http://evil')), access(OCSP, uri('http://a/,"b"')), access(ISSUERS, uri('a\0b')),
        ),
      ),
    ],
  },
  'no access in authorityInfoAccess': { extensions: [extension(ACCESS, seq())] },
  'broken authorityInfoAccess': { extensions: [extension(ACCESS, hexed('3003020101'))] },
  'two authorityInfoAccess': {
    extensions: [extension(ACCESS, seq(access(OCSP, uri('http://a')))), extension(ACCESS, seq(access(OCSP, uri('http://b'))))],
  },

  'purposes unknown and known': {
    extensions: [
      extension(
        EXTENDED_USAGE,
        seq(oid('1.3.6.1.5.5.7.3.1'), oid('2.5.29.37.0'), oid('1.2.3.4'), oid('1.3.6.1.4.1.311.10.3.3'), oid('2.16.840.1.113730.4.1')),
      ),
    ],
  },
  'no purposes': { extensions: [extension(EXTENDED_USAGE, seq())] },
  'purposes of very long numbers': { extensions: [extension(EXTENDED_USAGE, seq(oid(`1.2.${Array(20).fill('4294967295').join('.')}`)))] },
  'two lists of purposes': {
    extensions: [extension(EXTENDED_USAGE, seq(oid('1.3.6.1.5.5.7.3.1'))), extension(EXTENDED_USAGE, seq(oid('1.3.6.1.5.5.7.3.2')))],
  },
  'broken purposes': { extensions: [extension(EXTENDED_USAGE, utf8('x'))] },
  'a CA': { extensions: [cA(true), extension(USAGE, der(0x03, hexed('0106')), true)] },
  'a CA that may not sign certificates': { extensions: [cA(true), extension(USAGE, der(0x03, hexed('0780')), true)] },
  'a CA without keyUsage': { extensions: [cA(true)] },
  'no CA that may sign certificates': { extensions: [cA(false), extension(USAGE, der(0x03, hexed('0204')), true)] },
  'keyUsage alone that may sign certificates': { extensions: [extension(USAGE, der(0x03, hexed('0204')), true)] },
  'every keyUsage': { extensions: [extension(USAGE, der(0x03, hexed('07ff80')))] },
  'keyUsage of no bits': { extensions: [extension(USAGE, der(0x03, hexed('00')))] },
  'broken basicConstraints': { extensions: [extension(CONSTRAINTS, utf8('x'), true)] },
  'negative pathLength': { extensions: [extension(CONSTRAINTS, seq(der(0x01, hexed('ff')), integer('ff')), true)] },
  'huge pathLength': { extensions: [extension(CONSTRAINTS, seq(der(0x01, hexed('ff')), integer('7fffffffffffffff')), true)] },
  'unknown critical extension': { extensions: [extension('1.2.3.4.5', utf8('x'), true)] },
  'version 1': { version: Buffer.alloc(0) },
  'version 1 of its own issuer': { version: Buffer.alloc(0), subject: cn('v1'), issuer: cn('v1') },
  'version 1 with extensions': { version: Buffer.alloc(0), extensions: altNames(dns('a.example')) },
  'version 9': { version: der(0xa0, integer('08')) },

  'Ed25519': { key: spki(generateKeyPairSync('ed25519')), algorithm: seq(oid('1.3.101.112')) },
  'RSA-PSS': { key: spki(generateKeyPairSync('rsa-pss', { modulusLength: 1024 })), algorithm: seq(oid('1.2.840.113549.1.1.10'), seq()) },
  'RSA with a huge exponent': { key: spki(generateKeyPairSync('rsa', { modulusLength: 1024, publicExponent: 0x7fffffff })) },
  'RSA with an exponent of 80 bits': {
    key: seq(
      seq(oid('1.2.840.113549.1.1.1'), der(0x05)),
      der(0x03, hexed('00'), seq(integer('00c5' + '5a'.repeat(126) + '5b'), integer('01' + '00'.repeat(8) + '01'))),
    ),
  },
  'RSA of no sense': { key: seq(seq(oid('1.2.840.113549.1.1.1'), der(0x05)), der(0x03, hexed('00'), seq(integer('00'), integer('00')))) },
  'ML-DSA': { key: keyOf('2.16.840.1.101.3.4.3.17', '5a'.repeat(1312)), algorithm: seq(oid('2.16.840.1.101.3.4.3.17')) },
  'X25519': { key: spki(generateKeyPairSync('x25519')) },
  'a key that is no key': { key: keyOf('1.2.840.10045.2.1', 'ffff') },
  'a key of unknown type': { key: keyOf('1.2.3.4', '0102') },
  'a curve of numbers': { key: spki(generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' })) },
  'unknown signature algorithm': { algorithm: seq(oid('1.2.3.4.5.6')) },
  'ecdsa without digest': { algorithm: seq(oid('1.2.840.10045.2.1')) },
}

/** DER, by what is odd in them. */
export const oddCertificates: ReadonlyMap<string, Buffer> = new Map(Object.entries(odd).map(([what, parts]) => [what, certificate(parts)]))
