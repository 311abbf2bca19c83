// Each suite, group and signature algorithm that this build has, with OpenSSL as it is, in both roles. What there is to try is what a
// client of ours offers, and what OpenSSL's own tables have: what can be chosen is tried here, and what the page on algorithms promises.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { accept, connect, memoryTransportPair, type ClientHello, type ConnectOptions, type TlsConnection } from '../../src/index.js'
import { authority, file, type KeyPair } from '../helpers/certificates.js'
import { opensslSource } from '../helpers/cuts.js'
import { identities, only, versions } from './peers/matrix.js'
import { openssl4, startOpenssl4Client, startOpenssl4Server } from './peers/openssl4.js'
import { acceptOne, connectTo } from './peers/tcp.js'

/** Many connections, one after another. */
const MANY = { timeout: 600_000 }

/** What a client says that has these options. */
async function hello(options: Partial<ConnectOptions>): Promise<ClientHello> {
  const [near, far] = memoryTransportPair()
  let said: ClientHello | undefined
  const server = accept(far, { ...own(identities.EC), onClientHello: (one) => {
    said = one
    throw new Error('that is all')
  } })
  const client = connect(near, { servername: 'localhost', ca: authority.ca.cert, ...options })
  await Promise.allSettled([client.opened, server.opened])
  return said!
}

async function agreed(connection: TlsConnection) {
  const info = await connection.opened
  await connection.close()
  return info
}

const own = ({ cert, key }: KeyPair) => ({ cert, key })
const low = { dangerouslyLowSecurityLevel: 0 } as const
const SECRET = Buffer.alloc(32, 7)
const psk = { identity: 'Client_identity', key: SECRET } // s_client's and s_server's own
const pskArgs = ['-psk', SECRET.toString('hex')]

describe('each suite', () => {
  /** OpenSSL's names, by the RFC's. Without authentication there is nothing to verify. */
  const names = new Map(openssl4('ciphers', '-stdname', 'ALL:!aNULL:@SECLEVEL=0').trim().split('\n').map((line) => {
    const [standard, , name] = line.split(/\s+/)
    return [standard!, name!] as const
  }))

  it('of TLS 1.2', MANY, async () => {
    const { ciphersuites } = await hello({ ...low, ciphers: 'ALL:!aNULL', psk, maxVersion: 'TLSv1.2' })
    const suites = ciphersuites.map(String).filter((name) => name !== 'TLS_EMPTY_RENEGOTIATION_INFO_SCSV')
    expect(suites.filter((name) => !names.has(name))).toEqual([])
    expect(suites.length).toBeGreaterThan(30)
    const all = ['-www', '-cipher', 'ALL:@SECLEVEL=0', ...pskArgs]
    const servers = {
      EC: await startOpenssl4Server(identities.EC, 'TLSv1.2', all), RSA: await startOpenssl4Server(identities.RSA, 'TLSv1.2', all),
    }
    for (const cipher of suites) {
      const ciphers = names.get(cipher)!
      const type = cipher.includes('ECDSA') ? 'EC' : 'RSA'
      // OpenSSL 4's clients name groups of Diffie-Hellman, and then one of them must be the server's (RFC 7919 §4).
      const options = { ...low, ciphers, groups: 'X25519:P-256:ffdhe2048', ...(cipher.includes('PSK') ? { psk } : {}) }
      expect(await agreed(await connectTo(servers[type].port, options))).toMatchObject({ cipher })
      const server = await acceptOne({ ...own(identities[type]), ...options })
      await startOpenssl4Client(server.port, 'TLSv1.2', ['-cipher', `${ciphers}:@SECLEVEL=0`, ...(cipher.includes('PSK') ? pskArgs : [])])
      expect(await agreed(await server.connection)).toMatchObject({ cipher })
    }
  })

  it('of TLS 1.3', MANY, async () => {
    const header = readFileSync(join(opensslSource(), '../include/openssl/tls1.h'), 'utf8')
    const suites = new Set([...header.matchAll(/define TLS1_3_RFC_((?:AES|CHACHA20)\w+)/g)].map(([, name]) => `TLS_${name}`))
    expect(suites.size).toBe(5)
    const weak = ['-cipher', 'ALL:@SECLEVEL=0']
    const { port } = await startOpenssl4Server(identities.EC, 'TLSv1.3', ['-www', '-ciphersuites', [...suites].join(':'), ...weak])
    for (const cipher of suites) {
      const options = { ...low, ciphersuites: cipher, minVersion: 'TLSv1.3' } as const
      expect(await agreed(await connectTo(port, options))).toMatchObject({ cipher })
      const server = await acceptOne(options)
      await startOpenssl4Client(server.port, 'TLSv1.3', ['-ciphersuites', cipher, ...weak])
      expect(await agreed(await server.connection)).toMatchObject({ cipher })
    }
  })
})

describe.each(versions)('%s: each group', (version) => {
  const tables = readFileSync(join(opensslSource(), 'providers/common/capabilities.c'), 'utf8').split('OPENSSL_NO_TLS_DEPRECATED_EC')
  const table = tables.find((part) => part.includes('TLS_GROUP_ENTRY("x25519"'))!
  const other = version === 'TLSv1.3' ? /^curveSM2|^brainpoolP\d+r1$/ : /^curveSM2|MLKEM|tls13|ffdhe/
  const groups = [...table.matchAll(/TLS_GROUP_ENTRY\("([^"]+)"/g)].map(([, name]) => name!).filter((name) => !other.test(name))
  const official = (name: string) => name.replace(/^P-(\d+)$/, 'secp$1r1').replace('tls13', '').toLowerCase()

  it('that OpenSSL has', MANY, async () => {
    expect(groups.length).toBeGreaterThan(version === 'TLSv1.3' ? 20 : 10)
    const { port } = await startOpenssl4Server(identities.RSA, version, ['-www', '-groups', groups.join(':')])
    for (const name of groups) {
      const { group } = await agreed(await connectTo(port, { groups: name, ...only(version) }))
      expect(official(group!)).toBe(official(name))
      const server = await acceptOne({ ...own(identities.RSA), groups: name, ...only(version) })
      await startOpenssl4Client(server.port, version, ['-groups', name])
      expect(await agreed(await server.connection)).toMatchObject({ group })
    }
  })
})

/** `openssl genpkey -algorithm` words of a key that signs so. */
function keyFor(algorithm: string): readonly string[] {
  const curves: Readonly<Record<string, string>> =
    { secp256r1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521', sha1: 'P-256', sha224: 'P-256' }
  const [, curve] = /^ecdsa_(\w+?)(?:_sha\d+)?$/.exec(algorithm) ?? []
  if (curve !== undefined) return ['EC', '-pkeyopt', `ec_paramgen_curve:${curves[curve] ?? curve.replace('tls13', '')}`]
  if (algorithm.startsWith('rsa')) return [algorithm.startsWith('rsa_pss_pss') ? 'RSA-PSS' : 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']
  return [algorithm.replace(/^mldsa/, 'ML-DSA-')]
}

const made = new Map<string, KeyPair>()
/** Signed by the test CA, by a key that signs so. */
function identityFor(algorithm: string): KeyPair {
  const words = keyFor(algorithm)
  const known = made.get(words.join())
  if (known) return known
  const at = (end: string) => file(`signature-${made.size}.${end}`)
  const [certFile, keyFile, csr, config, extensions] = [at('pem'), at('key'), at('csr'), at('cnf'), at('ext')]
  writeFileSync(config, '[req]\ndistinguished_name=dn\n[dn]\n')
  writeFileSync(extensions, 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n')
  openssl4('genpkey', '-algorithm', ...words, '-out', keyFile)
  openssl4('req', '-new', '-config', config, '-key', keyFile, '-subj', '/CN=localhost', '-out', csr)
  openssl4('x509', '-req', '-in', csr, '-CA', authority.ca.certFile, '-CAkey', authority.ca.keyFile, '-days', '9', '-extfile', extensions,
    '-out', certFile)
  const identity = { certFile, keyFile, cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') }
  made.set(words.join(), identity)
  return identity
}

describe.each(versions)('%s: each signature algorithm', (version) => {
  // TLS 1.2 wants the curve of an ECDSA key among the groups.
  const groups = `X25519${version === 'TLSv1.2' ? ':P-256:P-384:P-521:brainpoolP256r1:brainpoolP384r1:brainpoolP512r1' : ''}`

  it('that a client offers, and each kind of certificate that docs/algorithms-and-keys.md promises', MANY, async () => {
    // Under TLS 1.3 these sign certificates alone.
    const others = version === 'TLSv1.3' ? /^rsa_pkcs1|_sha1$|sha224$/ : /^$/
    const algorithms = (await hello({ ...low, ...only(version) })).signatureAlgorithms.map(String).filter((one) => !others.test(one))
    const kinds = new Set<string>()
    for (const algorithm of algorithms) {
      const identity = identityFor(algorithm)
      // The certificate itself is signed by the test CA.
      const sigalgs = `${algorithm}:ecdsa_secp256r1_sha256`
      const args = ['-groups', groups, '-cipher', 'ALL:@SECLEVEL=0']
      const { port } = await startOpenssl4Server(identity, version, ['-www', '-sigalgs', algorithm, ...args])
      const options = { ...low, ...only(version), groups }
      const { verifyResult, peerCertificate } = await agreed(await connectTo(port, { ...options, signatureAlgorithms: sigalgs }))
      expect([algorithm, verifyResult]).toEqual([algorithm, 'X509_V_OK'])
      const { keyType, keyGroup = '' } = peerCertificate!
      kinds.add(keyType.replace(/^ML-DSA-.*/, 'ML-DSA').replace(/^ED/, 'Ed')).add(keyGroup.replace(/^(?:prime|secp)(\d+)[rv]1$/, 'P-$1'))
      const server = await acceptOne({ ...options, ...own(identity) })
      const client = await startOpenssl4Client(server.port, version, ['-sigalgs', sigalgs, ...args])
      await agreed(await server.connection)
      await client.printed(/Verification: OK/)
    }
    const page = readFileSync(join(import.meta.dirname, '../../docs/algorithms-and-keys.md'), 'utf8')
    const [, both, late] = /^Certificates may be (.*), and under TLS 1\.3 (.*)\.$/m.exec(page)!
    const promised = `${both!.replace(/ECDSA \((.*)\)/, '$1')}${version === 'TLSv1.3' ? `, ${late}` : ''}`.split(', ')
    expect(promised.length).toBeGreaterThan(5)
    expect([...kinds]).toEqual(expect.arrayContaining(promised))
  })
})
