// createContext(): what many connections share, and what stays each one's own.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import * as C from '../../src/ffi/functions.gen.js'
import {
  accept, connect, createContext, load, memoryServerSessionCache, memorySessionStore, memoryTransportPair, TicketKeys,
  type AcceptOptions, type ConnectOptions, type LibSsl, type TlsConnection, type TlsServerConnection, type TlsSession,
} from '../../src/index.js'
import {
  client as clientEnd, placeOf, server as serverEnd, type ClientConnectionOptions, type ServerConnectionOptions,
} from '../../src/frontends/options.js'
import { authority, localhost, temporaryAuthority } from '../helpers/certificates.js'
import { closeBoth, rejection, talkAndClose, VERSIONS } from '../helpers/stream-peers.js'
import { caught } from '../helpers/traps.js'

const ca = authority.ca.cert
const { cert, key } = localhost
const servername = 'localhost'

let libssl: LibSsl
beforeAll(async () => { libssl = await load() })
afterEach(() => { vi.restoreAllMocks() })

function both(client: ConnectOptions, server: AcceptOptions): { client: TlsConnection; server: TlsServerConnection } {
  const [near, far] = memoryTransportPair()
  return { client: connect(near, client), server: accept(far, server) }
}

async function opened(client: ConnectOptions, server: AcceptOptions): Promise<ReturnType<typeof both>> {
  const pair = both(client, server)
  await Promise.all([pair.client.opened, pair.server.opened])
  return pair
}

/** A byte from server to client, so that sessions have come; then the end. Whether it was resumed. */
async function once(client: ConnectOptions, server: AcceptOptions): Promise<boolean> {
  const pair = await opened(client, server)
  const writer = pair.server.writable.getWriter()
  await Promise.all([writer.write(Uint8Array.of(1)), pair.client.readable.getReader().read()])
  writer.releaseLock()
  await Promise.all([pair.client.close(), pair.server.close()])
  return (await pair.client.opened).resumed
}

/** How often OpenSSL is asked to read or make something. */
function counted(): Readonly<Record<'contexts' | 'anchors' | 'keys', () => number>> {
  const count = (call: typeof C.SSL_CTX_new | typeof C.X509_STORE_add_certs | typeof C.SSL_CTX_use_PrivateKey) => {
    const spy = vi.spyOn(libssl.ffi, call)
    return () => spy.mock.calls.length
  }
  return { contexts: count(C.SSL_CTX_new), anchors: count(C.X509_STORE_add_certs), keys: count(C.SSL_CTX_use_PrivateKey) }
}

describe.each(VERSIONS)('createContext, %s', (version) => {
  const pinned = { minVersion: version, maxVersion: version } as const

  it('serves many connections at once, and reads nothing twice', async () => {
    const count = counted()
    const [client, server] = [createContext({ ...pinned, ca, libssl }), createContext({ ...pinned, cert, key, libssl })]
    await Promise.all(Array.from({ length: 20 }, async () => {
      const pair = await opened({ context: client, servername }, { context: server })
      expect(await pair.client.opened).toMatchObject({ protocol: version, verifyResult: 'X509_V_OK' })
      await talkAndClose(pair)
    }))
    expect([count.contexts(), count.keys()]).toEqual([2, 1])
    expect(count.anchors()).toBeLessThanOrEqual(1)
    for (const context of [client, server]) context.free()
  })

  it('one serves both sides, each with its certificate', async () => {
    const context = createContext({ ...pinned, ca, cert, key })
    const pair = await opened({ context, servername }, { context })
    for (const side of [pair.client, pair.server]) expect((await side.opened).peerCertificate?.names.dns).toContain('localhost')
    await closeBoth(pair)
  })

  it('its ALPN protocols are a default: the connection may say others', async () => {
    const [client, server] = [
      createContext({ ...pinned, ca, alpnProtocols: ['a', 'b'] }), createContext({ ...pinned, cert, key, alpnProtocols: ['b'] }),
    ]
    const alpn = async (ofClient: object, ofServer: object) => {
      const pair = await opened({ context: client, servername, ...ofClient }, { context: server, ...ofServer })
      await closeBoth(pair)
      return (await pair.client.opened).alpnProtocol
    }
    expect(await alpn({}, {})).toBe('b')
    expect(await alpn({ alpnProtocols: ['c', 'b'] }, { alpnProtocols: ['c'] })).toBe('c')
    expect(await alpn({}, { alpnProtocols: (offered: readonly string[]) => offered[0] })).toBe('a')
    expect(await alpn({ alpnProtocols: undefined }, {})).toBe('b')
  })

  it('callbacks beside it are this connection\'s alone', async () => {
    const [client, server] = [createContext({ ...pinned, ca, verify: () => false }), createContext({ ...pinned, cert, key })]
    const lines: string[] = []
    const kept = both({ context: client, servername }, { context: server })
    const told = both({ context: client, servername, verify: () => true, onKeylog: (line) => lines.push(line) }, { context: server })
    expect(await rejection(kept.client.opened)).toMatchObject({ code: 'APPLICATION_VERIFICATION' })
    await rejection(kept.server.closed)
    await told.client.opened
    await closeBoth(told)
    expect(new Set(lines).size).toBe(lines.length)
    expect(lines.filter((line) => /^CLIENT_RANDOM|^CLIENT_HANDSHAKE/.test(line))).toHaveLength(1)
  })

  it('a certificate that is chosen when asked for is this connection\'s', async () => {
    const { cert: ownCert, key: ownKey } = authority.leaf({ name: 'somebody' })
    const [client, server] = [createContext({ ...pinned, ca }), createContext({ ...pinned, cert, key, ca, clientCertificate: 'optional' })]
    for (const [more, subject] of [
      [{ onCertificateRequest: () => ({ cert: ownCert, key: ownKey }) }, expect.stringContaining('somebody')], [{}, undefined],
    ] as const) {
      const pair = await opened({ context: client, servername, ...more }, { context: server })
      expect((await pair.server.opened).peerCertificate?.subject).toEqual(subject)
      await closeBoth(pair)
    }
  })

  it('reads a certificate that is chosen again and again once', async () => {
    const { cert: ownCert, key: ownKey } = authority.leaf({ name: 'somebody' })
    const [client, server] = [createContext({ ...pinned, ca, libssl }), createContext({ ...pinned, cert, key, ca })]
    const once = async () => closeBoth(
      await opened(
        { context: client, servername, onCertificateRequest: async () => ({ cert: ownCert, key: ownKey }) }, { context: server },
      ),
    )
    await once()
    const count = counted()
    await once()
    expect([count.contexts(), count.keys()]).toEqual([0, 0])
  })

  it('sessions are resumed across its connections, under keys that rotate meanwhile', async () => {
    const ticketKeys = new TicketKeys(undefined, { maxKeys: 2 })
    const [client, server] = [createContext({ ...pinned, ca }), createContext({ ...pinned, cert, key, ticketKeys })]
    let session!: TlsSession
    const again = (given?: TlsSession) =>
      once({ context: client, servername, session: given, onSession: (one) => { session = one } } as ConnectOptions, { context: server })
    expect(await again()).toBe(false)
    const first = session
    expect(await again(first)).toBe(true)
    ticketKeys.rotate()
    expect(await again(first)).toBe(true)
    ticketKeys.rotate()
    expect(await again(first)).toBe(false)
    // The same options without a context trust the same.
    expect(await once({ ...pinned, ca, servername, session }, { ...pinned, cert, key, ticketKeys })).toBe(true)
  })

  it('its store and its cache serve all connections, and nothing else remembers', async () => {
    const sessionCache = memoryServerSessionCache()
    const entries = vi.spyOn(sessionCache, 'get')
    const [client, server] = [
      createContext({ ...pinned, ca, sessionStore: memorySessionStore() }), createContext({ ...pinned, cert, key, sessionCache }),
    ]
    expect(await once({ context: client, servername }, { context: server })).toBe(false)
    expect(await once({ context: client, servername }, { context: server })).toBe(true)
    entries.mockImplementation(() => undefined)
    expect(await once({ context: client, servername }, { context: server })).toBe(false)
  })

  it('without ticketKeys and sessionCache a server gives no sessions', async () => {
    const sessions: TlsSession[] = []
    const [client, server] = [createContext({ ...pinned, ca }), createContext({ ...pinned, cert, key })]
    for (const session of [undefined, undefined]) {
      await once(
        { context: client, servername, session, onSession: (one) => { sessions.push(one) } } as ConnectOptions, { context: server },
      )
    }
    expect(
      await Promise.all(sessions.map((session) => once({ context: client, servername, session }, { context: server }))),
    ).not.toContain(true)
  })

  it('a session that was made without verify is not one of a connection with it, on either side', async () => {
    const ticketKeys = new TicketKeys()
    const verify = () => true
    const [client, server] = [createContext({ ...pinned, ca, cert, key }), createContext({ ...pinned, cert, key, ca, ticketKeys })]
    let session!: TlsSession
    const again = (ofClient: object, ofServer: object) => once(
      { context: client, servername, onSession: (one: TlsSession) => { session = one }, ...ofClient }, { context: server, ...ofServer },
    )
    await again({}, {})
    expect(await again({ session }, {})).toBe(true)
    expect(await again({ session, verify }, {})).toBe(false)
    await again({}, {})
    expect(await again({ session }, { verify })).toBe(false)
    expect(await again({ session }, { verify })).toBe(true)
  })

  it('makes the answers to a ClientHello once for each', async () => {
    const { cert: otherCert, key: otherKey } = authority.leaf({ name: 'other.example', san: 'DNS:other.example' })
    const onClientHello = vi.fn(({ servername: name }: { servername: string | undefined }) =>
      (name === 'other.example' ? { cert: otherCert, key: otherKey, minVersion: version } : undefined))
    const [client, server] = [createContext({ ...pinned, ca, libssl }), createContext({ ...pinned, cert, key, onClientHello, libssl })]
    const names = ['other.example', 'localhost', 'other.example', 'other.example']
    const once = async (name: string) => {
      const pair = await opened({ context: client, servername: name }, { context: server })
      await closeBoth(pair)
    }
    await once(names[0]!)
    const count = counted()
    for (const name of names) await once(name)
    expect(onClientHello).toHaveBeenCalledTimes(5)
    expect(count.contexts()).toBe(0)
  })

  it('early data counts once, though the server\'s context goes on', async () => {
    if (version === 'TLSv1.2') return
    const sessionCache = memoryServerSessionCache()
    const [client, server] = [
      createContext({ ...pinned, ca }), createContext({ ...pinned, cert, key, sessionCache, maxEarlyDataBytes: 100 }),
    ]
    let session!: TlsSession
    await once({ context: client, servername, onSession: (one) => { session = one } }, { context: server })
    const told: unknown[] = []
    for (let i = 0; i < 2; i++) {
      const pair = await opened({ context: client, servername, session, earlyData: Uint8Array.of(1) }, { context: server })
      told.push((await pair.client.opened).earlyData)
      await closeBoth(pair)
    }
    expect(told).toEqual(['accepted', 'rejected'])
  })

  it('a connection that is open goes on when it is freed, and so does one that was begun', async () => {
    for (const more of [{}, { libssl }]) {
      const [client, server] = [createContext({ ...pinned, ca, ...more }), createContext({ ...pinned, cert, key, ...more })]
      const open = await opened({ context: client, servername }, { context: server })
      const begun = both({ context: client, servername }, { context: server })
      for (const context of [client, server, client]) context.free()
      await talkAndClose(open)
      await Promise.all([begun.client.opened, begun.server.opened])
      await talkAndClose(begun)
      for (const start of [
        () => connect(memoryTransportPair()[0], { context: client, servername }),
        () => accept(memoryTransportPair()[0], { context: server }),
      ]) {
        expect(start).toThrow(expect.objectContaining({ code: 'ERR_TLS_DISPOSED', option: 'context' }))
      }
    }
  })

  it('looks at its certificate again before each connection', async () => {
    const [client, server] = [createContext({ ...pinned, ca, libssl }), createContext({ ...pinned, cert, key, libssl })]
    await closeBoth(await opened({ context: client, servername }, { context: server }))
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10_000 * 86_400_000 })
    try {
      const { client: refused, server: expired } = both({ context: client, servername }, { context: server })
      expect(await rejection(expired.opened)).toMatchObject({ code: 'ERR_TLS_CERT_EXPIRED', option: 'cert' })
      await rejection(refused.opened)
    } finally {
      vi.useRealTimers()
    }
  })

  it('without a context, what is the same for connections of an instance is read once', async () => {
    const stranger = temporaryAuthority('another CA').ca.cert
    const [near, far] = [{ ...pinned, ca: [ca, stranger], servername, libssl }, { ...pinned, cert, key, libssl }]
    await closeBoth(await opened(near, far))
    const count = counted()
    for (let i = 0; i < 3; i++) {
      await closeBoth(
        await opened(
          { ...near, ca: [ca, stranger], alpnProtocols: [`${i}`] }, { ...far, handshakeTimeoutMs: 1000 + i, alpnProtocols: [`${i}`] },
        ),
      )
    }
    expect([count.contexts(), count.anchors(), count.keys()]).toEqual([0, 0, 0])
    // Not what differs.
    const { client, server } = both({ ...near, ca: [stranger] }, far)
    expect(await rejection(client.opened)).toMatchObject({ code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' })
    await rejection(server.closed)
  })
})

describe('createContext', () => {
  it('refuses what belongs to a connection, and says where it goes', () => {
    // @ts-expect-error the types know it, too
    expect(() => createContext({ ca, servername })).toThrow(
      expect.objectContaining({ code: 'ERR_TLS_INVALID_OPTION', option: 'servername', message: expect.stringContaining('connect()') }),
    )
    expect(() => createContext({ onIo() {} } as never)).toThrow(
      expect.objectContaining({
        code: 'ERR_TLS_INVALID_OPTION', option: 'onIo', message: expect.stringContaining('connect() or accept()'),
      }),
    )
    expect(() => createContext({ context: createContext({}) } as never))
      .toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_OPTION', option: 'context' }))
  })

  it('connect and accept refuse beside it what belongs to it', () => {
    const context = createContext({ ca, cert, key })
    const [transport] = memoryTransportPair()
    for (const option of [{ ca }, { libssl }, { minVersion: 'TLSv1.3' }, { cert, key }] as const) {
      const refused = {
        code: 'ERR_TLS_INVALID_OPTION', option: Object.keys(option)[0], message: expect.stringContaining('createContext()'),
      }
      expect(() => connect(transport, { context, servername, ...option })).toThrow(expect.objectContaining(refused))
      expect(() => accept(transport, { context, ...option })).toThrow(expect.objectContaining(refused))
    }
  })

  it('throws for options of neither side, and for a side when it is used there', () => {
    const [transport] = memoryTransportPair()
    const ofClient = createContext({ ca })
    const ofServer = createContext({ cert, key, ticketKeys: new TicketKeys() })
    expect(() => accept(transport, { context: ofClient }))
      .toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_OPTION', option: 'cert' }))
    expect(() => connect(transport, { context: ofServer, servername }))
      .toThrow(expect.objectContaining({ code: 'ERR_TLS_UNKNOWN_OPTION', option: 'ticketKeys' }))
    expect(() => connect(transport, { context: ofClient }))
      .toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_OPTION', option: 'servername' }))
    const code = (options: object) => {
      try {
        createContext(options)
      } catch (error) {
        const { code, option } = error as { code: string; option?: string }
        return `${code} ${option}`
      }
      return 'accepted'
    }
    expect(code({ cert })).toBe('ERR_TLS_INVALID_OPTION key')
    expect(code({ ticketKeys: new TicketKeys() })).toBe('ERR_TLS_INVALID_OPTION cert')
    expect(code({ cert, key, ticketKeys: new TicketKeys(), ocsp: 'request' })).toBe('ERR_TLS_UNKNOWN_OPTION ticketKeys')
    expect(code({ minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' })).toBe('ERR_TLS_INVALID_OPTION minVersion')
    expect(code({ ca: 1 })).toBe('ERR_TLS_INVALID_OPTION ca')
    expect(code({ rejectUnauthorized: true })).toBe('ERR_TLS_UNKNOWN_OPTION rejectUnauthorized')
    expect(code({ cert, key, alpnProtocols: () => undefined })).toBe('accepted')
    expect(code({})).toBe('accepted')
  })

  it('what belongs together may be said in two places', () => {
    const context = createContext({ ca, cert, key, dangerouslyReplaceVerification: true })
    expect(() => connect(memoryTransportPair()[0], { context, servername })).toThrow(expect.objectContaining({ option: 'verify' }))
    connect(memoryTransportPair()[0], { context, servername, verify: () => false }).abort()
    expect(() => connect(memoryTransportPair()[0], { context, servername, verify: () => true, onCertificateRequest: () => {} }))
      .toThrow(expect.objectContaining({ option: 'onCertificateRequest' }))
  })

  it('throws at once with libssl what OpenSSL refuses, and else rejects the connection with it', async () => {
    const broken = { ca: 'no certificate' }
    expect(() => createContext({ ...broken, libssl })).toThrow(expect.objectContaining({ code: 'ERR_PEM_NO_START_LINE', option: 'ca' }))
    expect(() => createContext({ cert, key: temporaryAuthority().leaf().key, libssl }))
      .toThrow(expect.objectContaining({ code: 'ERR_TLS_KEY_MISMATCH', option: 'key' }))
    const client = connect(memoryTransportPair()[0], { context: createContext(broken), servername })
    expect(await rejection(client.opened)).toMatchObject({ code: 'ERR_PEM_NO_START_LINE', option: 'ca' })
  })

  it('copies its options', async () => {
    const bytes = Buffer.from(key)
    const context = createContext({ cert, key: bytes })
    bytes.fill(0)
    await closeBoth(await opened({ ca, servername }, { context }))
  })

  it('without libssl its connections share one instance, which is loaded once', async () => {
    const context = createContext({ ca, cert, key })
    const [one, other] = await Promise.all([context.instance(), context.instance()])
    expect(one).toBe(other)
    expect(await createContext({ ca }).instance()).not.toBe(one)
    const before = one.allocatedBytes
    const pair = await opened({ context, servername }, { context })
    expect(one.allocatedBytes).toBeGreaterThan(before)
    await closeBoth(pair)
  })

  it('goes on in another instance when its own has ended by a trap', async () => {
    const context = createContext({ ca, cert, key })
    const broken = await opened({ context, servername }, { context })
    const lib = await context.instance()
    expect(caught(() => lib.ffi[C.SSL_pending](0x7fffff00 as never))).toMatchObject({ code: 'ERR_TLS_WASM_ABORT' })
    for (const side of [broken.client, broken.server]) expect(await rejection(side.closed)).toMatchObject({ code: 'ERR_TLS_WASM_ABORT' })
    await talkAndClose(await opened({ context, servername }, { context }))
    expect(await context.instance()).not.toBe(lib)
  })

  it('says of a context of another copy of the package what it is', async () => {
    const copy: object = await import('../../dist/index.js')
    expect(
      () => connect(memoryTransportPair()[0], { context: (copy as { createContext: typeof createContext }).createContext({}), servername }),
    )
      .toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_OPTION', option: 'context', message: expect.stringContaining('copy') }))
  })

  it('is freed when it is collected', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const settled = libssl.allocatedBytes
    let freed = 0
    ;(() => {
      const context = createContext({ cert, key, securityLevel: 3, libssl })
      context.onFree(() => { freed++ })
    })()
    expect(libssl.allocatedBytes).toBeGreaterThan(settled)
    await vi.waitFor(() => {
      collect()
      expect(freed).toBe(1)
    }, { timeout: 30_000, interval: 10 })
    expect(libssl.allocatedBytes).toBeLessThanOrEqual(settled + 1024)
  })

  it('places of options are the same as data and as types', () => {
    const client: Record<Exclude<keyof ClientConnectionOptions, never>, 'connection' | 'either'> = {
      signal: 'connection', handshakeTimeoutMs: 'connection', closeTimeoutMs: 'connection', highWaterMarkBytes: 'connection',
      onIo: 'connection', onTrace: 'connection', onKeylog: 'connection', keylogFile: 'connection', servername: 'connection',
      acceptedNames: 'connection', session: 'connection', sessionKey: 'connection', earlyData: 'connection', ech: 'connection',
      maxCertificateListBytes: 'either', alpnProtocols: 'either', verify: 'either', onCertificateRequest: 'either', onSession: 'either',
    }
    const server: Record<keyof ServerConnectionOptions, 'connection' | 'either'> = {
      signal: 'connection', handshakeTimeoutMs: 'connection', closeTimeoutMs: 'connection', highWaterMarkBytes: 'connection',
      onIo: 'connection', onTrace: 'connection', onKeylog: 'connection', keylogFile: 'connection',
      maxCertificateListBytes: 'either', alpnProtocols: 'either', verify: 'either', onClientHello: 'either',
    }
    for (const [end, placed] of [[clientEnd, client], [serverEnd, server]] as const) {
      const names = end.features.flatMap(({ checks }) => Object.keys(checks))
      const expected = Object.fromEntries(
        names.map((name) => [name, name === 'context' ? 'connection' : (placed as Record<string, string>)[name] ?? 'context']),
      )
      expect(Object.fromEntries(names.map((name) => [name, placeOf(end, name)]))).toEqual(expected)
    }
  })
})
