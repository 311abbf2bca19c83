// Sessions, tickets and early data, both ways, with programs that others wrote.

import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { createServer as createTlsServer, connect as tlsConnect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, onTestFinished } from 'vitest'
import {
  accept, connect, keyValueSessionStore, memoryServerSessionCache, memorySessionStore, TicketKeys, TlsSession,
  type AcceptOptions, type ConnectionInfo, type ConnectOptions, type ProtocolVersion, type SessionStore, type TlsServerConnection,
} from '../../src/index.js'
import { authority, file } from '../helpers/certificates.js'
import { proves } from '../helpers/features.js'
import { bodyOf, fetchPage, readAll, readUntil, send } from './peers/bytes.js'
import { startGnutlsClient, startGnutlsServer } from './peers/gnutls.js'
import { identities, only, versions } from './peers/matrix.js'
import { Namespace } from './peers/namespace.js'
import { startNginx } from './peers/nginx.js'
import { startOpensslClient, startOpensslServer } from './peers/openssl.js'
import { connectTo, dial, listening, serveTcp } from './peers/tcp.js'

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const request = (path: string) => new TextEncoder().encode(`GET ${path} HTTP/1.0\r\nHost: localhost\r\n\r\n`)

let files = 0
const newFile = (name: string) => file(`${++files}-${name}`)

interface Visit { readonly info: ConnectionInfo; readonly page: Buffer; readonly sessions: readonly TlsSession[] }

/** One connection that asks for a page (as early data if that is given) and reads to the end. */
async function visit(
  open: (options: Partial<ConnectOptions>) => Promise<ReturnType<typeof connect>>, options: Partial<ConnectOptions> = {}, path = '/',
): Promise<Visit> {
  const sessions: TlsSession[] = []
  const connection = await open({ onSession: (session) => sessions.push(session), ...options })
  const page = options.earlyData ? await readAll(connection.readable) : await fetchPage(connection, path)
  const info = await connection.opened
  await connection.close()
  return { info, page, sessions }
}

describe('sessions of connect()', { timeout: 30_000 }, () => {
  for (const version of versions) {
    const openssl = { peer: 'openssl s_server', role: 'client', version } as const

    for (const [how, args] of [['tickets', []], ['ids, without tickets', ['-no_ticket']]] as const) {
      proves('sessions', openssl, `are resumed as bytes, by ${how}`, async () => {
        const { port } = await startOpensslServer(identities.EC, version, ['-www', ...args])
        const open = (options: Partial<ConnectOptions>) => connectTo(port, { ...only(version), ...options })
        const first = await visit(open)
        expect(first.info.resumed).toBe(false)
        expect(first.page.toString()).toMatch(/^New, /m)
        const again = await visit(open, { session: first.sessions[0]!.toBytes() })
        expect(again.info).toMatchObject({ resumed: true, verifyResult: 'X509_V_OK', peerCertificate: { subject: 'CN=localhost' } })
        expect(again.page.toString()).toMatch(/^Reused, /m)
      })
    }

    proves('sessions', { peer: 'openssl sess_id', role: 'client', version }, "are ASN.1 that OpenSSL's own command reads", async () => {
      const { port } = await startOpensslServer(identities.EC, version)
      const { sessions } = await visit((options) => connectTo(port, { ...only(version), ...options }))
      const der = newFile('session.der')
      writeFileSync(der, sessions[0]!.parts.asn1)
      const told = execFileSync('openssl', ['sess_id', '-inform', 'DER', '-in', der, '-noout', '-text'], { encoding: 'utf8' })
      expect(told).toMatch(new RegExp(`Protocol *: ${version}`))
      expect(told).toMatch(/Verify return code: 0 \(ok\)/)
    })

    proves('sessions', openssl, 'that the server has forgotten end in a full handshake', async () => {
      const [one, other] = [await startOpensslServer(identities.EC, version), await startOpensslServer(identities.EC, version)]
      const { sessions } = await visit((options) => connectTo(one.port, { ...only(version), ...options }))
      const { info } = await visit((options) => connectTo(other.port, { ...only(version), ...options }), { session: sessions[0]! })
      expect(info).toMatchObject({ resumed: false, verifyResult: 'X509_V_OK' })
    })

    for (const [what, make] of [
      ['in memory', () => memorySessionStore()],
      ['of keys and values, asynchronous', () => {
        const map = new Map<string, Uint8Array>()
        return keyValueSessionStore({
          get: async (key) => map.get(key), put: async (key, value) => map.set(key, value), delete: async (key) => map.delete(key),
        })
      }],
    ] as readonly [string, () => SessionStore][]) {
      proves('sessions', {
        peer: 'nginx', role: 'client', version,
      }, `go from one connection to the next through a store ${what}`, async () => {
        const { port } = await startNginx(identities.EC, version, ['add_header X-Reused $ssl_session_reused;'])
        const sessionStore = make()
        const reused: unknown[] = []
        for (let i = 0; i < 4; i++) {
          const { info, page } = await visit((options) => connectTo(port, options), { sessionStore }, '/told')
          reused.push([info.resumed, /X-Reused: (.)/.exec(page.toString())![1]])
        }
        expect(reused).toEqual([[false, '.'], [true, 'r'], [true, 'r'], [true, 'r']])
      })
    }

    proves('sessions', { peer: 'node:tls', role: 'client', version }, 'are resumed', async () => {
      const { cert, key } = identities.EC
      const server = createTlsServer({ cert, key, ...only(version) }, (socket) => {
        // Within this event Node is still inside SSL_accept, and would end without close_notify.
        setImmediate(() => socket.on('error', () => {}).end(String(socket.isSessionReused())))
      })
      onTestFinished(() => void server.close())
      const port = await listening(server)
      const sessionStore = memorySessionStore()
      const seen: string[] = []
      for (let i = 0; i < 3; i++) {
        const connection = await connectTo(port, { sessionStore })
        seen.push((await readAll(connection.readable)).toString())
        expect((await connection.opened).resumed).toBe(i > 0)
        await connection.close()
      }
      expect(seen).toEqual(['false', 'true', 'true'])
    })
  }

  describe('with gnutls-serv', () => {
    let namespace: Namespace
    beforeAll(async () => { namespace = await Namespace.open() })
    afterAll(() => namespace?.close())

    for (const version of versions) {
      proves('sessions', { peer: 'gnutls-serv', role: 'client', version }, 'are resumed', async () => {
        const server = await startGnutlsServer(namespace, identities.EC, version, ['--http', '--disable-client-cert'])
        const open = async (options: Partial<ConnectOptions>) =>
          connect(await server.dial(), { servername: 'localhost', ca: authority.ca.cert, ...options })
        const { sessions } = await visit(open)
        const again = await visit(open, { session: sessions[0]! })
        expect(again.info.resumed).toBe(true)
        expect(again.page.toString()).toMatch(/^HTTP\/1\.0 200 OK\r\n/)
      })
    }

    proves('early-data', { peer: 'gnutls-serv', role: 'client', version: 'TLSv1.3' }, 'is accepted', async () => {
      const server = await startGnutlsServer(
        namespace, identities.EC, 'TLSv1.3', ['--echo', '--earlydata', '--maxearlydata', '1000', '--disable-client-cert'],
      )
      const sessions: TlsSession[] = []
      const first = connect(
        await server.dial(), { servername: 'localhost', ca: authority.ca.cert, onSession: (session) => sessions.push(session) },
      )
      await send(first.writable, 'hello\n')
      await readUntil(first.readable, ({ byteLength }) => byteLength >= 6)
      await first.close()
      expect(sessions[0]!.maxEarlyDataBytes).toBe(1000)
      const again = connect(
        await server.dial(),
        { servername: 'localhost', ca: authority.ca.cert, session: sessions[0]!, earlyData: new TextEncoder().encode('early\n') },
      )
      expect(await again.opened).toMatchObject({ resumed: true, earlyData: 'accepted' })
      await send(again.writable, 'later\n')
      expect((await readUntil(again.readable, ({ byteLength }) => byteLength >= 6)).toString()).toBe('later\n')
      await again.close()
    })
  })
})

describe('early data of connect()', { timeout: 30_000 }, () => {
  const openssl = { peer: 'openssl s_server', role: 'client', version: 'TLSv1.3' } as const

  proves('early-data', openssl, 'is accepted once, and goes after the handshake the second time', async () => {
    const { peer, port } = await startOpensslServer(identities.EC, 'TLSv1.3', ['-early_data'])
    const sessions: TlsSession[] = []
    const first = await connectTo(port, { onSession: (session) => sessions.push(session) })
    await first.opened
    peer.stdin.write('hello\n')
    await readUntil(first.readable, (bytes) => bytes.includes('hello\n'))
    await first.close()
    const [session] = sessions
    const early = await connectTo(port, { session: session!, earlyData: new TextEncoder().encode('what comes early\n') })
    expect(await early.opened).toMatchObject({ resumed: true, earlyData: 'accepted' })
    await peer.printed(/^what comes early$/m)
    await peer.printed(/^End of early data$/m)
    await send(early.writable, 'what comes later\n')
    await peer.printed(/^what comes later$/m)
    await early.close()
    const replayed = await connectTo(port, { session: session!, earlyData: new TextEncoder().encode('what was refused\n') })
    expect(await replayed.opened).toMatchObject({ resumed: false, earlyData: 'rejected' })
    await peer.printed(/Early data was rejected[^]*^what was refused$/m)
    await replayed.close()
  })

  proves('early-data', { ...openssl, peer: 'nginx' }, 'carries a request that is answered', async () => {
    const { port } = await startNginx(identities.EC, 'TLSv1.3', ['ssl_early_data on;', 'add_header X-Early "$ssl_early_data";'])
    const open = (options: Partial<ConnectOptions>) => connectTo(port, options)
    const { sessions, page } = await visit(open, {}, '/told')
    expect(page.toString()).not.toMatch(/^X-Early/m)
    const { info, page: answer } = await visit(open, { session: sessions[0]!, earlyData: request('/told') })
    expect(info).toMatchObject({ resumed: true, earlyData: 'accepted' })
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(answer.toString()).toMatch(/^X-Early: 1\r$/m)
    expect(bodyOf(answer).toString()).toMatch(/^TLSv1\.3\|/)
    // And without: the same request as the first thing after the handshake.
    const plain = await visit(open, { earlyData: request('/told') })
    expect(plain.info.earlyData).toBe('not sent')
    expect(bodyOf(plain.page).toString()).toMatch(/^TLSv1\.3\|/)
  })
})

/** Listens; each connection is accepted with `options()`, and says hello. */
async function serving(
  options: () => Partial<AcceptOptions>, serve: (connection: TlsServerConnection) => Promise<void> = greet,
): Promise<number> {
  const { cert, key } = identities.EC
  return serveTcp((socket: Socket) => {
    const connection = accept(socket, { cert, key, ...options() })
    serve(connection).catch(() => connection.abort())
  })
}

/** s_client prints by two ways, one of them buffered: it need not be at the beginning of a line. */
const HELLO = /hello (again|stranger)/

async function greet(connection: TlsServerConnection): Promise<void> {
  const { resumed } = await connection.opened
  await send(connection.writable, `hello ${resumed ? 'again' : 'stranger'}\n`)
  await connection.close()
}

const kinds: readonly [string, () => Partial<AcceptOptions>][] = [
  ['tickets', () => ({ ticketKeys: new TicketKeys() })],
  ['a cache', () => ({ sessionCache: memoryServerSessionCache() })],
]

describe('sessions of accept()', { timeout: 30_000 }, () => {
  for (const version of versions) {
    const openssl = { peer: 'openssl s_client', role: 'server', version } as const

    async function visitOf(port: number, ...args: readonly string[]) {
      const peer = await startOpensslClient(port, version, args)
      await peer.printed(HELLO)
      await peer.end()
      return /^(New|Reused), /m.exec(peer.log)![1]
    }

    for (const [how, make] of kinds) {
      proves('tickets', openssl, `are resumed, by ${how}`, async () => {
        const options = make()
        const port = await serving(() => options)
        const kept = newFile('session.pem')
        expect(await visitOf(port, '-sess_out', kept)).toBe('New')
        expect(await visitOf(port, '-sess_in', kept)).toBe('Reused')
        // RFC 6066 §3: not for another name. TLS 1.3 does not bind sessions to names.
        expect(await visitOf(port, '-sess_in', kept, '-servername', 'elsewhere.example')).toBe(version === 'TLSv1.2' ? 'New' : 'Reused')
      })

      proves('tickets', { peer: 'node:tls', role: 'server', version }, `are resumed, by ${how}`, async () => {
        const options = make()
        const port = await serving(() => options)
        let session: Buffer | undefined
        const reused: boolean[] = []
        for (let i = 0; i < 3; i++) {
          const raw = await dial(port)
          const settings: ConnectionOptions = {
            socket: raw, servername: 'localhost', ca: authority.ca.cert, ...only(version), ...(session && { session }),
          }
          const tls: TLSSocket = tlsConnect(settings)
          tls.on('session', (one: Buffer) => { session = one })
          tls.resume()
          await once(tls, 'end')
          reused.push(tls.isSessionReused())
        }
        expect(reused).toEqual([false, true, true])
      })

      proves('tickets', { peer: 'gnutls-cli', role: 'server', version }, `are resumed, by ${how}`, async () => {
        const options = make()
        const seen: boolean[] = []
        const port = await serving(() => options, async (connection) => {
          seen.push((await connection.opened).resumed)
          await greet(connection)
        })
        const { peer, said } = await startGnutlsClient(port, version, ['--resume', '--waitresumption'])
        await peer.end()
        expect(said()).toMatch(/This is a resumed session/)
        expect(seen).toEqual([false, true])
      })
    }

    proves('tickets', openssl, 'of an older key are renewed, of a key that is gone are not resumed, and keys go to other machines as bytes',
        async () => {
      const ticketKeys = new TicketKeys(undefined, { maxKeys: 2 })
      const port = await serving(() => ({ ticketKeys }))
      const [kept, renewed] = [newFile('session.pem'), newFile('session.pem')]
      await visitOf(port, '-sess_out', kept)
      ticketKeys.rotate()
      const peer = await startOpensslClient(port, version, ['-sess_in', kept, '-msg'])
      await peer.printed(HELLO)
      await peer.end()
      expect(peer.log).toMatch(/<<< TLS.*NewSessionTicket/)
      if (version === 'TLSv1.2') { // s_client keeps none of a resumed handshake
        await visitOf(port, '-sess_out', renewed)
      } else {
        await visitOf(port, '-sess_in', kept, '-sess_out', renewed)
        expect(readFileSync(renewed, 'utf8')).not.toBe(readFileSync(kept, 'utf8'))
      }
      const elsewhere = new TicketKeys(ticketKeys.toBytes())
      ticketKeys.rotate()
      expect(await visitOf(port, '-sess_in', kept)).toBe('New')
      expect(await visitOf(port, '-sess_in', renewed)).toBe('Reused')
      expect(await visitOf(await serving(() => ({ ticketKeys: elsewhere })), '-sess_in', renewed)).toBe('Reused')
    })

    proves('tickets', openssl, 'are as many as numTickets says', async () => {
      for (const numTickets of version === 'TLSv1.3' ? [0, 3] : [3]) {
        const port = await serving(() => ({ ticketKeys: new TicketKeys(), numTickets }))
        const peer = await startOpensslClient(port, version, ['-msg'])
        await peer.printed(HELLO)
        await peer.end()
        expect(peer.log.match(/<<< TLS.*NewSessionTicket/g)?.length ?? 0).toBe(version === 'TLSv1.3' ? numTickets : 1)
      }
    })

    proves('tickets', openssl, 'of clients with certificates are resumed with them', async () => {
      const { certFile, keyFile } = authority.leaf({ name: 'client' })
      const ticketKeys = new TicketKeys()
      const seen: (string | undefined)[] = []
      const port = await serving(() => ({ ticketKeys, ca: authority.ca.cert }), async (connection) => {
        seen.push((await connection.opened).peerCertificate?.subject)
        await greet(connection)
      })
      const kept = newFile('session.pem')
      await visitOf(port, '-cert', certFile, '-key', keyFile, '-sess_out', kept)
      expect(await visitOf(port, '-cert', certFile, '-key', keyFile, '-sess_in', kept)).toBe('Reused')
      expect(seen).toEqual(['CN=client', 'CN=client'])
    })

    // A certificate of 70 KB: OpenSSL makes no ticket of a session over 65,280 bytes.
    const largeClient = () => authority.leaf({
      name: 'client', san: '@names',
      extensions:
      `[names]\n${Array.from({ length: 1000 }, (_, index) => `DNS.${index}=${String(index).padStart(60, 'x')}.example`).join('\n')}\n`,
    })

    for (const [what, make] of [
      ['', () => ({})], [', though there is a cache', () => ({ sessionCache: memoryServerSessionCache() })],
    ] as const) {
      proves('tickets', openssl, `are not made of a session that is too large for one${what}: the connection goes on`, async () => {
        const { certFile, keyFile } = largeClient()
        const infos: ConnectionInfo[] = []
        const options = { ticketKeys: new TicketKeys(), ca: authority.ca.cert, ...make() }
        const port = await serving(() => options, async (connection) => {
          infos.push(await connection.opened)
          await greet(connection)
        })
        const peer = await startOpensslClient(port, version, ['-cert', certFile, '-key', keyFile, '-msg'])
        await peer.printed(HELLO)
        await peer.end()
        expect(infos[0]).toMatchObject({ resumed: false, peerCertificate: { subject: 'CN=client' } })
        expect(infos[0]!.peerCertificate!.raw.byteLength).toBeGreaterThan(65_536)
        // TLS 1.2 has promised one: an empty one comes (RFC 5077 §3.3).
        expect(peer.log.match(/<<< TLS.*NewSessionTicket/g)?.length ?? 0).toBe(version === 'TLSv1.3' ? 0 : 1)
        expect(peer.log).not.toMatch(/TLS session ticket:/)
      })
    }

    proves('tickets', openssl, 'are not needed for a session of any size that a cache keeps', async () => {
      const { certFile, keyFile } = largeClient()
      const options = { sessionCache: memoryServerSessionCache(), ca: authority.ca.cert }
      const seen: unknown[] = []
      const port = await serving(() => options, async (connection) => {
        const { resumed, peerCertificate } = await connection.opened
        seen.push([resumed, peerCertificate?.subject])
        await greet(connection)
      })
      const kept = newFile('session.pem')
      await visitOf(port, '-cert', certFile, '-key', keyFile, '-sess_out', kept)
      await visitOf(port, '-cert', certFile, '-key', keyFile, '-sess_in', kept)
      expect(seen).toEqual([[false, 'CN=client'], [true, 'CN=client']])
    })
  }
})

describe('early data of accept()', { timeout: 30_000 }, () => {
  const version: ProtocolVersion = 'TLSv1.3'
  const openssl = { peer: 'openssl s_client', role: 'server', version } as const

  /** Says what came early, and what became of it. */
  async function tell(connection: TlsServerConnection): Promise<void> {
    const early = await readAll(connection.earlyData)
    const { earlyData } = await connection.opened
    await send(connection.writable, `early: ${text(early)} (${earlyData})\n`)
    await connection.close()
  }

  for (const [how, make] of [
    ['a cache', () => ({ sessionCache: memoryServerSessionCache() })],
    ['tickets and a cache', () => ({ ticketKeys: new TicketKeys(), sessionCache: memoryServerSessionCache() })],
  ] as const) {
    proves('early-data', openssl, `is taken once, with ${how}`, async () => {
      const options: Partial<AcceptOptions> = { ...make(), maxEarlyDataBytes: 1000 }
      const port = await serving(() => options, tell)
      const [kept, early] = [newFile('session.pem'), newFile('early')]
      writeFileSync(early, 'what comes early')
      const go = async (...args: readonly string[]) => {
        const peer = await startOpensslClient(port, version, args)
        const [told] = await peer.printed(/early: .*\)/)
        await peer.end()
        return [told, /Early data was [a-z ]+/.exec(peer.log)?.[0]]
      }
      expect(await go('-sess_out', kept)).toEqual(['early:  (not sent)', 'Early data was not sent'])
      expect(await go('-sess_in', kept, '-early_data', early)).toEqual(['early: what comes early (accepted)', 'Early data was accepted'])
      expect(await go('-sess_in', kept, '-early_data', early)).toEqual(['early:  (rejected)', 'Early data was rejected'])
    })
  }

  proves('early-data', { ...openssl, peer: 'gnutls-cli' }, 'is taken', async () => {
    const sessionCache = memoryServerSessionCache()
    const seen: string[] = []
    const port = await serving(() => ({ sessionCache, maxEarlyDataBytes: 1000 }), async (connection) => {
      seen.push(text(await readAll(connection.earlyData)))
      await greet(connection)
    })
    const early = newFile('early')
    writeFileSync(early, 'what comes early')
    const { peer } = await startGnutlsClient(port, version, ['--resume', '--waitresumption', '--earlydata', early])
    await peer.end()
    expect(seen).toEqual(['', 'what comes early'])
  })
})
