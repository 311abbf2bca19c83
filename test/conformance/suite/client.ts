// connect() to `openssl s_server`: through the relay, and by what the runtime has of its own to reach TCP.

import {
  CertificateError, connect, PeerError, TransportError, TruncationError, type ConnectOptions, type TlsConnection, type TransportLike,
} from 'libssl-wasm'
import { digest, MIB, noise, readAll, readUntil, send } from './bytes.js'
import type { Dial, Harness } from './harness.js'
import type { Version } from './host.js'
import { sharedInstance } from './instance.js'

const LARGE_BYTES = 3 * MIB + 17

export function clientOverWebSocket(harness: Harness): void {
  const { describe, runtime, host } = harness
  describe('client: WebSocket through the relay', () => {
    client(harness, async (port) => runtime.webSocket(await host.relay(port)))
  })
}

export function clientOverTcp(harness: Harness): void {
  const { describe, runtime } = harness
  describe("client: the runtime's own TCP", () => {
    for (const [name, dial] of Object.entries(runtime.dial)) describe(name, () => client(harness, dial))
    if (Object.keys(runtime.dial).length === 0) lacksTcp(harness)
  })
}

/** Whoever has none is asked for all that there is elsewhere. */
export function lacksTcp({ lacks, expect }: Pick<Harness, 'lacks' | 'expect'>): void {
  lacks('pages have no sockets', async () => {
    for (const name of ['Deno', 'Bun', 'process', 'TCPSocket', 'TCPServerSocket']) expect(name in globalThis, name).toBe(false)
    for (const name of ['node:net', 'cloudflare:sockets']) await expect(import(name), name).rejects.toThrow()
  })
}

function client({ describe, it, expect, runtime, host }: Harness, dial: Dial): void {
  const connectTo = async (port: number, version: Version, options: Partial<ConnectOptions> = {}): Promise<TlsConnection> => {
    const transport: TransportLike = await dial(port)
    return connect(transport, {
      servername: 'localhost', ca: (await host.identities()).ca, libssl: await sharedInstance(runtime), minVersion: version,
      maxVersion: version, ...options,
    })
  }
  const refused = async (connection: TlsConnection) => {
    const error: unknown = await connection.opened.catch((reason: unknown) => reason)
    await expect(connection.closed).rejects.toBe(error)
    return error
  }

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) describe(version, () => {
    for (const identity of ['ec', 'rsa'] as const) {
      it(`agrees on what OpenSSL says it agreed on, with an ${identity.toUpperCase()} key`, async () => {
        const server = await host.serve(version, { identity, args: ['-www'] })
        const connection = await connectTo(server.port, version)
        const info = await connection.opened
        expect(info).toMatchObject({
          protocol: version, verifyResult: 'X509_V_OK', servername: 'localhost', alpnProtocol: undefined,
          peerCertificate: { subject: 'CN=localhost', issuer: 'CN=libssl-wasm test CA,O=libssl-wasm' },
        })
        expect(info.cipher)
          .toMatch(version === 'TLSv1.3' ? /^TLS_CHACHA20_POLY1305_SHA256$/ : /^TLS_ECDHE_(ECDSA|RSA)_WITH_CHACHA20_POLY1305_SHA256$/)
        await send(connection.writable, 'GET / HTTP/1.0\r\n\r\n')
        const page = new TextDecoder().decode(await readAll(connection.readable)) // ends with its close_notify
        expect(page).toMatch(/^HTTP\/1\.0 200 ok\r\n/)
        expect(page).toMatch(new RegExp(`Protocol *: ${version}`))
        await connection.close()
        await connection.closed
      })
    }

    it('sends and receives, and the peer sees our close_notify', async () => {
      const server = await host.serve(version)
      const connection = await connectTo(server.port, version)
      await send(connection.writable, 'from here\n')
      await server.printed(/^from here$/m)
      await server.type('from there\n')
      expect(await readUntil(connection.readable, /\n/)).toBe('from there\n')
      await connection.close()
      await server.printed(/^DONE$/m) // not ERROR
    })

    it('downloads megabytes unchanged', async () => {
      const path = await host.file(LARGE_BYTES, 7)
      const server = await host.serve(version, { args: ['-WWW', '-http_server_binmode'] })
      const connection = await connectTo(server.port, version)
      await send(connection.writable, `GET ${path} HTTP/1.0\r\n\r\n`)
      const answer = await readAll(connection.readable)
      expect(await digest(answer.slice(-LARGE_BYTES))).toEqual(await digest(noise(LARGE_BYTES, 7)))
      await connection.close()
    })

    it('uploads megabytes unchanged', async () => {
      const server = await host.serve(version)
      const connection = await connectTo(server.port, version)
      const bytes = noise(LARGE_BYTES, 8)
      await send(connection.writable, 'BEGIN:')
      await send(connection.writable, bytes)
      expect(await server.wrote(LARGE_BYTES, 'BEGIN:')).toEqual(await digest(bytes))
      await connection.close()
    })

    it('refuses a certificate of an unknown CA, and tells the peer why', async () => {
      const server = await host.serve(version, { identity: 'stranger' })
      const error = await refused(await connectTo(server.port, version))
      expect(error).toBeInstanceOf(CertificateError)
      expect(error)
        .toMatchObject({ code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', depth: 0, alert: { from: 'us', level: 'fatal', description: 48 } })
      await server.printed(/alert unknown ca/)
    })

    it('refuses a certificate for another name, and tells the peer', async () => {
      const server = await host.serve(version)
      const error = await refused(await connectTo(server.port, version, { servername: 'elsewhere.example' }))
      expect(error).toBeInstanceOf(CertificateError)
      expect(error).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID', depth: 0, certificate: { subject: 'CN=localhost' } })
      await server.printed(/alert/)
    })

    it('refuses an expired certificate, and tells the peer why', async () => {
      const server = await host.serve(version, { identity: 'expired' })
      const error = await refused(await connectTo(server.port, version))
      expect(error).toBeInstanceOf(CertificateError)
      expect(error).toMatchObject({ code: 'CERT_HAS_EXPIRED', depth: 0, alert: { from: 'us', level: 'fatal', description: 45 } })
      await server.printed(/alert certificate expired/)
    })

    it('verifies an IP address', async () => {
      const server = await host.serve(version)
      const connection = await connectTo(server.port, version, { servername: '127.0.0.1' })
      expect(await connection.opened).toMatchObject({ verifyResult: 'X509_V_OK' })
      await connection.close()
      const other = await connectTo(server.port, version, { servername: '127.0.0.2' })
      expect(await refused(other)).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    })

    it('hears the alert of a peer that has no common group', async () => {
      const server = await host.serve(version, { args: ['-groups', 'secp521r1'] })
      const error = await refused(await connectTo(server.port, version))
      expect(error).toBeInstanceOf(PeerError)
      expect(error).toMatchObject({ alert: { from: 'peer', level: 'fatal', description: 40 } })
    })

    it('hears the alert of a peer that speaks only the other version', async () => {
      const server = await host.serve(version === 'TLSv1.2' ? 'TLSv1.3' : 'TLSv1.2')
      const error = await refused(await connectTo(server.port, version))
      expect(error).toBeInstanceOf(PeerError)
      expect(error).toMatchObject({ alert: { description: 70 } })
    })

    it('agrees on an application protocol (ALPN)', async () => {
      const server = await host.serve(version, { args: ['-alpn', 'smtp,http/1.1'] })
      const connection = await connectTo(server.port, version, { alpnProtocols: ['h2', 'http/1.1'] })
      expect(await connection.opened).toMatchObject({ alpnProtocol: 'http/1.1' })
      await connection.close()
    })

    it('shows its certificate to a peer that demands one', async () => {
      const server = await host.serve(version, { args: ['-Verify', '1', '-verify_return_error', '-CAfile', 'CA_FILE'] })
      const { client } = await host.identities()
      const connection = await connectTo(server.port, version, { cert: client.cert, key: client.key })
      await send(connection.writable, 'known\n')
      await server.printed(/^known$/m)
      await server.printed(/depth=0 CN = client\n/)
      await connection.close()
    })

    it('is refused without a certificate by a peer that demands one', async () => {
      const server = await host.serve(version, { args: ['-Verify', '1', '-verify_return_error', '-CAfile', 'CA_FILE'] })
      const connection = await connectTo(server.port, version)
      // Under TLS 1.3 the client's handshake is done before the server has judged it.
      const error: unknown = await connection.opened.then(() => readAll(connection.readable)).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(PeerError)
      expect(error).toMatchObject({ alert: { from: 'peer', description: version === 'TLSv1.3' ? 116 : 40 } })
    })

    it('reports a stream that is cut without close_notify as truncated', async () => {
      const server = await host.serve(version)
      const connection = await connectTo(server.port, version)
      await connection.opened
      await server.type('the last line\n')
      expect(await readUntil(connection.readable, /\n/)).toBe('the last line\n')
      await server.type('Q\n') // its command to end at once
      const error: unknown = await readAll(connection.readable).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(TruncationError)
      await expect(connection.closed).rejects.toBe(error)
    })
  })

  it('fails with a transport error where nobody listens', async () => {
    const { port } = await host.serve('TLSv1.3')
    await host.stopAll()
    const failed: unknown = await (async () => (await connectTo(port, 'TLSv1.3')).opened)().catch((reason: unknown) => reason)
    // Some interfaces fail while they dial, others once they are read.
    expect(failed).toBeInstanceOf(Error)
    if (failed instanceof Error && 'code' in failed && String(failed.code).startsWith('ERR_TLS')) {
      expect(failed).toBeInstanceOf(TransportError)
    }
  })
}
