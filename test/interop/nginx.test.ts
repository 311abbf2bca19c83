// connect() to nginx over TCP.

import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { TlsConnection } from '../../src/index.js'
import { authority, temporaryAuthority } from '../helpers/certificates.js'
import { bodyOf, fetchPage, readAll, readUntil, send, sha256 } from './peers/bytes.js'
import { chachaSuite, client, identities, matrix, versions } from './peers/matrix.js'
import { startNginx } from './peers/nginx.js'
import { connectTo } from './peers/tcp.js'

const stranger = temporaryAuthority('a stranger')

/** What nginx says that it knows of the connection; see peers/nginx.ts. */
async function told(connection: TlsConnection) {
  const [protocol, cipher, curve, servername, alpn, verified, subject] = bodyOf(await fetchPage(connection, '/told')).toString().split('|')
  return { protocol, cipher, curve, servername, alpn, verified, subject }
}

describe('connect() with nginx', { timeout: 20_000 }, () => {
  for (const { version, keyType } of matrix) {
    it(`agrees with it on what was negotiated under ${version} with an ${keyType} key`, async () => {
      const { port } = await startNginx(identities[keyType], version)
      const connection = await connectTo(port, { alpnProtocols: ['h2', 'http/1.1'] })
      const info = await connection.opened
      expect(info).toMatchObject({ protocol: version, alpnProtocol: 'http/1.1', verifyResult: 'X509_V_OK', servername: 'localhost' })
      expect(info.peerCertificate?.subject).toBe('CN=localhost')
      expect(info.cipher).toBe(chachaSuite(version, keyType))
      const view = await told(connection)
      expect(view.curve?.toLowerCase()).toBe(info.group?.toLowerCase())
      expect(view).toMatchObject({
        protocol: version, servername: 'localhost', alpn: 'http/1.1', verified: 'NONE', subject: '',
        cipher: version === 'TLSv1.3' ? info.cipher : `ECDHE-${keyType === 'EC' ? 'ECDSA' : 'RSA'}-CHACHA20-POLY1305`,
      })
      await connection.close()
      await connection.closed
    })

    it(`gets a file of 3 MiB and puts one under ${version} with an ${keyType} key, upon one connection`, async () => {
      const { port, root } = await startNginx(identities[keyType], version)
      const [there, back] = [randomBytes(3 << 20), new Uint8Array(randomBytes(3 << 20))]
      writeFileSync(join(root, 'back'), there)
      const connection = await connectTo(port)
      await send(connection.writable, `PUT /put/there HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${back.byteLength}\r\n\r\n`, back)
      const created = await readUntil(connection.readable, (bytes) => bytes.includes('\r\n\r\n'))
      expect(created.toString()).toMatch(/^HTTP\/1\.1 201 Created\r\n/)
      expect(sha256(readFileSync(join(root, 'put/there')))).toBe(sha256(back))
      // HTTP/1.0, so nginx closes after it.
      expect(sha256(bodyOf(await fetchPage(connection, '/back')))).toBe(sha256(there))
      await connection.close()
      await connection.closed
    })
  }

  for (const version of versions) {
    const verify = [`ssl_client_certificate ${authority.ca.certFile};`, 'ssl_verify_client on;']

    it(`shows its client certificate to ssl_verify_client under ${version}`, async () => {
      const { port } = await startNginx(identities.EC, version, verify)
      const connection = await connectTo(port, { cert: client.cert, key: client.key })
      expect(await told(connection)).toMatchObject({ protocol: version, verified: 'SUCCESS', subject: 'CN=client' })
      await connection.close()
    })

    it(`is answered 400 by ssl_verify_client without a certificate, and with one of another CA, under ${version}`, async () => {
      const { port } = await startNginx(identities.EC, version, verify)
      expect((await fetchPage(await connectTo(port))).toString()).toMatch(/400 Bad Request[^]*No required SSL certificate was sent/)
      const { cert, key } = stranger.leaf({ name: 'client' })
      expect((await fetchPage(await connectTo(port, { cert, key }))).toString()).toMatch(/400 Bad Request[^]*The SSL certificate error/)
    })

    it(`has ten requests answered upon one connection under ${version}`, async () => {
      const { port } = await startNginx(identities.EC, version)
      const connection = await connectTo(port)
      const request = 'GET /told HTTP/1.1\r\nHost: localhost\r\n\r\n'
      await send(connection.writable, request.repeat(10), 'GET /told HTTP/1.0\r\n\r\n')
      expect((await readAll(connection.readable)).toString().match(/HTTP\/1\.1 200 OK/g)).toHaveLength(11)
      await connection.close()
    })
  }

  it('takes the group that ssl_ecdh_curve leaves, after a HelloRetryRequest', async () => {
    const { port } = await startNginx(identities.EC, 'TLSv1.3', ['ssl_ecdh_curve secp384r1;'])
    const connection = await connectTo(port)
    expect((await connection.opened).group).toBe('secp384r1')
    expect((await told(connection)).curve).toBe('secp384r1')
    await connection.close()
  })
})
