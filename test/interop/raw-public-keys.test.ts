// Raw public keys (RFC 7250), with peers that know them: OpenSSL's of this release, and GnuTLS.

import { createPublicKey } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CertificateError, connect, PeerError, type AcceptOptions, type ConnectOptions, type TlsConnection } from '../../src/index.js'
import { authority, file, RSA } from '../helpers/certificates.js'
import { proves } from '../helpers/features.js'
import { closeBoth, opened, rejection } from '../helpers/stream-peers.js'
import { readAll } from './peers/bytes.js'
import { identities, versions } from './peers/matrix.js'
import { Namespace } from './peers/namespace.js'
import { startOpenssl4Client, startOpenssl4Server } from './peers/openssl4.js'
import { Peer } from './peers/process.js'
import { acceptOne, dial, HOST } from './peers/tcp.js'

const der = (pem: string) => new Uint8Array(createPublicKey(pem).export({ type: 'spki', format: 'der' }))
const pem = (cert: string) => createPublicKey(cert).export({ type: 'spki', format: 'pem' }) as string
const { EC, RSA: rsa } = identities
const own = authority.leaf({ newkey: RSA })
const stranger = authority.leaf()

function publicFile(cert: string, name: string): string {
  writeFileSync(file(name), pem(cert))
  return file(name)
}

async function agreed(connection: TlsConnection) {
  const info = await connection.opened
  await connection.close()
  return info
}

const connectTo = async (port: number, options: ConnectOptions) => connect(await dial(port), options)

describe('a client and raw public keys', { timeout: 20_000 }, () => {
  let namespace: Namespace
  beforeAll(async () => { namespace = await Namespace.open() })
  afterAll(() => namespace?.close())

  for (const version of versions) {
    const peer = 'OpenSSL 4.0 s_server'
    proves('raw-public-keys', { peer, role: 'client', version }, 'takes the key that it knows, among several, and reports it', async () => {
      for (const identity of [EC, rsa]) {
        const { port } = await startOpenssl4Server(identity, version, ['-www', '-enable_server_rpk'])
        const info = await agreed(await connectTo(port, { acceptedRawPublicKeys: [pem(stranger.cert), der(identity.cert)] }))
        expect(info).toMatchObject({ protocol: version, verifyResult: 'X509_V_OK', peerCertificate: undefined, peerCertificateChain: [] })
        expect(info.peerRawPublicKey).toEqual(der(identity.cert))
      }
    })

    proves('raw-public-keys', { peer, role: 'client', version }, 'refuses a key that it does not know', async () => {
      const { peer: server, port } = await startOpenssl4Server(EC, version, ['-enable_server_rpk'])
      for (const name of [{}, { servername: 'localhost', ca: authority.ca.cert }]) {
        const error = await rejection((await connectTo(port, { acceptedRawPublicKeys: pem(stranger.cert), ...name })).opened)
        expect(error).toBeInstanceOf(CertificateError)
        expect(error).toMatchObject({ code: 'RPK_UNTRUSTED', certificate: undefined, alert: { from: 'us', level: 'fatal' } })
      }
      await server.printed(/alert/)
    })

    proves('raw-public-keys', {
      peer, role: 'client', version,
    }, 'takes no certificate in the place of the key unless it was given a name', async () => {
      const { port } = await startOpenssl4Server(EC, version)
      const keys = { acceptedRawPublicKeys: pem(EC.cert) } // of the very key that the certificate is for
      expect(await rejection((await connectTo(port, keys)).opened)).toBeInstanceOf(CertificateError)
      const named = { ...keys, servername: 'localhost', ca: authority.ca.cert }
      expect(await agreed(await connectTo(port, named)))
        .toMatchObject({ verifyResult: 'X509_V_OK', peerRawPublicKey: undefined, peerCertificate: { subject: 'CN=localhost' } })
      expect(await rejection((await connectTo(port, { ...named, servername: 'elsewhere.example' })).opened))
        .toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    })

    proves('raw-public-keys', { peer, role: 'client', version }, 'shows its own, which needs no certificate', async () => {
      const args = [
        '-enable_server_rpk', '-enable_client_rpk', '-Verify', '1', '-verify_return_error', '-expected-rpks',
        publicFile(own.cert, 'own.pub'),
      ]
      const { port } = await startOpenssl4Server(EC, version, ['-www', ...args])
      const base = { acceptedRawPublicKeys: pem(EC.cert), rawPublicKey: true }
      const good = await connectTo(port, { ...base, key: own.key })
      await good.opened
      const writer = good.writable.getWriter()
      await writer.write(new TextEncoder().encode('GET / HTTP/1.0\r\n\r\n'))
      expect((await readAll(good.readable)).toString()).toMatch(/200 ok/)
      await good.close()
      const bad = await connectTo(port, { ...base, key: stranger.key })
      expect(await rejection(bad.opened.then(() => readAll(bad.readable)))).toBeInstanceOf(PeerError)
    })

    proves('raw-public-keys', { peer: 'gnutls-serv', role: 'client', version }, 'takes the key that it knows', async () => {
      const server = await namespace.start('gnutls-serv', ['--port', '4433', '--echo', '--disable-client-cert',
        '--priority', `NORMAL:-VERS-ALL:+VERS-TLS${version.slice(-3)}:+CTYPE-SRV-RAWPK`, '--rawpkkeyfile', EC.keyFile, '--rawpkfile',
        publicFile(EC.cert, 'server.pub')])
      await server.printed(/listening on IPv4 .*done/)
      const info = await agreed(connect(await namespace.dial(4433), { acceptedRawPublicKeys: pem(EC.cert) }))
      expect(info.peerRawPublicKey).toEqual(der(EC.cert))
    })
  }
})

describe('a server and raw public keys', { timeout: 20_000 }, () => {
  for (const version of versions) {
    const peer = 'OpenSSL 4.0 s_client'
    const rpkClient = (port: number, ...args: readonly string[]) => startOpenssl4Client(port, version, ['-enable_server_rpk', ...args])
    const bare = { cert: undefined, key: own.key, rawPublicKey: true } as object

    proves('raw-public-keys', { peer, role: 'server', version }, 'shows its own, which needs no certificate', async () => {
      const server = await acceptOne(bare)
      const client = await rpkClient(server.port, '-expected-rpks', publicFile(own.cert, 'own.pub'))
      expect(await agreed(await server.connection)).toMatchObject({ protocol: version })
      await client.printed(/Verification: OK/)
      const strict = await acceptOne(bare)
      await rpkClient(strict.port, '-expected-rpks', publicFile(stranger.cert, 'stranger.pub'))
      expect(await rejection(strict.connection.then((connection) => connection.opened.then(() => readAll(connection.readable)))))
        .toBeInstanceOf(PeerError)
    })

    proves('raw-public-keys', { peer, role: 'server', version }, 'shows its certificate to a client that knows no raw keys', async () => {
      const server = await acceptOne({ rawPublicKey: true })
      const client = await startOpenssl4Client(server.port, version)
      await agreed(await server.connection)
      await client.printed(/Verification: OK/)
    })

    proves('raw-public-keys', {
      peer, role: 'server', version,
    }, 'takes clients whose key it knows, and refuses others and those that have none', async () => {
      const options = { acceptedRawPublicKeys: [pem(stranger.cert), pem(own.cert)] }
      const server = await acceptOne(options)
      await startOpenssl4Client(server.port, version, ['-enable_client_rpk', '-cert', own.certFile, '-key', own.keyFile])
      const info = await agreed(await server.connection)
      expect(info).toMatchObject({ verifyResult: 'X509_V_OK', peerCertificate: undefined })
      expect(info.peerRawPublicKey).toEqual(der(own.cert))
      const wrong: readonly (readonly [args: readonly string[], type: new (...args: any[]) => Error])[] = [
        [['-enable_client_rpk', '-cert', rsa.certFile, '-key', rsa.keyFile], CertificateError],
        [['-enable_client_rpk'], PeerError],
        [['-cert', own.certFile, '-key', own.keyFile], CertificateError], // a certificate, for the very key
      ]
      for (const [args, type] of wrong) {
        const strict = await acceptOne(options)
        await startOpenssl4Client(strict.port, version, args)
        expect(await rejection((await strict.connection).opened)).toBeInstanceOf(type)
      }
    })

    proves('raw-public-keys', { peer, role: 'server', version }, 'takes certificates too if it has anchors for them', async () => {
      const server = await acceptOne({ acceptedRawPublicKeys: pem(own.cert), ca: authority.ca.cert })
      await startOpenssl4Client(server.port, version, ['-cert', rsa.certFile, '-key', rsa.keyFile])
      expect(await agreed(await server.connection))
        .toMatchObject({ peerRawPublicKey: undefined, peerCertificate: { subject: 'CN=localhost' } })
    })

    proves('raw-public-keys', { peer: 'gnutls-cli', role: 'server', version }, 'shows its own', async () => {
      const server = await acceptOne(bare)
      const client = await Peer.start('gnutls-cli',
        ['--port', String(server.port), '--priority', `NORMAL:-VERS-ALL:+VERS-TLS${version.slice(-3)}:+CTYPE-SRV-RAWPK`,
        '--no-ca-verification', '--rawpkkeyfile', EC.keyFile, '--rawpkfile', publicFile(EC.cert, 'client.pub'), HOST])
      expect(await agreed(await server.connection)).toMatchObject({ protocol: version })
      await client.printed(/Raw Public Key/i)
    })
  }
})

describe.each(versions)('raw public keys on both sides, %s', (version) => {
  it('know each other without a single certificate', async () => {
    const both = await opened({
      version,
      client: { servername: undefined, ca: undefined, key: own.key, rawPublicKey: true,
      acceptedRawPublicKeys: der(EC.cert) } as object as Partial<ConnectOptions>,
      server: {
        cert: undefined, key: EC.key, rawPublicKey: true, acceptedRawPublicKeys: der(own.cert),
      } as object as Partial<AcceptOptions>,
    })
    expect((await both.client.opened).peerRawPublicKey).toEqual(der(EC.cert))
    expect((await both.server.opened).peerRawPublicKey).toEqual(der(own.cert))
    await closeBoth(both)
  })
})
