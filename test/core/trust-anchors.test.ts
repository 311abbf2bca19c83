// Trust anchors: what a store takes, and what comes of it when one is the issuer. A plain certificate is read when it is looked for, and
// its key is decoded when that is asked for: neither may show.

import { X509Certificate } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { fatalError, load, SslCtx, X509Store, type LibSsl } from '../../src/core.js'
import { authority, localhost, temporaryAuthority } from '../helpers/certificates.js'
import { leaks, Link } from '../helpers/link.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

const der = (pem: string) => Buffer.from(new X509Certificate(pem).raw)
const pemOf = (bytes: Uint8Array) =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(bytes).toString('base64').replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`

/** With other octets where `from` begins. */
function changed(bytes: Uint8Array, from: string, to: string): Buffer {
  const copy = Buffer.from(bytes)
  copy.set(Buffer.from(to, 'hex'), copy.indexOf(Buffer.from(from, 'hex')))
  return copy
}

/** The certificate with other octets in its key: it is found by what stands before its point on P-256. */
function withKey(pem: string, change: (spki: Buffer) => void): Buffer {
  const bytes = der(pem)
  const begin = bytes.indexOf(Buffer.from('301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex'))
  change(bytes.subarray(begin, begin + 25 + 64))
  return bytes
}

const KEYS: Readonly<Record<string, (spki: Buffer) => void>> = {
  'a point that is not on its curve': (spki) => { spki.fill(7, 25) },
  'a point of no known form': (spki) => { spki[24] = 9 },
  'a curve that is not in the build': (spki) => { spki[20] = 1 },
  'an algorithm that nobody knows': (spki) => { spki[10] = 0x63 },
}

function codeOf(body: () => void): string | undefined {
  try {
    body()
    return undefined
  } catch (error) {
    return (error as { code: string }).code
  }
}

function addAlone(bytes: Uint8Array): void {
  const [store, other] = [new X509Store(lib), new X509Store(lib)]
  try {
    store.addCerts(bytes)
    other.addStore(store) // reads it
  } finally {
    store.free()
    other.free()
  }
}

/** Reads it at once, where no more is asked of it. */
function readInChain(bytes: Uint8Array): void {
  const ctx = new SslCtx(lib, 'TLS_server_method')
  try {
    ctx.setSecurityLevel(0)
    ctx.useCertificateChain(localhost.cert + pemOf(bytes))
  } finally {
    ctx.free()
  }
}

describe.each(Object.keys(KEYS))('a key of %s', (what) => {
  const root = withKey(authority.ca.cert, KEYS[what]!)

  it('is taken into a store, and issues nothing', () => {
    const link = new Link(lib, { client: { configure: (ctx) => {
      const store = new X509Store(lib)
      expect(store.addCerts(root)).toBe(1)
      expect(store.addCerts(pemOf(root))).toBe(1)
      ctx.set1CertStore(store)
      store.free()
    } } })
    expect(fatalError(link.client.ssl, link.handshake().client)).toMatchObject({ code: 'UNSUPPORTED_SIGNATURE_ALGORITHM', depth: 1 })
    link.free()
  })

  it('does not hide the good one of the same subject', () => {
    const link = new Link(lib, { ca: pemOf(root) + authority.ca.cert })
    link.established().free()
  })
})

describe('X509Store.addCerts', () => {
  const root = der(authority.ca.cert)

  it.each<[string, Uint8Array, string]>([
    ['that is cut off', root.subarray(0, -1), 'ERR_ASN1_ENCODING_TOO_LONG'],
    ['with bytes behind it', Buffer.concat([root, Buffer.of(0)]), 'ERR_ASN1_ENCODING_TOO_LONG'],
    ['whose version is none', changed(root, 'a003020102', 'a003040102'), 'ERR_ASN1_ENCODING_WRONG_TAG'],
    ['with an object identifier that has no end', changed(root, '06035504', '06035580'), 'ERR_ASN1_ENCODING_INVALID_OBJECT_ENCODING'],
    ['with a name that is no UTF-8', changed(root, Buffer.from('libssl').toString('hex'), 'ff'), 'ERR_ASN1_ENCODING_INVALID_UTF8STRING'],
    ['with a number that begins with zeros', changed(root, '0214', '02140000'), 'ERR_ASN1_ENCODING_ILLEGAL_PADDING'],
  ])('refuses a certificate %s, at once', (_, bytes, code) => {
    const store = new X509Store(lib)
    expect(() => store.addCerts(bytes)).toThrow(expect.objectContaining({ code }))
    store.free()
  })

  it('takes what OpenSSL reads at once, and refuses what that refuses: 2,000 changed certificates', () => {
    let [state, read] = [1, 0]
    const random = (below: number) => (state = Math.imul(state, 0x41c64e6d) + 12345 >>> 0) % below
    for (let i = 0; i < 2000; i++) {
      const bytes = Buffer.from(root)
      bytes[4 + random(random(2) ? bytes.length - 4 : 160)] = random(2) ? random(256) : [0, 0x7f, 0x80, 0x81, 0x82, 0xff][random(6)]!
      const taken = codeOf(() => { addAlone(bytes) })
      expect([i, taken]).toEqual([i, codeOf(() => { readInChain(bytes) })])
      if (taken === undefined) read++
    }
    expect(read).toBeGreaterThan(500)
    expect(read).toBeLessThan(1900)
  })

  it.each<[string, (text: string) => string]>([
    ['as it is', (text) => text], ['in capitals', (text) => text.toUpperCase()], ['with tabs', (text) => text.replaceAll(' ', '\t')],
  ])('finds an issuer by its name %s, as names are compared without case and blanks', (_, change) => {
    const name = Buffer.from('libssl-wasm test CA')
    const bytes = Buffer.from(root)
    for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name, at + 1)) bytes.write(change(name.toString()), at)
    new Link(lib, { ca: pemOf(bytes) }).established().free()
  })

  it('finds all of a name, whatever was added between, and takes each once', () => {
    const [named, other] = [temporaryAuthority('libssl-wasm test CA'), temporaryAuthority('another')]
    new Link(lib, { ca: [named, other, authority, named].map(({ ca }) => ca.cert).join('') }).established().free()
  })

  it('leaves nothing behind, used or not', () => {
    expect(leaks(lib, 20, () => {
      const store = new X509Store(lib)
      for (const change of Object.values(KEYS)) store.addCerts(withKey(authority.ca.cert, change))
      store.addCerts(root)
      store.addCerts(root)
      store.free()
    })).toBe(false)
  })
})
