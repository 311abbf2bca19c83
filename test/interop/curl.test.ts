// accept() of curl over TCP, for a small HTTP/1.1 server upon it.

import { createHash, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { accept, PeerError, type AcceptOptions, type ConnectionInfo, type TlsConnection } from '../../src/index.js'
import { authority, temporaryAuthority } from '../helpers/certificates.js'
import { sha256 } from './peers/bytes.js'
import { startCurl } from './peers/curl.js'
import { client, identities, matrix, versions } from './peers/matrix.js'
import { serveTcp } from './peers/tcp.js'

const stranger = temporaryAuthority('a stranger')

const versionFlags = { 'TLSv1.2': ['--tls-max', '1.2'], 'TLSv1.3': ['--tlsv1.3'] } as const

/** One request: its head, and the body as it comes. */
interface HttpRequest {
  readonly head: string
  readonly body: AsyncIterable<Uint8Array>
}

/** Serves each request upon a connection, until the client closes it, with what `answer` returns. */
async function serveHttp(connection: TlsConnection, answer: (request: HttpRequest) => Promise<Uint8Array>): Promise<void> {
  const writer = connection.writable.getWriter()
  const reader = connection.readable.getReader()
  const say = (text: string) => writer.write(new TextEncoder().encode(text))
  for (let rest = Buffer.alloc(0);;) {
    while (!rest.includes('\r\n\r\n')) {
      const { value, done } = await reader.read()
      if (done) return
      rest = Buffer.concat([rest, value])
    }
    const end = rest.indexOf('\r\n\r\n') + 4
    const head = rest.subarray(0, end).toString()
    let first = rest.subarray(end)
    let length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
    if (/^expect: *100-continue/im.test(head)) await say('HTTP/1.1 100 Continue\r\n\r\n')
    const body = async function* () {
      while (length > 0) {
        const chunk = first.byteLength > 0 ? first : (await reader.read()).value
        if (!chunk) throw new Error('the body ended early')
        first = Buffer.alloc(0)
        length -= chunk.byteLength
        yield chunk
      }
    }
    const bytes = await answer({ head, body: body() })
    await say(`HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: ${bytes.byteLength}\r\n\r\n`)
    await writer.write(bytes as Uint8Array<ArrayBuffer>)
    rest = first as Buffer<ArrayBuffer>
  }
}

/** A server that remembers what each connection agreed on, or failed with, and how each ended. */
async function httpServer(options: Partial<AcceptOptions>, answer: (request: HttpRequest) => Promise<Uint8Array>) {
  const { cert, key } = identities.EC
  const infos: ConnectionInfo[] = []
  const ends: Promise<unknown>[] = []
  const port = await serveTcp((socket) => {
    const connection = accept(socket, { cert, key, alpnProtocols: ['http/1.1'], ...options })
    ends.push((async () => {
      infos.push(await connection.opened)
      await serveHttp(connection, answer)
      await connection.close()
      await connection.closed
      return 'closed'
    })().catch((error: unknown) => error))
  })
  return { port, infos, ends }
}

const hello = async () => new TextEncoder().encode('hello, curl\n')

describe('accept() with curl', { timeout: 30_000 }, () => {
  for (const { version, keyType } of matrix) {
    const { cert, key } = identities[keyType]

    it(`answers its request under ${version} with an ${keyType} key`, async () => {
      const heads: string[] = []
      const server = await httpServer({ cert, key }, ({ head }) => {
        heads.push(head)
        return hello()
      })
      const peer = await startCurl(server.port, '/a/path', [...versionFlags[version], '--verbose'])
      expect(await peer.end()).toBe(0)
      expect(peer.stdout.toString()).toBe('hello, curl\n')
      expect(heads[0]).toMatch(/^GET \/a\/path HTTP\/1\.1\r\nHost: localhost:\d+\r\n/)
      expect(server.infos)
        .toMatchObject([{ protocol: version, servername: 'localhost', alpnProtocol: 'http/1.1', peerCertificate: undefined }])
      expect(peer.log).toMatch(new RegExp(`SSL connection using ${version} / .*CHACHA20.POLY1305`))
      expect(peer.log).toMatch(/SSL certificate verify ok/)
      expect(await Promise.all(server.ends)).toEqual(['closed'])
    })

    it(`gives it 8 MiB under ${version} with an ${keyType} key`, async () => {
      const bytes = randomBytes(8 << 20)
      const server = await httpServer({ cert, key }, async () => bytes)
      const peer = await startCurl(server.port, '/', versionFlags[version])
      expect(await peer.end()).toBe(0)
      expect(peer.stdout.byteLength).toBe(bytes.byteLength)
      expect(sha256(peer.stdout)).toBe(sha256(bytes))
      expect(await Promise.all(server.ends)).toEqual(['closed'])
    })

    it(`takes 8 MiB from it under ${version} with an ${keyType} key`, async () => {
      const bytes = randomBytes(8 << 20)
      const file = `${authority.dir}/upload`
      writeFileSync(file, bytes)
      const server = await httpServer({ cert, key }, async ({ body }) => {
        const hash = createHash('sha256')
        for await (const chunk of body) hash.update(chunk)
        return new TextEncoder().encode(hash.digest('hex'))
      })
      const peer = await startCurl(server.port, '/upload', [...versionFlags[version], '--upload-file', file])
      expect(await peer.end()).toBe(0)
      expect(peer.stdout.toString()).toBe(sha256(bytes))
      expect(await Promise.all(server.ends)).toEqual(['closed'])
    })
  }

  for (const version of versions) {
    it(`reads the certificate of --cert under ${version}`, async () => {
      const server = await httpServer({ ca: authority.ca.cert }, hello)
      const peer = await startCurl(server.port, '/', [...versionFlags[version], '--cert', client.certFile, '--key', client.keyFile])
      expect(await peer.end()).toBe(0)
      expect(server.infos).toMatchObject([{ protocol: version, verifyResult: 'X509_V_OK', peerCertificate: { subject: 'CN=client' } }])
    })

    it(`is told by the alert unknown_ca that --cacert names another CA under ${version}`, async () => {
      const server = await httpServer({}, hello)
      const peer = await startCurl(server.port, '/', [...versionFlags[version], '--cacert', stranger.ca.certFile])
      expect(await peer.end()).toBe(60) // CURLE_PEER_FAILED_VERIFICATION
      const [error] = await Promise.all(server.ends)
      expect(error).toBeInstanceOf(PeerError)
      expect((error as PeerError).alert).toEqual({ from: 'peer', level: 'fatal', description: 48 })
    })

    it(`serves two requests upon one connection under ${version}`, async () => {
      const server = await httpServer({}, async ({ head }) => new TextEncoder().encode(`${head.split(' ')[1]}\n`))
      const peer = await startCurl(server.port, '/[1-2]', versionFlags[version])
      expect(await peer.end()).toBe(0)
      expect(peer.stdout.toString()).toBe('/1\n/2\n')
      expect(server.infos).toHaveLength(1)
    })
  }
})
