// accept(): of `openssl s_client`, by what the runtime has to listen with, and upon a byte stream that somebody else
// hands over (here a WebSocket, at whose other end the host has a TCP connection of s_client's).

import { accept, CertificateError, connect, PeerError, type AcceptOptions, type TlsConnection, type TransportLike } from 'libssl-wasm'
import { digest, MIB, noise, readAll, readBytes, readUntil, send } from './bytes.js'
import type { Harness } from './harness.js'
import type { IdentityName, Peer, Version } from './host.js'
import { sharedInstance } from './instance.js'

const LARGE_BYTES = MIB + 11

/** Waits for one client, and starts it. */
type Meet = (version: Version, client: { identity?: IdentityName; args?: readonly string[] }, options?: Partial<AcceptOptions>) =>
  Promise<{ connection: TlsConnection; peer: Peer }>

export function serverByListening(harness: Harness): void {
  const { describe, lacks, expect, runtime, host } = harness
  describe("server: the runtime's own listening", () => {
    for (const [name, listen] of Object.entries(runtime.listen)) describe(name, () => {
      server(harness, async (version, client, options) => {
        let come!: (transport: TransportLike) => void
        const first = new Promise<TransportLike>((resolve) => { come = resolve })
        const listener = await listen(come)
        const peer = await host.connect(listener.port, version, client)
        const connection = accept(await first, await acceptOptions(harness, options))
        // It may wait for its connections to end.
        void listener.close()
        return { connection, peer }
      })
    })
    if (Object.keys(runtime.listen).length > 0) return
    if (runtime.kind === 'browser') {
      lacks('pages cannot listen', async () => {
        for (const name of ['Deno', 'Bun', 'process', 'TCPServerSocket']) expect(name in globalThis, name).toBe(false)
        const module = 'node:net' // not to be resolved by a bundler
        await expect(import(module)).rejects.toThrow()
      })
    } else {
      lacks('a worker answers requests and cannot listen', async () => {
        for (const name of ['Deno', 'Bun', 'TCPServerSocket']) expect(name in globalThis, name).toBe(false)
        const module = 'cloudflare:sockets'
        expect(Object.keys(await import(module) as object).filter((name) => /listen|server|bind/i.test(name))).toEqual([])
      })
    }
  })
}

export function serverUponStreams(harness: Harness): void {
  const { describe, it, expect, runtime, host } = harness
  describe('server: any byte stream', () => {
    describe('WebSocket', () => {
      server(harness, async (version, client, options) => {
        const { port, url } = await host.tunnel()
        const peer = await host.connect(port, version, client)
        return { connection: accept(runtime.webSocket(url), await acceptOptions(harness, options)), peer }
      })
    })

    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      it(`a pair of TransformStreams › ${version}`, async () => {
        const [there, back] = [new TransformStream<Uint8Array, Uint8Array>(), new TransformStream<Uint8Array, Uint8Array>()]
        const { ca } = await host.identities()
        const libssl = await sharedInstance(runtime)
        const client = connect(
          { readable: back.readable, writable: there.writable }, { servername: 'localhost', ca, libssl, maxVersion: version },
        )
        const server = accept({ readable: there.readable, writable: back.writable }, await acceptOptions(harness))
        expect((await server.opened).protocol).toBe(version)
        const echo = server.readable.pipeTo(server.writable)
        const [answer] = await Promise.all([
          readAll(client.readable), send(client.writable, noise(200_000, 5)).then(() => client.writable.close()),
        ])
        expect(await digest(answer)).toEqual(await digest(noise(200_000, 5)))
        await echo
        await Promise.all([client.closed, server.closed])
      })
    }
  })
}

async function acceptOptions({ runtime, host }: Harness, options: Partial<AcceptOptions> = {}): Promise<AcceptOptions> {
  const { ec } = await host.identities()
  return { cert: ec.cert, key: ec.key, libssl: await sharedInstance(runtime), ...options }
}

function server({ describe, it, expect, host }: Harness, meet: Meet): void {
  const refused = async (connection: TlsConnection) => {
    const error: unknown = await connection.opened.catch((reason: unknown) => reason)
    await expect(connection.closed).rejects.toBe(error)
    return error
  }

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) describe(version, () => {
    it('takes and sends megabytes unchanged, and the client ends well', async () => {
      const { connection, peer } = await meet(version, {})
      expect(await connection.opened)
        .toMatchObject({ protocol: version, servername: 'localhost', peerCertificate: undefined, verifyResult: 'X509_V_OK' })
      await peer.feed(LARGE_BYTES, 3)
      expect(await digest(await readBytes(connection.readable, LARGE_BYTES))).toEqual(await digest(noise(LARGE_BYTES, 3)))
      const back = noise(LARGE_BYTES, 4)
      await send(connection.writable, back)
      expect(await peer.wrote(LARGE_BYTES)).toEqual(await digest(back))
      await connection.close()
      expect(await peer.end()).toBe(0)
    })

    it("sees the client's close_notify at the end of its input", async () => {
      const { connection, peer } = await meet(version, { args: ['-quiet', '-no_ign_eof', '-nocommands'] })
      await connection.opened
      await peer.type('its last line\n', true)
      expect(new TextDecoder().decode(await readAll(connection.readable))).toBe('its last line\n')
      await connection.close()
      await connection.closed
      expect(await peer.end()).toBe(0)
    })

    it('selects an application protocol by its own order (ALPN)', async () => {
      const { connection, peer } = await meet(version, { args: ['-alpn', 'one,two'] }, { alpnProtocols: ['two', 'one'] })
      expect(await connection.opened).toMatchObject({ alpnProtocol: 'two' })
      await peer.printed(/^ALPN protocol: two$/m)
      await connection.close()
    })

    it('shows an RSA certificate', async () => {
      const { rsa } = await host.identities()
      const { connection, peer } = await meet(version, {}, rsa)
      await send(connection.writable, 'hello\n')
      await peer.printed(/^hello$/m)
      await connection.close()
    })

    it('reads the certificate of a client', async () => {
      const { ca } = await host.identities()
      const { connection, peer } = await meet(version, { identity: 'client' }, { ca })
      expect(await connection.opened)
        .toMatchObject({ peerCertificate: { subject: 'CN=client', subjectAltName: 'DNS:client.example' }, verifyResult: 'X509_V_OK' })
      await send(connection.writable, 'welcome\n')
      await peer.printed(/^welcome$/m)
      await connection.close()
    })

    it('refuses a client without a certificate, and tells it', async () => {
      const { ca } = await host.identities()
      const { connection, peer } = await meet(version, {}, { ca })
      expect(await refused(connection))
        .toMatchObject({ code: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE', alert: { from: 'us', level: 'fatal' } })
      await peer.printed(version === 'TLSv1.3' ? /alert certificate required/ : /alert handshake failure/)
    })

    it('refuses a client with a certificate of another CA, and tells it', async () => {
      const { ca } = await host.identities()
      const { connection, peer } = await meet(version, { identity: 'strangerClient' }, { ca })
      const error = await refused(connection)
      expect(error).toBeInstanceOf(CertificateError)
      expect(error).toMatchObject({ depth: 0, certificate: { subject: 'CN=client' }, alert: { from: 'us', description: 48 } })
      await peer.printed(/alert unknown ca/)
    })

    it('hears the alert of a client that trusts another CA', async () => {
      const { connection } = await meet(version, { args: ['-CAfile', 'STRANGER_FILE'] })
      const error = await refused(connection)
      expect(error).toBeInstanceOf(PeerError)
      expect(error).toMatchObject({ alert: { from: 'peer', level: 'fatal', description: 48 } })
    })

    it('reports a client that is killed as a cut stream', async () => {
      const { connection, peer } = await meet(version, {})
      await connection.opened
      await peer.type('the last line\n')
      expect(await readUntil(connection.readable, /\n/)).toBe('the last line\n')
      await peer.kill()
      const error: unknown = await readAll(connection.readable).catch((reason: unknown) => reason)
      // An end without close_notify, or a reset: both are no clean end.
      expect((error as { name: string }).name).toMatch(/^(TruncationError|TransportError)$/)
      await expect(connection.closed).rejects.toBe(error)
    })
  })
}
