// Both ways with GnuTLS's command-line programs over TCP.

import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CertificateError, connect, PeerError, type ConnectOptions, type TlsConnection } from '../../src/index.js'
import { authority, temporaryAuthority } from '../helpers/certificates.js'
import { proves } from '../helpers/features.js'
import { fetchPage, readAll, readUntil, send } from './peers/bytes.js'
import { startGnutlsClient, startGnutlsServer } from './peers/gnutls.js'
import { client, identities, matrix, versions } from './peers/matrix.js'
import { Namespace } from './peers/namespace.js'
import { acceptOne } from './peers/tcp.js'

const stranger = temporaryAuthority('a stranger')

/** Lines of text, for programs that take NUL for an end. */
const lines = (bytes: number) => `${randomBytes(bytes).toString('base64').replace(/.{76}/g, '$&\n')}\n`

describe('connect() with gnutls-serv', { timeout: 20_000 }, () => {
  let namespace: Namespace
  beforeAll(async () => { namespace = await Namespace.open() })
  afterAll(() => namespace?.close())

  async function connectTo(
    server: Awaited<ReturnType<typeof startGnutlsServer>>, options: Partial<ConnectOptions> = {},
  ): Promise<TlsConnection> {
    return connect(await server.dial(), { servername: 'localhost', ca: authority.ca.cert, ...options })
  }

  for (const { version, keyType } of matrix) {
    it(`fetches its page under ${version} with an ${keyType} key`, async () => {
      const server = await startGnutlsServer(namespace, identities[keyType], version, ['--http', '--disable-client-cert'])
      const connection = await connectTo(server)
      const info = await connection.opened
      expect(info).toMatchObject({ protocol: version, verifyResult: 'X509_V_OK', group: expect.stringMatching(/^x25519/i) })
      expect(info.peerCertificate?.subject).toBe('CN=localhost')
      const page = (await fetchPage(connection)).toString()
      expect(page).toMatch(/^HTTP\/1\.0 200 OK\r\n/)
      expect(page).toMatch(new RegExp(`Protocol version:.*TLS${version.slice(-3)}`))
      await connection.close()
      await connection.closed
    })

    proves('gnutls', { peer: 'gnutls-serv', role: 'client', version }, `has its data echoed with an ${keyType} key`, async () => {
      const server = await startGnutlsServer(namespace, identities[keyType], version, ['--echo', '--disable-client-cert'])
      const connection = await connectTo(server)
      const text = lines(150_000)
      const echo = readUntil(connection.readable, (bytes) => bytes.byteLength >= text.length)
      await send(connection.writable, text)
      expect((await echo).toString() === text).toBe(true)
      await connection.close({ waitForPeerMs: 5_000 })
      await connection.closed
    })
  }

  for (const version of versions) {
    it(`agrees with its --alpn under ${version}`, async () => {
      const server = await startGnutlsServer(namespace, identities.EC, version, ['--echo', '--disable-client-cert', '--alpn', 'http/1.1'])
      const connection = await connectTo(server, { alpnProtocols: ['h2', 'http/1.1'] })
      expect((await connection.opened).alpnProtocol).toBe('http/1.1')
      await connection.close()
    })

    it(`shows its client certificate to --require-client-cert under ${version}`, async () => {
      const server = await startGnutlsServer(namespace, identities.EC, version,
        ['--echo', '--require-client-cert', '--verify-client-cert', '--x509cafile', authority.ca.certFile])
      const connection = await connectTo(server, { cert: client.cert, key: client.key })
      await send(connection.writable, 'hello\n')
      expect((await readUntil(connection.readable, ({ byteLength }) => byteLength >= 6)).toString()).toBe('hello\n')
      await connection.close()
      await server.peer.printed(/Subject: CN=client/)
    })

    it(`is told by an alert that --require-client-cert wants a certificate under ${version}`, async () => {
      const server = await startGnutlsServer(namespace, identities.EC, version,
        ['--echo', '--require-client-cert', '--x509cafile', authority.ca.certFile])
      const connection = await connectTo(server)
      // TLS 1.3: the client has finished before the server looks at its certificate.
      const error: unknown = await readAll(connection.readable).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(PeerError)
      expect((error as PeerError).alert).toMatchObject({ from: 'peer', level: 'fatal' })
    })

    it(`refuses a certificate of another CA under ${version}, and gnutls-serv gets the alert`, async () => {
      const server = await startGnutlsServer(namespace, stranger.leaf(), version, ['--echo', '--disable-client-cert'])
      const error: unknown = await (await connectTo(server)).opened.catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(CertificateError)
      expect(error).toMatchObject({ depth: 0, alert: { from: 'us', level: 'fatal', description: 48 } })
      // Under TLS 1.3 OpenSSL sends it in the clear, before the client has sent anything encrypted; GnuTLS wants it encrypted.
      await server.peer.printed(version === 'TLSv1.2' ? /fatal alert has been received/ : /Error in handshake/)
    })
  }
})

describe('accept() with gnutls-cli', { timeout: 20_000 }, () => {
  for (const { version, keyType } of matrix) {
    proves('gnutls', {
      peer: 'gnutls-cli', role: 'server', version,
    }, `takes and sends text with an ${keyType} key, and sees it close`, async () => {
      const { cert, key } = identities[keyType]
      const server = await acceptOne({ cert, key })
      const { peer, said } = await startGnutlsClient(server.port, version)
      const connection = await server.connection
      expect(await connection.opened).toMatchObject({ protocol: version, servername: 'localhost', peerCertificate: undefined })
      const back = lines(150_000)
      await send(connection.writable, back)
      expect((await peer.wrote(back.length)).toString() === back).toBe(true)
      const there = lines(150_000)
      peer.stdin.end(there)
      expect((await readAll(connection.readable)).toString() === there).toBe(true)
      await connection.close()
      await connection.closed
      expect(await peer.end()).toBe(0)
      expect(said()).toMatch(/The certificate is trusted/)
      expect(said()).toMatch(/CHACHA20-POLY1305/)
    })
  }

  for (const version of versions) {
    it(`closes, and gnutls-cli sees a clean end under ${version}`, async () => {
      const server = await acceptOne()
      const { peer, said } = await startGnutlsClient(server.port, version)
      const connection = await server.connection
      await send(connection.writable, 'good bye\n')
      await connection.close()
      expect(await peer.end()).toBe(0)
      expect(peer.stdout.toString()).toBe('good bye\n')
      expect(said()).toMatch(/Peer has closed the GnuTLS connection/)
    })

    it(`selects from --alpn, and reads the certificate of --x509certfile under ${version}`, async () => {
      const server = await acceptOne({ ca: authority.ca.cert, alpnProtocols: ['two', 'one'] })
      const { peer, said } = await startGnutlsClient(server.port, version,
        ['--alpn', 'one', '--alpn', 'two', '--x509certfile', client.certFile, '--x509keyfile', client.keyFile])
      const connection = await server.connection
      const info = await connection.opened
      expect(info.alpnProtocol).toBe('two')
      expect(info.peerCertificate?.subject).toBe('CN=client')
      await connection.close()
      expect(await peer.end()).toBe(0)
      expect(said()).toMatch(/Application protocol: two/)
    })

    it(`is told by an alert that gnutls-cli trusts another CA under ${version}`, async () => {
      const server = await acceptOne()
      const { peer } = await startGnutlsClient(server.port, version, ['--x509cafile', stranger.ca.certFile])
      const error: unknown = await (await server.connection).opened.catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(PeerError)
      expect((error as PeerError).alert).toMatchObject({ from: 'peer', level: 'fatal' })
      expect(await peer.end()).not.toBe(0)
    })
  }
})
