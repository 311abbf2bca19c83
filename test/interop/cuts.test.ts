// What wasm/trim leaves out, in what others send: an error that says so where it matters, and nothing where it does not.

import { X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { fatalError, load, SSL_VERIFY_PEER, SslCtx, type LibSsl } from '../../src/core.js'
import { accept, connect, memoryTransportPair, type AcceptOptions, type ConnectOptions } from '../../src/index.js'
import { authority, file, localhost, openssl } from '../helpers/certificates.js'
import { cutFrom, objectIdentifiers, opensslSource } from '../helpers/cuts.js'
import { Link } from '../helpers/link.js'
import { closeBoth, opened, rejection } from '../helpers/stream-peers.js'
import { startOpensslClient } from './peers/openssl.js'
import { openssl4 } from './peers/openssl4.js'
import { acceptOne } from './peers/tcp.js'

const oids = objectIdentifiers()
const sources = readdirSync(join(opensslSource(), 'crypto/x509')).filter((name) => name.endsWith('.c'))
  .map((name) => readFileSync(join(opensslSource(), 'crypto/x509', name), 'utf8')).join('\n')

/** `1.2.3` of an object identifier. */
function dotted(der: Buffer): string {
  const arcs: number[] = []
  let arc = 0
  for (const octet of der.subarray(2)) {
    arc = arc * 128 + (octet & 127)
    if (octet < 128) {
      const first = Math.min(2, Math.floor(arc / 40))
      arcs.push(...(arcs.length === 0 ? [first, arc - 40 * first] : [arc]))
      arc = 0
    }
  }
  return arcs.join('.')
}

/** By name; the methods that are cut are those of these. */
const extensions = cutFrom('crypto/x509/standard_exts.h', /&ossl_v3_(\w+)/g).flatMap((name) => {
  const [definition] = new RegExp(`ossl_v3_${name}(?:\\[\\d*\\])? = \\{[^]*?\\n\\};`).exec(sources) ?? ['']
  return [...definition.matchAll(/NID_(\w+)/g)].flatMap(([, nid]) => {
    const der = oids.get(nid!)?.der
    return der ? [[nid!, dotted(der)] as const] : []
  })
})

const csr = file('cuts.csr')
openssl('req', '-new', '-key', localhost.keyFile, '-subj', '/CN=localhost', '-out', csr)
let made = 0
/** For localhost's key, signed by `by`, with extensions in openssl's words. */
function certificate(lines: readonly string[], by = authority.ca, run: (...args: readonly string[]) => unknown = openssl): string {
  const [path, words] = [file(`cuts-${++made}.pem`), file(`cuts-${made}.ext`)]
  writeFileSync(words, ['subjectAltName=DNS:localhost', 'basicConstraints=CA:FALSE', ...lines].join('\n'))
  run('x509', '-req', '-in', csr, '-CA', by.certFile, '-CAkey', by.keyFile, '-set_serial', String(made), '-days', '9',
    '-extfile', words, '-out', path)
  return readFileSync(path, 'utf8')
}

const shown = (cert: string) => opened({ server: { cert, key: localhost.key } })
async function refusal(server: Partial<AcceptOptions>, client: Partial<ConnectOptions> = {}): Promise<unknown> {
  const [near, far] = memoryTransportPair()
  const other = accept(far, { cert: localhost.cert, key: localhost.key, ...server })
  const error = await rejection(connect(near, { servername: 'localhost', ca: authority.ca.cert, ...client }).opened)
  await Promise.allSettled([other.opened])
  return error
}

describe('extensions of certificates that are cut', () => {
  it('are many', () => { expect(extensions.length).toBeGreaterThan(20) })

  it('are no hindrance, all of them at once', async () => {
    const both = await shown(certificate(extensions.map(([, oid]) => `${oid}=DER:0500`)))
    expect((await both.client.opened).verifyResult).toBe('X509_V_OK')
    await closeBoth(both)
  })

  it.each(extensions)('%s is refused if it is critical', { timeout: 20_000 }, async (_, oid) => {
    const cert = certificate([`${oid}=critical,DER:0500`])
    expect(await refusal({ cert })).toMatchObject({ code: 'UNHANDLED_CRITICAL_EXTENSION', depth: 0 })
  })
})

// Old tools of private CAs write it into each certificate. To verify is to read it: without its method the certificate would be invalid.
it('nsCertType is read, and counts', async () => {
  await closeBoth(await shown(certificate(['nsCertType=server'])))
  expect(await refusal({ cert: certificate(['nsCertType=client']) })).toMatchObject({ code: 'INVALID_PURPOSE', depth: 0 })
})

describe('a certificate whose key cannot be read', () => {
  const octets = (hex: string) => Buffer.from(hex, 'hex')
  /** Object identifiers in localhost's certificate, and others as long that are cut; and a key that is none. */
  const [P256, EC] = [octets('06082a8648ce3d030107'), octets('06072a8648ce3d0201')]
  const kinds = {
    'on a curve that is cut': [P256, oids.get('X9_62_prime239v1')!.der!, 'the curve 1.2.840.10045.3.1.4'],
    'of DSA': [EC, oids.get('dsa')!.der!, 'the kind of key dsaEncryption'],
    "of X9.42's Diffie-Hellman": [EC, oids.get('dhpublicnumber')!.der!, 'the kind of key X9.42 DH'],
    'that is broken': [octets('03420004'), octets('03420005'), undefined],
  } as const
  let lib: LibSsl
  beforeAll(async () => { lib = await load() })

  describe.each(Object.entries(kinds))('%s', (_, [from, to, leftOut]) => {
    const changed = (bytes: Uint8Array) => {
      const copy = Buffer.from(bytes)
      for (let at = -1; (at = copy.indexOf(from, at + 1)) >= 0;) to.copy(copy, at)
      return copy
    }
    const saysWhy = expect.stringContaining(leftOut === undefined ? 'cannot be read' : `left out of this build: ${leftOut}`)

    it.each([0, 2])('is refused as our own when it is set, at security level %i', (level) => {
      const ctx = new SslCtx(lib, 'TLS_server_method')
      ctx.setSecurityLevel(level)
      const der = changed(new X509Certificate(localhost.cert).raw)
      const refused = { code: 'ERR_X509_CERTIFICATE_UNSUPPORTED', message: saysWhy }
      expect(() => ctx.useCertificateChain(der))
        .toThrow(expect.objectContaining(leftOut === undefined ? { code: expect.stringMatching(/^ERR_SSL_/) } : refused))
      ctx.free()
    })

    describe.each(['client', 'server'] as const)('is refused by a %s', (side) => {
      it.each([0, 2])('at security level %i', (level) => {
        const configure = (ctx: SslCtx) => { ctx.setSecurityLevel(level) }
        const link = new Link(lib, { version: 'TLSv1.2', client: { configure: (ctx) => {
          configure(ctx)
          ctx.useCertificateChain(localhost.cert)
          ctx.usePrivateKey(localhost.key)
        } }, server: { configure: (ctx) => {
          configure(ctx)
          if (side === 'server') ctx.setVerify(SSL_VERIFY_PEER)
        } }, tap: (sender, bytes) => (sender === side ? undefined : changed(bytes)) })
        const error = fatalError(link[side].ssl, link.handshake()[side])
        expect(error).toMatchObject({
          code: 'UNSUPPORTED_SIGNATURE_ALGORITHM', depth: 0, alert: { from: 'us', description: 43 }, message: saysWhy,
        })
        link.free()
      })
    })
  })
})

describe.each([
  ['brainpoolP320r1', ['EC', '-pkeyopt', 'ec_paramgen_curve:brainpoolP320r1'], 'the curve 1.3.36.3.3.2.8.1.1.9'],
  ['SM2', ['SM2'], 'the curve 1.2.156.10197.1.301'],
  ['SLH-DSA', ['SLH-DSA-SHA2-128f'], 'the kind of key 2.16.840.1.101.3.4.3.21'],
])('a CA with a key of %s, which is cut', (name, words, leftOut) => {
  const [caKey, caCert, config] = [file(`${name}.key`), file(`${name}.pem`), file(`${name}.cnf`)]
  writeFileSync(config, '[req]\ndistinguished_name=dn\n[dn]\n')
  openssl4('genpkey', '-algorithm', ...words, '-out', caKey)
  openssl4('req', '-x509', '-config', config, '-key', caKey, '-out', caCert, '-days', '9', '-subj', '/CN=a CA whose key is cut',
    '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'subjectKeyIdentifier=hash')
  const ca = { certFile: caCert, keyFile: caKey, cert: readFileSync(caCert, 'utf8'), key: readFileSync(caKey, 'utf8') }
  const says = `left out of this build: ${leftOut}`

  it('is named as what is wrong, and does no harm beside others', async () => {
    const cert = certificate([], ca, openssl4)
    const refused = { code: 'UNSUPPORTED_SIGNATURE_ALGORITHM', depth: 1, message: expect.stringContaining(says) }
    expect(await refusal({ cert }, { ca: ca.cert })).toMatchObject(refused)
    await closeBoth(await opened({ client: { ca: ca.cert + authority.ca.cert } }))
  })

  it('cannot be shown, and its key not be used, and the error says why', async () => {
    for (const cert of [ca.cert, localhost.cert + ca.cert]) {
      const refused = { code: 'ERR_X509_CERTIFICATE_UNSUPPORTED', option: 'cert', message: expect.stringContaining(says) }
      expect(await refusal({}, { cert, key: localhost.key })).toMatchObject(refused)
    }
    const refused = { code: 'ERR_TLS_KEY_UNREADABLE', option: 'key', message: expect.stringContaining('unsupported') }
    expect(await refusal({}, { cert: localhost.cert, key: ca.key })).toMatchObject(refused)
  })
})

it('a ClientHello with no group but those that are cut is answered by an alert', { timeout: 20_000 }, async () => {
  const server = await acceptOne({ dangerouslyLowSecurityLevel: 0 })
  const cipher = 'ECDHE-ECDSA-AES128-GCM-SHA256:@SECLEVEL=0'
  const peer = await startOpensslClient(server.port, 'TLSv1.2', ['-curves', 'P-192', '-cipher', cipher])
  const refused = { code: 'ERR_SSL_NO_SHARED_CIPHER', alert: { from: 'us', description: 40 } }
  expect(await rejection((await server.connection).opened)).toMatchObject(refused)
  await peer.printed(/handshake failure/)
})
