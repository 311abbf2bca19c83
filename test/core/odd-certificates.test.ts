// Some hundred odd certificates, whose text must be that of node:crypto's X509Certificate. Where the Nodes differ (20 has OpenSSL
// 3.0, 22 and 24 have 3.5) it is the newest one's. Where ours has another form its meaning is compared, or its value stands here.

import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  CertificateError, fatalError, load, SSL_VERIFY_PEER, SslCtx, X509, X509Store, type LibSsl, type X509Attribute,
} from '../../src/core.js'
import { authority, file, localhost, openssl } from '../helpers/certificates.js'
import { leaks, Link } from '../helpers/link.js'
import { oddCertificates } from '../helpers/odd-certificates.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

/** `undefined` if it cannot be read. */
function read(what: string): X509 | undefined {
  const pem =
    `-----BEGIN CERTIFICATE-----\n${oddCertificates.get(what)!.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`
  const ctx = new SslCtx(lib, 'TLS_server_method')
  try {
    ctx.setSecurityLevel(0)
    ctx.useCertificateChain(localhost.cert + pem)
    return ctx.getCertChain()[1]
  } catch {
    return undefined
  } finally {
    ctx.free()
  }
}

function readByNode(what: string): X509Certificate | undefined {
  try {
    return new X509Certificate(oddCertificates.get(what)!)
  } catch {
    return undefined
  }
}

/** Node has an RDN a line, in the certificate's order; RFC 2253 the other way round. */
function rfc2253(lines: string | undefined): string {
  return (lines ?? '').split('\n').reverse().map((rdn) => rdn.split(' + ').reverse().join('+')).join(',')
}

/** As toLegacyObject() has names. */
function legacyName(attributes: readonly X509Attribute[]): Record<string, unknown> {
  const values = new Map<string, string[]>()
  for (const { type, value } of attributes) values.set(type, [...values.get(type) ?? [], value])
  return Object.fromEntries([...values].map(([type, all]) => [type, all.length === 1 ? all[0] : all]))
}

/** An invalid date where Node says "Bad time value"; it knows no fractions. */
function dateOf(text: string): Date {
  return new Date(text.replace(/\.\d+ /, ' '))
}

/** Node 20 reads these; OpenSSL 3.5 refuses them. */
const TIMES_REFUSED = ['UTCTime without seconds', 'words for times']
/** Node's text of these names cannot be had back, or is fit to deceive. */
const veryLong = `1.2.${Array(40).fill('4294967295').join('.')}`
const otherNames: Readonly<Record<string, readonly [subject: string, attributes: readonly X509Attribute[]]>> = {
  'attributes of unknown types': ['1.3.6.1.4.1.99999.1=#130163,1.2.3.4.5=#0C03612C62',
    [{ type: '1.2.3.4.5', value: 'a,b' }, { type: '1.3.6.1.4.1.99999.1', value: 'c' }]],
  'an attribute of a very long type': [`${veryLong.slice(0, 79)}=#0C046C6F6E67`, [{ type: veryLong, value: 'long' }]],
  'bits in a name': [
    'x500UniqueIdentifier=#030200A5,CN=a', [{ type: 'CN', value: 'a' }, { type: 'x500UniqueIdentifier', value: '#030200A5' }],
  ],
  'bidirectional overrides': ['CN=a\\E2\\80\\AEgpj.exe\\E2\\80\\A8\\E2\\81\\A6b', [{ type: 'CN', value: 'a\u202egpj.exe\u2028\u2066b' }]],
  'control characters': ['CN=a\\00b\\01\\07\\1B[31m\\7F\\C2\\80\\C2\\9B', [{ type: 'CN', value: 'a\0b\x01\x07\x1b[31m\x7f\x80\x9b' }]],
}

describe('X509 of an odd certificate says what node:crypto says', () => {
  it.each([...oddCertificates.keys()])('%s', (what) => {
    const [ours, theirs] = [read(what), readByNode(what)]
    if (!ours || !theirs) {
      expect(ours).toBeUndefined()
      if (!TIMES_REFUSED.includes(what)) expect(theirs).toBeUndefined()
      return
    }
    const [subject, attributes] = otherNames[what] ?? [rfc2253(theirs.subject), undefined]
    expect({
      subject: ours.subject, issuer: ours.issuer, subjectAltName: ours.subjectAltName, infoAccess: ours.infoAccess,
      serialNumber: ours.serialNumber, validFrom: ours.validFrom, validTo: ours.validTo, isCa: ours.isCa,
      keyUsage: ours.extendedKeyUsageOids, pem: ours.toPem(), raw: Buffer.from(ours.raw), fingerprint: ours.fingerprint,
      fingerprint256: ours.fingerprint256, fingerprint512: ours.fingerprint512,
    }).toEqual({
      subject, issuer: rfc2253(theirs.issuer), subjectAltName: theirs.subjectAltName ?? '', infoAccess: theirs.infoAccess ?? '',
      serialNumber: theirs.serialNumber, validFrom: dateOf(theirs.validFrom), validTo: dateOf(theirs.validTo), isCa: theirs.ca,
      keyUsage: theirs.keyUsage ?? [], pem: theirs.toString(), raw: theirs.raw, fingerprint: theirs.fingerprint,
      fingerprint256: theirs.fingerprint256, fingerprint512: theirs.fingerprint512,
    })
    // Node 24 crashes in toLegacyObject() if OpenSSL cannot read the key; Node 20 cannot read that of ML-DSA.
    if (ours.keyType === '' || ours.keyType.startsWith('ML-DSA')) return
    const legacy = theirs.toLegacyObject()
    if (attributes) expect(ours.subjectAttributes).toEqual(attributes)
    else expect(legacyName(ours.subjectAttributes)).toEqual({ ...legacy.subject })
    expect(legacyName(ours.issuerAttributes)).toEqual({ ...legacy.issuer })
    expect(Buffer.from(ours.publicKey)).toEqual(theirs.publicKey.export({ type: 'spki', format: 'der' }))
    if (legacy.bits !== undefined) expect(ours.keyBits).toBe(legacy.bits)
    if (legacy.modulus !== undefined) expect(ours.modulus).toBe(legacy.modulus)
    // Before Node 24 this stops at 64 bits.
    if (legacy.exponent !== undefined && legacy.exponent !== '0xffffffffffffffff') {
      expect(BigInt(`0x${ours.exponent}`)).toBe(BigInt(legacy.exponent))
    }
    if (legacy.asn1Curve !== undefined) expect(ours.keyGroup).toBe(legacy.asn1Curve)
  })
})

describe('X509 of an odd certificate gives out as values', () => {
  it.each<[what: string, values: Record<string, unknown>]>([
    ['control characters in names',
      { names: { dns: ['local\0host.xx', 'a\nDNS:b', ''], ip: [], email: ['\x7f@example.com'], uri: ['\x1b[31m'] } }],
    ['commas and quotes in names', {
      names: {
        dns: ['a.example, DNS:evil.example', '"b.example"', "'c.example'", 'back\\slash'], ip: [], email: ['a"b@example.com'],
        uri: ['https://a.example/b,c'],
      },
    }],
    ['octets beyond ASCII in names',
      { names: {
        dns: ['a\u00e4\u00ff', 'k\u00c3\u00a4se.example'], ip: [], email: ['\u00ef\u00bb\u00bfa'], uri: ['https://k\u00c3\u00a4se.example'],
      } }],
    ['addresses of other sizes',
      { names: {
        dns: [], ip: ['0:0:0:0:0:0:0:0', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '0:0:0:0:0:ffff:c000:201'], email: [], uri: [],
      } }],
    ['two subjectAltNames', { names: { dns: ['a.example'], ip: [], email: [], uri: [] } }],
    ['broken subjectAltName', { names: { dns: [], ip: [], email: [], uri: [] } }],
    ['newlines and quotes in access', { ocspUrls: ['http://a\nCA Issuers - URI:http://evil', 'http://a/,"b"'], caIssuersUrls: ['a\0b'] }],
    ['access of every kind', { ocspUrls: ['http://ocsp.example/'], caIssuersUrls: ['http://example/ca.der'] }],
    ['purposes unknown and known', { extendedKeyUsage: ['serverAuth', 'anyExtendedKeyUsage', '1.2.3.4', 'msSGC', 'nsSGC'] }],
    ['every keyUsage',
      { keyUsage: [
        'digitalSignature', 'nonRepudiation', 'keyEncipherment', 'dataEncipherment', 'keyAgreement', 'keyCertSign', 'cRLSign',
        'encipherOnly', 'decipherOnly',
      ] }],
    ['keyUsage of no bits', { keyUsage: [] }],
    ['a byte order mark', { subjectAttributes: [{ type: 'CN', value: '\ufeffa' }] }],
    ['ML-DSA', { keyType: 'ML-DSA-44', signatureAlgorithm: 'id-ml-dsa-44' }],
    ['RSA-PSS', { keyType: 'RSA-PSS', keyBits: 1024, signatureAlgorithm: 'RSASSA-PSS' }],
    ['RSA with an exponent of 80 bits', { exponent: '01000000000000000001', keyBits: 1024 }],
    ['a key of unknown type', { keyType: '', keyBits: 0, keyGroup: undefined }],
    ['unknown signature algorithm', { signatureAlgorithm: '1.2.3.4.5.6' }],
  ])('%s', (what, values) => {
    const cert = read(what)!
    expect({ ...cert.toJSON(), subjectAttributes: cert.subjectAttributes, exponent: cert.exponent }).toMatchObject(values)
  })

  it('and leaves nothing behind in OpenSSL', () => {
    const most = ['serial of 100 octets', 'strings of every kind', 'bits in a name', 'no such day', 'names of every kind', 'other names',
      'two subjectAltNames', 'broken subjectAltName', 'access of every kind', 'purposes of very long numbers', 'RSA-PSS',
      'a key that is no key']
    expect(leaks(lib, 20, () => { for (const what of most) read(what) })).toBe(false)
  })

  it('and can be printed and sent as JSON, with times that are none', () => {
    const cert = read('no such day')!
    expect(JSON.parse(JSON.stringify(cert))).toMatchObject({ validFrom: null, validTo: null })
    expect(new X509(structuredClone(cert)).toJSON()).toEqual(cert.toJSON())
  })
})

describe('the names of a hostile certificate', () => {
  const subject = '/O=evil\u202e\u2028\u009b31m/CN=x\nCN=trusted\x07'
  const printed = 'CN=x\\0ACN=trusted\\07,O=evil\\E2\\80\\AE\\E2\\80\\A8\\C2\\9B31m'
  const [certFile, keyFile] = [file('hostile.pem'), file('hostile.key')]
  openssl(
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile, '-out', certFile, '-days', '9',
    '-utf8', '-subj', subject,
  )
  const hostile = { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') }

  it('do not break out of the error for it', () => {
    const link = new Link(lib, { identity: hostile })
    const error = fatalError(link.client.ssl, link.handshake().client)
    expect(error).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT', certificate: { subject: printed } })
    expect(error).toBeInstanceOf(CertificateError)
    expect(error.message).toContain(printed)
    link.free()
  })

  it('are the same text in a list of CAs', () => {
    let names: string[] = []
    const store = new X509Store(lib)
    store.addCerts(hostile.cert + authority.ca.cert)
    const link = new Link(lib, {
      server: { configure: (ctx) => { ctx.set1CertStore(store); ctx.addToCaList(store); ctx.setVerify(SSL_VERIFY_PEER) } },
      client: { prepare: (ssl) => { ssl.setCertCb(() => { names = ssl.get0PeerCaList(); return 1 }) } },
    }).established()
    expect(names).toContain(printed)
    link.free()
    store.free()
  })
})
