// Certificates as objects, held against Node's own and against what they were made from.

import { X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { load, SslCtx, X509, type LibSsl } from '../../src/core.js'
import { authority, file, localhost, openssl } from '../helpers/certificates.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

/** What the context shows, as objects. */
function read(pem: string): X509[] {
  const ctx = new SslCtx(lib, 'TLS_server_method')
  try {
    ctx.useCertificateChain(pem)
    return ctx.getCertChain()
  } finally {
    ctx.free()
  }
}

let made = 0
function make(subject: string, ...extensions: readonly string[]): string {
  const path = file(`x509-${++made}.pem`)
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file('x509.key'), '-out', path,
    '-days', '9', '-utf8', '-multivalue-rdn', '-subj', subject, ...extensions.flatMap((extension) => ['-addext', extension]))
  return readFileSync(path, 'utf8')
}

describe('X509', () => {
  it('is a value of its own each time that the same certificate is read', () => {
    const [one] = read(localhost.cert)
    const before = JSON.stringify(one)
    one!.raw.fill(0)
    ;(one!.names.dns as string[]).push('www.example.com')
    ;(one!.subjectAttributes as unknown[]).length = 0
    expect(JSON.stringify(read(localhost.cert)[0])).toBe(before)
    expect(read(localhost.cert)[0]!.subjectAttributes).not.toEqual([])
  })

  it('keeps apart certificates that were read in turn, more of them than are remembered', () => {
    const certs = Array.from({ length: 12 }, (_, i) => make(`/CN=number ${i}`))
    const expected = certs.map((pem) => new X509Certificate(pem)).map(({ subject, publicKey }) => (
      [subject, Buffer.from(publicKey.export({ type: 'spki', format: 'der' })).toString('hex')]))
    const before = lib.allocatedBytes
    for (let round = 0; round < 3; round++) {
      const found = certs.map((pem) => read(pem)[0]!).map(({ subject, publicKey }) => [subject, Buffer.from(publicKey).toString('hex')])
      expect(found).toEqual(expected)
    }
    expect(lib.allocatedBytes - before).toBeLessThan(32_000)
  })

  it('says what the certificate says', () => {
    const [cert] = read(make('/C=DE/O=Käse & Söhne, GmbH/OU=a+CN=www.example.com/emailAddress=a@example.com',
      'subjectAltName=DNS:www.example.com,DNS:*.example.com,IP:192.0.2.1,IP:2001:db8::1,email:a@example.com,'
        + 'URI:https://example.com/a,otherName:1.2.3.4;UTF8:x',
      'basicConstraints=critical,CA:TRUE,pathlen:3', 'keyUsage=critical,digitalSignature,keyCertSign,cRLSign',
      'extendedKeyUsage=serverAuth,clientAuth,1.2.3.4',
      'authorityInfoAccess=OCSP;URI:http://ocsp.example.com/,caIssuers;URI:http://example.com/ca.der'))
    expect({ ...cert!.toJSON(), subjectAttributes: cert!.subjectAttributes }).toMatchObject({
      subject: 'emailAddress=a@example.com,CN=www.example.com+OU=a,O=Käse & Söhne\\, GmbH,C=DE',
      subjectAttributes: [
        { type: 'C', value: 'DE' }, { type: 'O', value: 'Käse & Söhne, GmbH' }, { type: 'OU', value: 'a' },
        { type: 'CN', value: 'www.example.com' }, { type: 'emailAddress', value: 'a@example.com' },
      ],
      names: {
        dns: ['www.example.com', '*.example.com'], ip: ['192.0.2.1', '2001:db8:0:0:0:0:0:1'], email: ['a@example.com'],
        uri: ['https://example.com/a'],
      },
      isCa: true, pathLength: 3, keyUsage: ['digitalSignature', 'keyCertSign', 'cRLSign'],
      extendedKeyUsage: ['serverAuth', 'clientAuth', '1.2.3.4'], keyType: 'EC', keyBits: 256, keyGroup: 'prime256v1',
      signatureAlgorithm: 'ecdsa-with-SHA256',
      ocspUrls: ['http://ocsp.example.com/'], caIssuersUrls: ['http://example.com/ca.der'],
    })
    expect(cert!.issuerAttributes).toEqual(cert!.subjectAttributes)
  })

  it('says what is not there', () => {
    const path = file('bare.pem')
    openssl('req', '-x509', '-key', localhost.keyFile, '-out', path, '-subj', '/', '-config', bareConfig(), '-days', '9')
    expect(read(readFileSync(path, 'utf8'))[0]).toMatchObject({
      subject: '', subjectAttributes: [], subjectAltName: '', names: { dns: [], ip: [], email: [], uri: [] }, isCa: false,
      pathLength: undefined, keyUsage: undefined, extendedKeyUsage: [], ocspUrls: [], caIssuersUrls: [],
    })
  })

  it('agrees with Node, and gives the PEM back', () => {
    for (const pem of [localhost.cert, authority.ca.cert, make('/CN=x')]) {
      const [ours, theirs] = [read(pem)[0]!, new X509Certificate(pem)]
      expect(ours.toPem()).toBe(theirs.toString())
      expect(ours).toMatchObject({ fingerprint256: theirs.fingerprint256, serialNumber: theirs.serialNumber, isCa: theirs.ca })
      expect(ours.validFrom).toEqual(new Date(theirs.validFrom))
      expect(ours.validTo).toEqual(new Date(theirs.validTo))
      expect(Buffer.from(ours.publicKey).equals(theirs.publicKey.export({ type: 'spki', format: 'der' }))).toBe(true)
    }
  })

  it('keeps a NUL in a name, so that nobody takes what is before it for the name', () => {
    openssl(
      'req', '-x509', '-key', localhost.keyFile, '-out', file('nul.pem'), '-subj', '/CN=x', '-days', '9', '-config', bareConfig(),
      '-addext', 'subjectAltName=DER:300F820D6C6F63616C00686F73742E7878',
    )
    expect(read(readFileSync(file('nul.pem'), 'utf8'))[0]!.names.dns).toEqual(['local\0host.xx'])
  })

  it('reads one that is larger than its buffer', () => {
    const names = Array.from({ length: 2_000 }, (_, index) => `host-${index}.example.com`)
    const [cert] = read(make('/CN=many', `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`))
    expect(cert!.names.dns).toEqual(names)
    expect(cert!.raw.byteLength).toBeGreaterThan(16_384)
  })

  it('gives copies: who writes into one changes nothing', () => {
    const [cert] = read(localhost.cert)
    const before = cert!.publicKey.slice()
    cert!.publicKey.fill(0)
    expect(cert!.publicKey).toEqual(before)
  })

  it('has all that its contents say, and gives copies of what can be changed', () => {
    const [cert] = read(localhost.cert)
    const again = new X509(structuredClone(cert!))
    for (const one of [cert!, again]) {
      for (const [name, value] of Object.entries(one.contents)) expect(one[name as keyof typeof one.contents], name).toEqual(value)
      const before = one.validFrom.getTime()
      one.validFrom.setTime(0)
      one.publicKey.fill(0)
      expect(one.validFrom.getTime()).toBe(before)
      expect(one.publicKey[0]).toBe(0x30)
    }
  })

  it('comes through a structured clone as what makes it again', () => {
    const [cert] = read(localhost.cert)
    const again = new X509(structuredClone(cert!))
    expect(again.toJSON()).toEqual(cert!.toJSON())
    expect(again).toEqual(cert)
  })

  it('prints well', () => {
    const text = inspect(read(localhost.cert)[0])
    expect(text).toMatch(/^X509 \{\n {2}subject: 'CN=localhost',/)
    expect(text).toContain("dns: [ 'localhost' ]")
    expect(text).toContain("issuer: 'CN=libssl-wasm test CA,O=libssl-wasm'")
    expect(text).not.toMatch(/described|raw|undefined|\[\]/)
    expect(text.split('\n').length).toBeLessThan(14)
    expect(inspect({ cert: read(localhost.cert)[0] })).toContain('cert: X509 {')
    expect(JSON.parse(JSON.stringify(read(localhost.cert)[0]))).toMatchObject({ subject: 'CN=localhost' })
  })

  it('leaves nothing behind in OpenSSL', () => {
    const ctx = new SslCtx(lib, 'TLS_server_method')
    ctx.useCertificateChain(localhost.cert + authority.ca.cert)
    ctx.getCertChain()
    const before = lib.allocatedBytes
    for (let i = 0; i < 100; i++) ctx.getCertChain()
    expect(lib.allocatedBytes - before).toBeLessThan(1_600)
    ctx.free()
  })
})

/** A configuration that adds no extensions. */
function bareConfig(): string {
  const path = file('bare.cnf')
  writeFileSync(path, '[req]\ndistinguished_name=dn\nprompt=no\n[dn]\n')
  return path
}
