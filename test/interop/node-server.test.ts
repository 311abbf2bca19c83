// connect() to a server of node:tls over TCP.

import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { createSecureContext, TLSSocket, type TLSSocketOptions } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { connect, PeerError, TransportError, TruncationError, type TlsConnection, type ConnectOptions } from '../../src/index.js'
import { authority } from '../helpers/certificates.js'
import { collect, randomBlocks, readAll, readUntil, send, sha256 } from './peers/bytes.js'
import { client, identities, matrix, only, versions } from './peers/matrix.js'
import { dial, serveTcp } from './peers/tcp.js'

/** What the server shows to those who ask for a name. Of the same key type: OpenSSL keeps one certificate of each. */
const named = authority.leaf()

interface Served {
  readonly connection: TlsConnection
  /** What is beneath it. */
  readonly socket: Socket
  /** The server's side, and the socket beneath it. */
  readonly tls: TLSSocket
  readonly raw: Socket
}

/** A connected pair: ours to node:tls. A TLSSocket around a socket that we keep, so that it can be cut beneath TLS. */
async function pair(
  options: Partial<ConnectOptions> = {}, { allowHalfOpen = false, ...serverOptions }: TLSSocketOptions & { allowHalfOpen?: boolean } = {},
): Promise<Served> {
  let served!: (sides: Pick<Served, 'tls' | 'raw'>) => void
  const sides = new Promise<Pick<Served, 'tls' | 'raw'>>((resolve) => { served = resolve })
  const { cert, key } = identities.EC
  const port = await serveTcp((raw) => {
    const tls = new TLSSocket(raw, { isServer: true, cert, key, ...serverOptions })
    tls.on('error', () => {}) // each test looks at our side's error
    served({ tls, raw })
  }, { allowHalfOpen })
  const socket = await dial(port)
  const connection = connect(socket, { servername: 'localhost', ca: authority.ca.cert, ...options })
  return { connection, socket, ...await sides }
}

describe('connect() with a node:tls server', { timeout: 20_000 }, () => {
  for (const { version, keyType } of matrix) {
    it(`has its data echoed under ${version} with an ${keyType} key`, async () => {
      const { cert, key } = identities[keyType]
      const { connection, tls } = await pair(only(version), { cert, key })
      tls.pipe(tls)
      const info = await connection.opened
      expect(info).toMatchObject({ protocol: version, verifyResult: 'X509_V_OK', servername: 'localhost' })
      expect(info.peerCertificate?.subject).toBe('CN=localhost')
      expect(tls.getCipher().standardName).toBe(info.cipher)
      expect(tls.getProtocol()).toBe(version)

      const blocks = randomBlocks(60)
      const writer = connection.writable.getWriter()
      const echo = readAll(connection.readable)
      for (const block of blocks) await writer.write(block)
      await writer.close()
      // The pipe ends with our close_notify, and its close_notify ends our readable.
      expect(sha256(await echo)).toBe(sha256(Buffer.concat(blocks)))
      await connection.closed
    })
  }

  for (const version of versions) {
    it(`agrees on an application protocol and is seen with its server name under ${version}`, async () => {
      const { connection, tls } = await pair({ ...only(version), alpnProtocols: ['x', 'http/1.1'] }, {
        ALPNProtocols: ['http/1.1', 'y'],
        SNICallback: (_name, callback) => callback(null, createSecureContext({ cert: named.cert, key: named.key })),
      })
      const info = await connection.opened
      expect(info.alpnProtocol).toBe('http/1.1')
      // The certificate is that of the callback, which is asked only if there is a name.
      expect(Buffer.from(info.peerCertificate!.raw).toString('base64')).toBe(named.cert.replace(/-----.*?-----|\s/g, ''))
      await send(connection.writable, 'hello')
      const [first] = await once(tls, 'data') as [Buffer]
      expect(first.toString()).toBe('hello')
      expect(tls.alpnProtocol).toBe('http/1.1')
    })

    it(`shows its client certificate under ${version}`, async () => {
      const { connection, tls } = await pair({ ...only(version), cert: client.cert, key: client.key }, {
        requestCert: true, rejectUnauthorized: true, ca: authority.ca.cert,
      })
      const secure = once(tls, 'secure')
      await connection.opened
      await secure
      // Within 'secure' Node is still inside SSL_accept, and would end without close_notify.
      await setImmediate()
      expect(tls.getPeerCertificate().subject.CN).toBe('client')
      expect(tls.getPeerCertificate().subjectaltname).toBe('DNS:client.example')
      tls.end('welcome')
      expect((await readAll(connection.readable)).toString()).toBe('welcome')
      await connection.close()
    })

    it(`closes first, and the server sees a clean end under ${version}`, async () => {
      const { connection, tls } = await pair(only(version))
      await connection.opened
      await send(connection.writable, 'good bye')
      const received = collect(tls)
      await connection.close({ waitForPeerMs: 5_000 })
      expect((await received).toString()).toBe('good bye')
      await connection.closed
    })

    it(`sees the server close first under ${version}`, async () => {
      const { connection, tls } = await pair(only(version))
      tls.end('good bye')
      expect((await readAll(connection.readable)).toString()).toBe('good bye')
      await connection.close()
      await connection.closed
    })

    it(`half-closes and still receives what the server answers to its end under ${version}`, async () => {
      const { connection, tls } = await pair(only(version), { allowHalfOpen: true })
      const question = randomBlocks(10)
      const answer = Buffer.concat(randomBlocks(10))
      const received = collect(tls)
      tls.on('end', () => tls.end(answer))
      await send(connection.writable, ...question)
      await connection.writable.close()
      expect(sha256(await readAll(connection.readable))).toBe(sha256(answer))
      expect(sha256(await received)).toBe(sha256(Buffer.concat(question)))
      await connection.closed
    })

    it(`still sends after the server has half-closed under ${version}`, async () => {
      const { connection, socket, tls } = await pair(only(version), { allowHalfOpen: true })
      const ended = once(socket, 'end')
      const blocks = randomBlocks(10)
      const received = collect(tls)
      tls.end('no more from here')
      expect((await readAll(connection.readable)).toString()).toBe('no more from here')
      // Node follows its close_notify with FIN; that must not end our direction either.
      await ended
      await send(connection.writable, ...blocks)
      await connection.close()
      expect(sha256(await received)).toBe(sha256(Buffer.concat(blocks)))
    })

    it(`rejects with TruncationError when the TCP connection ends in mid-stream under ${version}`, async () => {
      const { connection, tls, raw } = await pair(only(version))
      await connection.opened
      tls.write('the first half')
      await readUntil(connection.readable, (bytes) => bytes.toString() === 'the first half')
      raw.destroy() // FIN, and no close_notify before it
      const error: unknown = await readAll(connection.readable).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(TruncationError)
      await expect(connection.closed).rejects.toBe(error)
      await expect(connection.writable.getWriter().write(new Uint8Array(1))).rejects.toBe(error)
    })

    it(`ends cleanly there with dangerouslyAllowTruncation under ${version}`, async () => {
      const { connection, tls, raw } = await pair({ ...only(version), dangerouslyAllowTruncation: true })
      await connection.opened
      tls.write('all that there is')
      await readUntil(connection.readable, (bytes) => bytes.toString() === 'all that there is')
      raw.destroy()
      expect(await readAll(connection.readable)).toHaveLength(0)
      await connection.close()
      await connection.closed
    })

    it(`rejects with TransportError when the TCP connection is reset in mid-stream under ${version}`, async () => {
      const { connection, tls, raw } = await pair(only(version))
      await connection.opened
      tls.write('the first half')
      await readUntil(connection.readable, (bytes) => bytes.toString() === 'the first half')
      raw.resetAndDestroy()
      const error: unknown = await readAll(connection.readable).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(TransportError)
      expect(error).toMatchObject({ cause: { code: 'ECONNRESET' } })
      await expect(connection.closed).rejects.toBe(error)
    })

    it(`stops at once when it is aborted while much is on its way under ${version}`, async () => {
      const { connection, tls } = await pair(only(version))
      await connection.opened
      const closed = new Promise((resolve) => tls.once('close', resolve))
      tls.write(Buffer.alloc(4_000_000))
      await readUntil(connection.readable, ({ byteLength }) => byteLength > 100_000)
      const reason = new Error('enough')
      connection.abort(reason)
      await expect(readAll(connection.readable)).rejects.toBe(reason)
      await expect(connection.closed).rejects.toBe(reason)
      tls.resume()
      await closed
    })
  }

  it('is refused by an alert when no application protocol is common', async () => {
    const { connection } = await pair({ alpnProtocols: ['x'] }, { ALPNProtocols: ['http/1.1'] })
    const error: unknown = await connection.opened.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(PeerError)
    expect((error as PeerError).alert).toEqual({ from: 'peer', level: 'fatal', description: 120 })
  })

  it('verifies an IP address in place of a name, and asks for no name', async () => {
    const asked: string[] = []
    const { connection } = await pair(
      { servername: '127.0.0.1' }, { SNICallback: (name, callback) => { asked.push(name); callback(null) } },
    )
    expect(await connection.opened).toMatchObject({ servername: undefined, verifyResult: 'X509_V_OK' })
    expect(asked).toEqual([])
  })

  it('carries sixteen connections to one server side by side', async () => {
    const all = await Promise.all(Array.from({ length: 16 }, async () => {
      const { connection, tls } = await pair()
      tls.pipe(tls)
      const blocks = randomBlocks(8)
      const writer = connection.writable.getWriter()
      const echo = readAll(connection.readable)
      for (const block of blocks) await writer.write(block)
      await writer.close()
      return sha256(await echo) === sha256(Buffer.concat(blocks))
    }))
    expect(all).toEqual(Array.from({ length: 16 }, () => true))
  })
})
