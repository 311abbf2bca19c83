// accept() of a client of node:tls over TCP.

import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect as tlsConnect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { onTestFinished, describe, expect, it } from 'vitest'
import { TransportError, TruncationError, type AcceptOptions, type ProtocolVersion, type TlsConnection } from '../../src/index.js'
import { authority, temporaryAuthority } from '../helpers/certificates.js'
import { collect, randomBlocks, readAll, readUntil, send, sha256 } from './peers/bytes.js'
import { client, identities, matrix, only, versions } from './peers/matrix.js'
import { acceptOne, dial } from './peers/tcp.js'

const stranger = temporaryAuthority('a stranger')

interface Accepted {
  readonly connection: TlsConnection
  readonly tls: TLSSocket
  readonly raw: Socket
  /** What is beneath our side. */
  readonly socket: Socket
}

/** A connected pair: node:tls to ours. */
async function pair(
  version: ProtocolVersion, options: Partial<AcceptOptions> = {},
  { allowHalfOpen = false, ...clientOptions }: ConnectionOptions & { allowHalfOpen?: boolean } = {},
): Promise<Accepted> {
  const server = await acceptOne(options)
  const raw = await dial(server.port, { allowHalfOpen })
  const tls = tlsConnect({ socket: raw, servername: 'localhost', ca: authority.ca.cert, ...only(version), ...clientOptions })
  onTestFinished(() => void tls.destroy())
  tls.on('error', () => {}) // each test looks at the error that it wants
  return { connection: await server.connection, socket: await server.socket, tls, raw }
}

describe('accept() with a node:tls client', { timeout: 20_000 }, () => {
  for (const { version, keyType } of matrix) {
    it(`echoes its data under ${version} with an ${keyType} key`, async () => {
      const { cert, key } = identities[keyType]
      const { connection, tls } = await pair(version, { cert, key })
      const echoed = connection.readable.pipeTo(connection.writable)
      await once(tls, 'secureConnect')
      expect(tls.authorized).toBe(true)
      expect(tls.getProtocol()).toBe(version)
      expect(tls.getPeerCertificate().subject.CN).toBe('localhost')
      const info = await connection.opened
      expect(info).toMatchObject({ protocol: version, servername: 'localhost', peerCertificate: undefined, verifyResult: 'X509_V_OK' })
      // Ours is the server, and the server's order decides.
      expect(info.cipher).toMatch(/CHACHA20_POLY1305_SHA256$/)
      const blocks = randomBlocks(60)
      const received = collect(tls)
      for (const block of blocks) tls.write(block)
      tls.end()
      expect(sha256(await received)).toBe(sha256(Buffer.concat(blocks)))
      await echoed
      await connection.closed
    })
  }

  for (const version of versions) {
    it(`agrees on an application protocol by its own order under ${version}`, async () => {
      const { connection, tls } = await pair(version, { alpnProtocols: ['http/1.1', 'h2'] }, { ALPNProtocols: ['h2', 'http/1.1'] })
      await once(tls, 'secureConnect')
      expect((await connection.opened).alpnProtocol).toBe('http/1.1')
      expect(tls.alpnProtocol).toBe('http/1.1')
    })

    it(`refuses a client with which no application protocol is common under ${version}`, async () => {
      const { connection, tls } = await pair(version, { alpnProtocols: ['x'] }, { ALPNProtocols: ['y'] })
      const [[error]] = await Promise.all([
        once(tls, 'error'), expect(connection.opened).rejects.toMatchObject({ alert: { from: 'us', description: 120 } }),
      ])
      expect((error as NodeJS.ErrnoException).code).toBe('ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL')
    })

    it(`is asked for no name by a client that gives none under ${version}`, async () => {
      const { connection } = await pair(version, {}, { servername: '', checkServerIdentity: () => undefined })
      expect((await connection.opened).servername).toBeUndefined()
    })

    it(`reads the client's certificate under ${version}`, async () => {
      const { connection, tls } = await pair(version, { ca: authority.ca.cert }, { cert: client.cert, key: client.key })
      const info = await connection.opened
      expect(info.peerCertificate?.subject).toBe('CN=client')
      expect(info.peerCertificate?.fingerprint256).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
      await send(connection.writable, 'welcome')
      const [welcome] = await once(tls, 'data') as [Buffer]
      expect(welcome.toString()).toBe('welcome')
    })

    it(`refuses a certificate of another CA under ${version}, and the client gets the alert`, async () => {
      const other = stranger.leaf()
      const { connection, tls } = await pair(version, { ca: authority.ca.cert }, { cert: other.cert, key: other.key })
      const [[error]] = await Promise.all([
        once(tls, 'error'), expect(connection.opened).rejects.toMatchObject({ depth: 0, alert: { from: 'us', description: 48 } }),
      ])
      expect((error as NodeJS.ErrnoException).code).toBe('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA')
    })

    it(`closes first, and the client sees a clean end under ${version}`, async () => {
      const { connection, tls } = await pair(version)
      await connection.opened
      const received = collect(tls)
      await send(connection.writable, 'good bye')
      await connection.close({ waitForPeerMs: 5_000 })
      expect((await received).toString()).toBe('good bye')
      await connection.closed
    })

    it(`sees the client close first under ${version}`, async () => {
      const { connection, tls } = await pair(version)
      tls.end('good bye')
      expect((await readAll(connection.readable)).toString()).toBe('good bye')
      await connection.close()
      await connection.closed
    })

    it(`still answers after the client has half-closed under ${version}`, async () => {
      const { connection, socket, tls } = await pair(version, {}, { allowHalfOpen: true })
      const blocks = randomBlocks(10)
      const ended = once(socket, 'end')
      tls.end('all of the question')
      expect((await readAll(connection.readable)).toString()).toBe('all of the question')
      // Node follows its close_notify with FIN; that must not end our direction either.
      await ended
      const received = collect(tls)
      await send(connection.writable, ...blocks)
      await connection.close()
      expect(sha256(await received)).toBe(sha256(Buffer.concat(blocks)))
    })

    it(`rejects with TruncationError when the client's TCP connection ends in mid-stream under ${version}`, async () => {
      const { connection, tls, raw } = await pair(version)
      tls.write('the first half')
      await readUntil(connection.readable, (bytes) => bytes.toString() === 'the first half')
      // Once it has read all that we sent, session tickets too: a socket closed with something unread resets.
      await send(connection.writable, 'read this')
      await once(tls, 'data')
      raw.destroy()
      const error: unknown = await readAll(connection.readable).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(TruncationError)
      await expect(connection.closed).rejects.toBe(error)
    })

    it(`rejects with TransportError when the client resets in mid-stream under ${version}`, async () => {
      const { connection, tls, raw } = await pair(version)
      tls.write('the first half')
      await readUntil(connection.readable, (bytes) => bytes.toString() === 'the first half')
      raw.resetAndDestroy()
      const error: unknown = await readAll(connection.readable).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(TransportError)
      expect(error).toMatchObject({ cause: { code: 'ECONNRESET' } })
      await expect(connection.closed).rejects.toBe(error)
    })
  }
})
