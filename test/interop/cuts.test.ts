// What wasm/trim leaves out, in what others send: an error that says so where it matters, and nothing where it does not.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { accept, connect, memoryTransportPair, type AcceptOptions, type ConnectOptions } from '../../src/index.js'
import { authority, file, localhost, openssl } from '../helpers/certificates.js'
import { cutFrom, objectIdentifiers, opensslSource } from '../helpers/cuts.js'
import { closeBoth, opened, rejection } from '../helpers/stream-peers.js'
import { startOpensslClient } from './peers/openssl.js'
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
function certificate(lines: readonly string[], by = authority.ca): string {
  const [path, words] = [file(`cuts-${++made}.pem`), file(`cuts-${made}.ext`)]
  writeFileSync(words, ['subjectAltName=DNS:localhost', 'basicConstraints=CA:FALSE', ...lines].join('\n'))
  openssl('x509', '-req', '-in', csr, '-CA', by.certFile, '-CAkey', by.keyFile, '-set_serial', String(made), '-days', '9',
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

describe('a key on a curve that is cut', () => {
  const [caKey, caCert] = [file('cut-ca.key'), file('cut-ca.pem')]
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:brainpoolP320r1', '-nodes', '-keyout', caKey, '-out', caCert,
    '-days', '9', '-subj', '/CN=a CA on a curve that is cut', '-addext', 'basicConstraints=critical,CA:TRUE')
  const ca = { certFile: caCert, keyFile: caKey, cert: readFileSync(caCert, 'utf8'), key: readFileSync(caKey, 'utf8') }

  it('of a CA makes it no issuer: OpenSSL looks for another', async () => {
    expect(await refusal({ cert: certificate([], ca) }, { ca: ca.cert })).toMatchObject({ code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' })
  })

  it('is refused as our own, with a code of its own', async () => {
    expect(await refusal({}, { cert: localhost.cert, key: ca.key })).toMatchObject({ code: 'ERR_TLS_KEY_UNREADABLE', option: 'key' })
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
