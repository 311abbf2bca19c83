// Trust anchors that are odd: what a store takes, and what comes of it when one is the issuer. Keys are decoded when they are asked for.

import { X509Certificate } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { fatalError, load, X509Store, type LibSsl } from '../../src/core.js'
import { authority } from '../helpers/certificates.js'
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
    expect(fatalError(link.client.ssl, link.handshake().client)).toMatchObject({ code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' })
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
