// Certificates and keys of every kind, ours and theirs.

import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect as tlsConnect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { describe, expect } from 'vitest'
import { type Identity, type TlsConnection } from '../../src/index.js'
import { authority, file, openssl, type KeyPair } from '../helpers/certificates.js'
import { proves } from '../helpers/features.js'
import { client, identities, versions } from './peers/matrix.js'
import { startGnutlsClient } from './peers/gnutls.js'
import { startNginx } from './peers/nginx.js'
import { startOpensslClient, startOpensslServer } from './peers/openssl.js'
import { openssl4, startOpenssl4Client, startOpenssl4Server } from './peers/openssl4.js'
import { fetchPage } from './peers/bytes.js'
import { acceptOne, connectTo, dial } from './peers/tcp.js'

const curve = (name: string) => authority.leaf({ newkey: ['ec', '-pkeyopt', `ec_paramgen_curve:${name}`] })
const ed25519 = authority.leaf({ newkey: ['ed25519'] })
const types: Readonly<Record<string, { readonly pair: KeyPair; readonly said: object }>> = {
  'RSA': { pair: identities.RSA, said: { keyType: 'RSA', keyBits: 2048, keyGroup: undefined } },
  'RSA-PSS': {
    pair: authority.leaf({ newkey: ['rsa-pss', '-pkeyopt', 'rsa_keygen_bits:2048'] }), said: { keyType: 'RSA-PSS', keyBits: 2048 },
  },
  'ECDSA P-256': { pair: identities.EC, said: { keyType: 'EC', keyBits: 256, keyGroup: 'prime256v1' } },
  'ECDSA P-384': { pair: curve('P-384'), said: { keyType: 'EC', keyBits: 384, keyGroup: 'secp384r1' } },
  'ECDSA P-521': { pair: curve('P-521'), said: { keyType: 'EC', keyBits: 521, keyGroup: 'secp521r1' } },
  'Ed25519': { pair: ed25519, said: { keyType: 'ED25519', keyBits: 256 } },
}

/** Signed by the test CA; only OpenSSL 3.5 and later can make them. */
function mlDsa(level: 44 | 65 | 87): KeyPair {
  const [certFile, keyFile] = [file(`ml-dsa-${level}.pem`), file(`ml-dsa-${level}.key`)]
  // It has no configuration file of its own, and wants one.
  writeFileSync(file('req.cnf'), '[req]\ndistinguished_name=dn\n[dn]\n')
  openssl4('req', '-config', file('req.cnf'), '-x509', '-newkey', `ML-DSA-${level}`, '-noenc', '-keyout', keyFile, '-out', certFile,
    '-subj', '/CN=localhost', '-days', '9', '-CA', authority.ca.certFile, '-CAkey', authority.ca.keyFile, '-addext',
    'subjectAltName=DNS:localhost,IP:127.0.0.1', '-addext', 'basicConstraints=critical,CA:FALSE')
  return { certFile, keyFile, get cert() { return readFileSync(certFile, 'utf8') }, get key() { return readFileSync(keyFile, 'utf8') } }
}
const mlDsas = ([44, 65, 87] as const).map((level) => [level, mlDsa(level)] as const)

/** A client of node:tls, its handshake done. */
async function nodeClient(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = tlsConnect({ socket: await dial(port), servername: 'localhost', ca: authority.ca.cert, ...options })
  await once(socket, 'secureConnect')
  return socket.on('error', () => {}) // each test looks at our side's error
}

async function agreed(connection: TlsConnection) {
  const info = await connection.opened
  await connection.close()
  return info
}

// TLS 1.2 wants the curve of an ECDSA key among the client's groups (RFC 8422 §5.1); P-521 is not among ours by default.
const groups = 'X25519:secp256r1:secp384r1:secp521r1'

describe('certificates', { timeout: 20_000 }, () => {
  for (const version of versions) {
    for (const [type, { pair, said }] of Object.entries(types)) {
      proves('certificate-types', {
        peer: 'openssl s_server', role: 'client', version,
      }, `verifies ${type}, and shows such a one`, async () => {
        const { port } = await startOpensslServer(
          pair, version, ['-www', '-Verify', '1', '-verify_return_error', '-CAfile', authority.ca.certFile],
        )
        const connection = await connectTo(port, { groups, cert: pair.cert, key: pair.key })
        const info = await connection.opened
        expect(info).toMatchObject({ protocol: version, verifyResult: 'X509_V_OK' })
        expect(info.peerCertificate).toMatchObject(said)
        expect((await fetchPage(connection)).toString()).toMatch(/Subject: CN ?= ?localhost/) // it has our certificate
        await connection.close()
      })

      proves('certificate-types', {
        peer: 'openssl s_client', role: 'server', version,
      }, `shows ${type}, and verifies such a one`, async () => {
        const server = await acceptOne({ groups, cert: pair.cert, key: pair.key, ca: authority.ca.cert })
        const peer = await startOpensslClient(server.port, version, ['-cert', pair.certFile, '-key', pair.keyFile])
        const info = await agreed(await server.connection)
        expect(info).toMatchObject({ protocol: version, verifyResult: 'X509_V_OK' })
        expect(info.peerCertificate).toMatchObject(said)
        await peer.printed(/Verification: OK/)
      })

      proves('certificate-types', { peer: 'node:tls', role: 'server', version }, `shows ${type}`, async () => {
        const server = await acceptOne({ groups, cert: pair.cert, key: pair.key })
        const socket = await nodeClient(server.port, { minVersion: version, maxVersion: version })
        expect(socket.authorized).toBe(true)
        await agreed(await server.connection)
      })
    }

    proves('certificate-types', { peer: 'gnutls-cli', role: 'server', version }, 'shows Ed25519', async () => {
      const server = await acceptOne({ cert: ed25519.cert, key: ed25519.key })
      const { peer, said } = await startGnutlsClient(server.port, version)
      await agreed(await server.connection)
      await peer.end()
      expect(said()).toMatch(/certificate is trusted/)
    })
  }

  for (const [level, pair] of mlDsas) {
    const version = 'TLSv1.3'
    proves('certificate-types', {
      peer: 'OpenSSL 4.0 s_server', role: 'client', version,
    }, `verifies ML-DSA-${level}, and shows such a one`, async () => {
      const { peer, port } = await startOpenssl4Server(
        pair, version, ['-Verify', '1', '-verify_return_error', '-CAfile', authority.ca.certFile],
      )
      const info = await agreed(await connectTo(port, { cert: pair.cert, key: pair.key }))
      expect(info.peerCertificate).toMatchObject({ keyType: `ML-DSA-${level}`, signatureAlgorithm: 'ecdsa-with-SHA256' })
      expect(info.verifyResult).toBe('X509_V_OK')
      await peer.printed(new RegExp(`[Pp]eer signature type: mldsa${level}`))
    })

    proves('certificate-types', {
      peer: 'OpenSSL 4.0 s_client', role: 'server', version,
    }, `shows ML-DSA-${level}, and verifies such a one`, async () => {
      const server = await acceptOne({ cert: pair.cert, key: pair.key, ca: authority.ca.cert })
      const peer = await startOpenssl4Client(server.port, version, ['-cert', pair.certFile, '-key', pair.keyFile])
      const info = await agreed(await server.connection)
      expect(info.peerCertificate).toMatchObject({ keyType: `ML-DSA-${level}` })
      await peer.printed(new RegExp(`Peer signature type: mldsa${level}`))
    })
  }
})

describe('several certificates at one server', { timeout: 20_000 }, () => {
  const { cert, key } = identities.EC
  const others: readonly Identity[] = [{ cert: identities.RSA.cert, key: identities.RSA.key }, { cert: ed25519.cert, key: ed25519.key }]
  // The algorithms of a client, TLS 1.2's suites that go with them, and what it is then shown.
  const clients = [
    ['ecdsa_secp256r1_sha256', 'ECDHE+ECDSA', 'ECDSA', cert],
    ['rsa_pss_rsae_sha256', 'ECDHE+aRSA', 'RSA-PSS', identities.RSA.cert],
    ['ed25519', 'ECDHE+ECDSA', '[Ee]d25519', ed25519.cert],
  ] as const

  for (const version of versions) {
    proves('two-certificates', {
      peer: 'openssl s_client', role: 'server', version,
    }, 'shows each client one that it can verify', async () => {
      for (const [sigalgs, ciphers, said] of clients) {
        const server = await acceptOne({ cert, key, identities: others })
        const peer = await startOpensslClient(
          server.port, version, ['-sigalgs', sigalgs, ...(version === 'TLSv1.2' ? ['-cipher', ciphers] : [])],
        )
        await agreed(await server.connection)
        await peer.printed(new RegExp(`^Peer signature type: ${said}$`, 'm'))
        await peer.printed(/Verification: OK/)
      }
    })

    proves('two-certificates', { peer: 'node:tls', role: 'server', version }, 'shows each client one that it can verify', async () => {
      for (const [sigalgs, ciphers, , expected] of clients) {
        const server = await acceptOne({ identities: others })
        const socket = await nodeClient(
          server.port, { minVersion: version, maxVersion: version, sigalgs, ...(version === 'TLSv1.2' && { ciphers }) },
        )
        expect(socket.authorized).toBe(true)
        expect(socket.getPeerCertificate().fingerprint256).toBe(new X509Certificate(expected).fingerprint256)
        await agreed(await server.connection)
      }
    })

    proves('two-certificates', {
      peer: 'nginx', role: 'client', version,
    }, 'is shown the one that its signature algorithms ask for', async () => {
      const { port } = await startNginx(
        identities.EC, version, [`ssl_certificate ${identities.RSA.certFile};`, `ssl_certificate_key ${identities.RSA.keyFile};`],
      )
      const ask = async (signatureAlgorithms: string, ciphers: string) => (await agreed(await connectTo(port, {
        signatureAlgorithms, ...(version === 'TLSv1.2' && { ciphers }),
      }))).peerCertificate?.keyType
      expect(await ask('ecdsa_secp256r1_sha256', 'ECDHE+AESGCM')).toBe('EC')
      expect(await ask('rsa_pss_rsae_sha256:ecdsa_secp384r1_sha384', 'ECDHE+aRSA+AESGCM')).toBe('RSA')
    })
  }
})

describe('keys', { timeout: 20_000 }, () => {
  const p12 = file('client.p12')
  openssl(
    'pkcs12', '-export', '-in', client.certFile, '-inkey', client.keyFile, '-certfile', authority.ca.certFile, '-out', p12, '-passout',
    'pass:open sesame',
  )
  const modern = file('server.p12')
  openssl4(
    'pkcs12', '-export', '-in', identities.RSA.certFile, '-inkey', identities.RSA.keyFile, '-out', modern, '-passout', 'pass:open sesame',
  )
  const passphrase = 'open sesame'

  for (const version of versions) {
    proves('keys', { peer: 'openssl s_server', role: 'client', version }, 'shows what was in a PKCS#12 file', async () => {
      const { port } = await startOpensslServer(
        identities.EC, version, ['-www', '-Verify', '1', '-verify_return_error', '-CAfile', authority.ca.certFile],
      )
      const connection = await connectTo(port, { pfx: readFileSync(p12), passphrase })
      expect((await fetchPage(connection)).toString()).toMatch(/Subject: CN ?= ?client/)
      await connection.close()
    })

    proves('keys', { peer: 'openssl s_client', role: 'server', version }, 'shows what was in a PKCS#12 file of OpenSSL 4.0', async () => {
      const server = await acceptOne({ cert: undefined, key: undefined, pfx: readFileSync(modern), passphrase } as object)
      const peer = await startOpensslClient(server.port, version)
      await agreed(await server.connection)
      await peer.printed(/Verification: OK/)
    })

    const formats: Readonly<Record<string, () => string>> = {
      'PKCS#8, encrypted': () =>
        openssl('pkcs8', '-topk8', '-in', identities.RSA.keyFile, '-v2', 'aes-256-cbc', '-passout', `pass:${passphrase}`),
      'PKCS#1, encrypted': () => openssl('rsa', '-in', identities.RSA.keyFile, '-traditional', '-aes256', '-passout', `pass:${passphrase}`),
      'PKCS#1': () => openssl('rsa', '-in', identities.RSA.keyFile, '-traditional'),
    }
    for (const [format, key] of Object.entries(formats)) {
      proves('keys', { peer: 'gnutls-cli', role: 'server', version }, `reads ${format}`, async () => {
        const server = await acceptOne({ cert: identities.RSA.cert, key: key(), passphrase })
        const { peer, said } = await startGnutlsClient(server.port, version)
        await agreed(await server.connection)
        await peer.end()
        expect(said()).toMatch(/certificate is trusted/)
      })
    }
  }
})

describe("the peer's chain", { timeout: 20_000 }, () => {
  for (const version of versions) {
    proves('peer-chain', { peer: 'openssl s_server', role: 'client', version }, 'says what Node says of each certificate', async () => {
      const { port } = await startOpensslServer(identities.RSA, version, ['-www', '-cert_chain', authority.ca.certFile])
      const { peerCertificate, peerCertificateChain } = await agreed(await connectTo(port))
      expect(peerCertificateChain).toHaveLength(2)
      expect(peerCertificateChain[0]).toBe(peerCertificate)
      for (const [index, pem] of [identities.RSA.cert, authority.ca.cert].entries()) {
        const [ours, theirs] = [peerCertificateChain[index]!, new X509Certificate(pem)]
        expect(ours.toPem()).toBe(theirs.toString())
        expect(Buffer.from(ours.raw).equals(theirs.raw)).toBe(true)
        expect(ours).toMatchObject({
          serialNumber: theirs.serialNumber, fingerprint256: theirs.fingerprint256, isCa: theirs.ca,
          subjectAltName: theirs.subjectAltName ?? '',
        })
        expect(ours.validFrom).toEqual(new Date(theirs.validFrom))
        expect(ours.validTo).toEqual(new Date(theirs.validTo))
        expect(ours.subjectAttributes.map(({ type, value }) => `${type}=${value}`).join('\n')).toBe(theirs.subject)
        expect(ours.issuerAttributes.map(({ type, value }) => `${type}=${value}`).join('\n')).toBe(theirs.issuer)
        expect(Buffer.from(ours.publicKey).equals(theirs.publicKey.export({ type: 'spki', format: 'der' }))).toBe(true)
      }
    })

    proves('peer-chain', { peer: 'node:tls', role: 'server', version }, 'reports the chain of a client', async () => {
      const server = await acceptOne({ ca: authority.ca.cert })
      await nodeClient(server.port, { minVersion: version, maxVersion: version, cert: client.cert + authority.ca.cert, key: client.key })
      const { peerCertificateChain } = await agreed(await server.connection)
      expect(peerCertificateChain.map(({ subject }) => subject)).toEqual(['CN=client', 'CN=libssl-wasm test CA,O=libssl-wasm'])
      expect(peerCertificateChain[0]!.names).toEqual({ dns: ['client.example'], ip: [], email: [], uri: [] })
    })
  }
})
