// connect() to `openssl s_server` over TCP.

import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { CertificateError, PeerError, TruncationError } from '../../src/index.js'
import { authority, temporaryAuthority } from '../helpers/certificates.js'
import { proves } from '../helpers/features.js'
import { bodyOf, fetchPage, readAll, readUntil, send } from './peers/bytes.js'
import { chachaSuite, client, identities, matrix, only, versions } from './peers/matrix.js'
import { startOpensslServer } from './peers/openssl.js'
import { connectTo } from './peers/tcp.js'

const stranger = temporaryAuthority('a stranger')

describe('connect() with openssl s_server', { timeout: 20_000 }, () => {
  for (const { version, keyType } of matrix) {
    it(`fetches its page under ${version} with an ${keyType} key, and both close cleanly`, async () => {
      const { port } = await startOpensslServer(identities[keyType], version)
      const connection = await connectTo(port)
      const info = await connection.opened
      expect(info.protocol).toBe(version)
      expect(info.group).toMatch(/^x25519/i) // with ML-KEM if this openssl has it
      expect(info.verifyResult).toBe('X509_V_OK')
      expect(info.peerCertificate?.subject).toBe('CN=localhost')
      expect(info.peerCertificate?.issuer).toBe('CN=libssl-wasm test CA,O=libssl-wasm')
      const page = (await fetchPage(connection)).toString()
      expect(page).toMatch(/^HTTP\/1\.0 200 ok\r\n/)
      expect(page).toMatch(new RegExp(`Protocol *: ${version}`))
      expect(page).toContain('s_server')
      await connection.close()
      await connection.closed
    })

    proves('openssl', {
      peer: 'openssl s_server', role: 'client', version,
    }, `takes a file of a megabyte and sends one with an ${keyType} key`, async () => {
      const file = randomBytes(1_000_003)
      writeFileSync(`${authority.dir}/megabyte`, file)
      const { port } = await startOpensslServer(identities[keyType], version, ['-WWW', '-http_server_binmode'], { cwd: authority.dir })
      expect(bodyOf(await fetchPage(await connectTo(port), '/megabyte')).equals(file)).toBe(true)

      const sink = await startOpensslServer(identities[keyType], version, [])
      const connection = await connectTo(sink.port)
      // It prints what it gets after the session's description; text, so that the two can be told apart.
      const text = randomBytes(500_000).toString('hex')
      await send(connection.writable, `BEGIN${text}END\n`)
      const [, arrived] = await sink.peer.printed(/BEGIN([0-9a-f]*)END\n/)
      expect(arrived).toBe(text)
      sink.peer.stdin.write('an answer\n')
      await readUntil(connection.readable, (bytes) => bytes.toString() === 'an answer\n')
      await connection.close()
      await sink.peer.printed(/^DONE$/m) // not ERROR: it saw our close_notify
    })
  }

  for (const version of versions) {
    it(`reports as truncated what s_server cuts without close_notify under ${version}`, async () => {
      const { peer, port } = await startOpensslServer(identities.EC, version, [])
      const connection = await connectTo(port)
      await connection.opened
      peer.stdin.write('the last line\n')
      await readUntil(connection.readable, (bytes) => bytes.toString() === 'the last line\n')
      peer.stdin.write('Q\n') // its command to close the socket and end
      const error: unknown = await readAll(connection.readable).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(TruncationError)
      await expect(connection.closed).rejects.toBe(error)
    })

    it(`agrees with its -alpn under ${version}`, async () => {
      const { port } = await startOpensslServer(identities.EC, version, ['-www', '-alpn', 'smtp,http/1.1'])
      const connection = await connectTo(port, { alpnProtocols: ['h2', 'http/1.1'] })
      expect((await connection.opened).alpnProtocol).toBe('http/1.1')
      expect((await fetchPage(connection)).toString()).toContain('200 ok')
      await connection.close()
    })

    it(`shows its client certificate to -Verify under ${version}`, async () => {
      const { port } = await startOpensslServer(
        identities.EC, version, ['-www', '-Verify', '1', '-verify_return_error', '-CAfile', authority.ca.certFile],
      )
      const connection = await connectTo(port, { cert: client.cert, key: client.key })
      const page = (await fetchPage(connection)).toString()
      expect(page).toMatch(/Subject: CN ?= ?client/)
      expect(page).toContain('DNS:client.example')
      await connection.close()
    })

    it(`is told by an alert that -Verify wants a certificate under ${version}`, async () => {
      const { port } = await startOpensslServer(
        identities.EC, version, ['-www', '-Verify', '1', '-verify_return_error', '-CAfile', authority.ca.certFile],
      )
      const connection = await connectTo(port)
      // TLS 1.3: the client has finished before the server looks at its certificate (RFC 8446 §4.4.2.4).
      const error: unknown = await (version === 'TLSv1.3' ? readAll(connection.readable) : connection.opened)
        .catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(PeerError)
      expect((error as PeerError).alert).toEqual({ from: 'peer', level: 'fatal', description: version === 'TLSv1.3' ? 116 : 40 })
      await expect(connection.closed).rejects.toBe(error)
    })

    it(`is told by an alert that its certificate is refused, though it was uploading, under ${version}`, async () => {
      const { port } = await startOpensslServer(
        identities.EC, version, ['-www', '-Verify', '1', '-verify_return_error', '-CAfile', authority.ca.certFile],
      )
      const { cert, key } = stranger.leaf()
      const outcome = async () => {
        const connection = await connectTo(port, { cert, key })
        // s_server reads on and throws it away, 64 bytes at a time, until it has waited for half a second in all: let it wait.
        const upload = async () => {
          for (;; await sleep(10)) await send(connection.writable, new Uint8Array(1 << 14))
        }
        const error: unknown = await upload().catch((reason: unknown) => reason)
        return { connection, error }
      }
      // Node throws away what it has not read when a write meets the reset: a process that was not run in time does not hear the alert.
      const unheard = ({ error }: { error: unknown }) =>
        ['EPIPE', 'ECONNRESET'].includes(((error as Error).cause as { code?: string } | undefined)?.code ?? '')
      let told = await outcome()
      for (let tries = 1; unheard(told) && tries < 10; tries++) told = await outcome()
      const { connection, error } = told
      expect(error).toMatchObject({ name: 'PeerError', alert: { from: 'peer', level: 'fatal', description: 48 } }) // unknown_ca
      await expect(connection.closed).rejects.toBe(error)
    })

    it(`refuses a certificate of another CA under ${version}, and s_server gets the alert`, async () => {
      const { peer, port } = await startOpensslServer(stranger.leaf(), version)
      const error: unknown = await (await connectTo(port)).opened.catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(CertificateError)
      expect(error)
        .toMatchObject({ code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', depth: 0, alert: { from: 'us', level: 'fatal', description: 48 } })
      await peer.printed(/alert unknown ca/)
    })

    it(`refuses a certificate for another name under ${version}`, async () => {
      const { port } = await startOpensslServer(identities.EC, version)
      await expect((await connectTo(port, { servername: 'other.example' })).opened)
        .rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID', depth: 0 })
    })

    it(`is refused with handshake_failure by a server with no common group under ${version}`, async () => {
      const { port } = await startOpensslServer(identities.EC, version, ['-www', '-groups', 'secp521r1'])
      const error: unknown = await (await connectTo(port)).opened.catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(PeerError)
      expect((error as PeerError).alert).toEqual({ from: 'peer', level: 'fatal', description: 40 })
    })

    it(`fails with protocol_version against a server of the other version than ${version}`, async () => {
      const { port } = await startOpensslServer(identities.EC, version === 'TLSv1.2' ? 'TLSv1.3' : 'TLSv1.2')
      const error: unknown = await (await connectTo(port, only(version))).opened.catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(PeerError)
      expect((error as PeerError).alert?.description).toBe(70)
    })
  }

  it('takes the one suite that -cipher leaves under TLSv1.2', async () => {
    const { port } = await startOpensslServer(identities.RSA, 'TLSv1.2', ['-www', '-cipher', 'ECDHE-RSA-AES256-GCM-SHA384'])
    const connection = await connectTo(port)
    expect((await connection.opened).cipher).toBe('TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384')
    expect((await fetchPage(connection)).toString()).toContain('ECDHE-RSA-AES256-GCM-SHA384')
    await connection.close()
  })

  it('takes the one suite that -ciphersuites leaves under TLSv1.3', async () => {
    const { port } = await startOpensslServer(identities.RSA, 'TLSv1.3', ['-www', '-ciphersuites', 'TLS_AES_256_GCM_SHA384'])
    const connection = await connectTo(port)
    expect((await connection.opened).cipher).toBe('TLS_AES_256_GCM_SHA384')
    expect((await fetchPage(connection)).toString()).toContain('TLS_AES_256_GCM_SHA384')
    await connection.close()
  })

  for (const { version, keyType } of matrix) {
    it(`agrees on ChaCha20-Poly1305 with a server that lets the client choose under ${version} with an ${keyType} key`, async () => {
      const { port } = await startOpensslServer(identities[keyType], version)
      expect((await (await connectTo(port)).opened).cipher).toBe(chachaSuite(version, keyType))
    })
  }

  it('follows a HelloRetryRequest to the group that -groups leaves', async () => {
    const { peer, port } = await startOpensslServer(identities.EC, 'TLSv1.3', ['-www', '-groups', 'P-384', '-msg'])
    const connection = await connectTo(port)
    expect((await connection.opened).group).toBe('secp384r1')
    expect((await fetchPage(connection)).toString()).toMatch(/200 ok/)
    await connection.close()
    expect(peer.log.match(/<<< TLS 1\.3, Handshake \[length \w+\], ClientHello/g)).toHaveLength(2)
  })
})
