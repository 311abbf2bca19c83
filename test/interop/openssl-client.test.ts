// accept() of `openssl s_client` over TCP.

import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { CertificateError, PeerError } from '../../src/index.js'
import { authority, temporaryAuthority } from '../helpers/certificates.js'
import { proves } from '../helpers/features.js'
import { randomBlocks, readAll, readUntil, send } from './peers/bytes.js'
import { client, identities, matrix, versions } from './peers/matrix.js'
import { startOpensslClient } from './peers/openssl.js'
import { acceptOne } from './peers/tcp.js'

const stranger = temporaryAuthority('a stranger')

describe('accept() with openssl s_client', { timeout: 20_000 }, () => {
  for (const { version, keyType } of matrix) {
    proves('openssl', {
      peer: 'openssl s_client', role: 'server', version,
    }, `takes and sends random data with an ${keyType} key, and closes cleanly`, async () => {
      const { cert, key } = identities[keyType]
      const server = await acceptOne({ cert, key })
      // -quiet: its standard output is the data alone, and no byte of its input is a command.
      const peer = await startOpensslClient(server.port, version, ['-quiet'])
      const connection = await server.connection
      const info = await connection.opened
      expect(info).toMatchObject({
        protocol: version, servername: 'localhost', alpnProtocol: undefined, peerCertificate: undefined, verifyResult: 'X509_V_OK',
      })
      expect(info.cipher).toMatch(/CHACHA20_POLY1305/)

      const there = randomBytes(300_001)
      peer.stdin.write(there)
      expect((await readUntil(connection.readable, (bytes) => bytes.byteLength >= there.byteLength)).equals(there)).toBe(true)
      const back = randomBlocks(20)
      await send(connection.writable, ...back)
      await connection.close()
      expect(await peer.end()).toBe(0)
      expect(peer.stdout.equals(Buffer.concat(back))).toBe(true)
    })
  }

  for (const version of versions) {
    it(`sees s_client close at the end of its input under ${version}`, async () => {
      const server = await acceptOne()
      const peer = await startOpensslClient(server.port, version, ['-quiet', '-no_ign_eof', '-nocommands'])
      const connection = await server.connection
      await connection.opened
      peer.stdin.end('its last line\n')
      expect((await readAll(connection.readable)).toString()).toBe('its last line\n')
      await connection.close()
      await connection.closed
      expect(await peer.end()).toBe(0)
    })

    it(`selects by its own order from -alpn under ${version}`, async () => {
      const server = await acceptOne({ alpnProtocols: ['two', 'one'] })
      const peer = await startOpensslClient(server.port, version, ['-alpn', 'one,two'])
      const connection = await server.connection
      expect((await connection.opened).alpnProtocol).toBe('two')
      await peer.printed(/^ALPN protocol: two$/m)
      await connection.close()
    })

    it(`is told by the alert unknown_ca that s_client trusts another CA under ${version}`, async () => {
      const server = await acceptOne()
      const peer = await startOpensslClient(server.port, version, ['-CAfile', stranger.ca.certFile])
      const connection = await server.connection
      const error: unknown = await connection.opened.catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(PeerError)
      expect((error as PeerError).alert).toEqual({ from: 'peer', level: 'fatal', description: 48 })
      await expect(connection.closed).rejects.toBe(error)
      expect(await peer.end()).not.toBe(0)
      expect(peer.log).toMatch(/verify error/)
    })

    it(`reads the certificate of -cert and -key under ${version}`, async () => {
      const server = await acceptOne({ ca: authority.ca.cert })
      const peer = await startOpensslClient(server.port, version, ['-quiet', '-cert', client.certFile, '-key', client.keyFile])
      const connection = await server.connection
      const info = await connection.opened
      expect(info.peerCertificate).toMatchObject({ subject: 'CN=client', subjectAltName: 'DNS:client.example' })
      expect(info.verifyResult).toBe('X509_V_OK')
      await send(connection.writable, 'welcome, client\n')
      await connection.close()
      await peer.end()
      expect(peer.stdout.toString()).toBe('welcome, client\n')
    })

    it(`refuses an s_client without certificate under ${version}, which gets the alert`, async () => {
      const server = await acceptOne({ ca: authority.ca.cert })
      const peer = await startOpensslClient(server.port, version)
      const error: unknown = await (await server.connection).opened.catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE', alert: { from: 'us', level: 'fatal' } })
      await peer.printed(version === 'TLSv1.3' ? /alert certificate required/ : /alert handshake failure/)
    })

    it(`refuses an s_client with a certificate of another CA under ${version}, which gets the alert`, async () => {
      const server = await acceptOne({ ca: authority.ca.cert })
      const other = stranger.leaf({ name: 'client' })
      const peer = await startOpensslClient(server.port, version, ['-cert', other.certFile, '-key', other.keyFile])
      const error: unknown = await (await server.connection).opened.catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(CertificateError)
      expect(error).toMatchObject({ depth: 0, certificate: { subject: 'CN=client' }, alert: { from: 'us', description: 48 } })
      await peer.printed(/alert unknown ca/)
    })
  }

  it('takes the one suite of -cipher under TLSv1.2, and the one group of -groups', async () => {
    const { cert, key } = identities.RSA
    const server = await acceptOne({ cert, key })
    await startOpensslClient(server.port, 'TLSv1.2', ['-cipher', 'ECDHE-RSA-AES256-GCM-SHA384', '-groups', 'P-384'])
    expect(await (await server.connection).opened).toMatchObject({ cipher: 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', group: 'secp384r1' })
  })

  it('sends a HelloRetryRequest to a client whose key share is for another group', async () => {
    const server = await acceptOne({ groups: 'P-384' })
    const peer = await startOpensslClient(server.port, 'TLSv1.3', ['-groups', 'X25519:P-384', '-msg'])
    expect((await (await server.connection).opened).group).toBe('secp384r1')
    await peer.printed(/>>> TLS 1\.3, Handshake \[length \w+\], Finished/)
    expect(peer.log.match(/>>> TLS 1\.3, Handshake \[length \w+\], ClientHello/g)).toHaveLength(2)
  })

  it('refuses a client that has TLSv1.2 alone when minVersion is above it, with the alert protocol_version', async () => {
    const server = await acceptOne({ minVersion: 'TLSv1.3' })
    const peer = await startOpensslClient(server.port, 'TLSv1.2')
    const error: unknown = await (await server.connection).opened.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(PeerError)
    expect((error as PeerError).alert).toEqual({ from: 'us', level: 'fatal', description: 70 })
    await peer.printed(/alert protocol version/)
  })
})
