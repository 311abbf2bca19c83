// Sessions on the side of accept(): keys of tickets that rotate and travel, the cache.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { memoryServerSessionCache, TicketKeys, TlsSession, type AcceptOptions, type ServerSessionCache } from '../../../src/index.js'
import { authority, localhost } from '../../helpers/certificates.js'
import { opened, peers, rejection, VERSIONS, type PeersOptions } from '../../helpers/stream-peers.js'

/** One connection; whether it was resumed, and the last session that came. */
async function once(options: PeersOptions): Promise<{ resumed: boolean; session: TlsSession | undefined }> {
  let session: TlsSession | undefined
  const { client, server } = await opened({ ...options, client: { onSession: (one) => { session = one }, ...options.client } })
  const writer = server.writable.getWriter()
  await Promise.all([writer.write(Uint8Array.of(1)), client.readable.getReader().read()])
  writer.releaseLock()
  const { resumed } = await server.opened
  expect((await client.opened).resumed).toBe(resumed)
  await Promise.all([client.close(), server.close()])
  return { resumed, session }
}

describe.each(VERSIONS)('TicketKeys under %s', (version) => {
  const withKeys = (ticketKeys: TicketKeys, session?: TlsSession) =>
    once({ version, server: { ticketKeys }, client: session ? { session } : {} })

  it('accepts tickets of older keys and renews them, and forgets keys', async () => {
    const keys = new TicketKeys(undefined, { maxKeys: 2 })
    const first = (await withKeys(keys)).session!
    keys.rotate()
    const second = await withKeys(keys, first)
    expect(second.resumed).toBe(true)
    keys.rotate() // the first key is gone, the second one's ticket is good
    expect((await withKeys(keys, first)).resumed).toBe(false)
    expect((await withKeys(keys, second.session)).resumed).toBe(true)
  })

  it('works on another machine by its bytes', async () => {
    const keys = new TicketKeys()
    const { session } = await withKeys(keys)
    keys.rotate()
    expect((await withKeys(new TicketKeys(keys.toBytes()), session)).resumed).toBe(true)
    expect((await withKeys(new TicketKeys(), session)).resumed).toBe(false)
  })

  it('keeps of its bytes the newest maxKeys', async () => {
    const keys = new TicketKeys()
    const old = (await withKeys(keys)).session
    keys.rotate()
    const { session } = await withKeys(keys)
    const one = new TicketKeys(keys.toBytes(), { maxKeys: 1 })
    expect(one.toBytes()[5]).toBe(1)
    expect((await withKeys(one, old)).resumed).toBe(false)
    expect((await withKeys(one, session)).resumed).toBe(true)
  })

  it('rotates by age when it is used', async () => {
    const keys = new TicketKeys(undefined, { rotateAfterMs: 3_600_000, maxKeys: 2 })
    const { session } = await withKeys(keys)
    const aged = keys.toBytes()
    new DataView(aged.buffer).setFloat64(6, Date.now() - 3_600_001)
    const old = new TicketKeys(aged, { rotateAfterMs: 3_600_000, maxKeys: 2 })
    expect((await withKeys(old, session)).resumed).toBe(true)
    expect(old.toBytes()[5]).toBe(2)
    expect(keys.toBytes()[5]).toBe(1)
  })

  it('makes nothing of broken tickets but full handshakes', async () => {
    const keys = new TicketKeys()
    const { session } = await withKeys(keys)
    const name = keys.toBytes().subarray(14, 30)
    const at = find(session!.parts.asn1, name)
    expect(at).toBeGreaterThan(0)
    for (const offset of [0, 16, 40, 100]) { // its key's name, its IV, what is encrypted
      const asn1 = session!.parts.asn1.slice()
      asn1[at + offset]! ^= 1
      expect((await withKeys(keys, new TlsSession({ ...session!.parts, asn1 }))).resumed, String(offset)).toBe(false)
    }
    expect((await withKeys(keys, session)).resumed).toBe(true)
  })
})

function find(haystack: Uint8Array, needle: Uint8Array): number {
  return haystack.findIndex((_, at) => needle.every((byte, index) => haystack[at + index] === byte))
}

describe('TicketKeys', () => {
  it('refuses bytes that are not those of TicketKeys, and options that make no sense', () => {
    const bytes = new TicketKeys().toBytes()
    const broken = [new Uint8Array(), bytes.subarray(0, 5), bytes.subarray(0, -1), Uint8Array.of(...bytes, 0),
      bytes.map((byte, index) => (index === 5 ? 2 : byte)), bytes.map((byte, index) => (index === 5 ? 0 : byte)),
      bytes.map((byte, index) => (index === 4 ? 9 : byte)), new Uint8Array(94)]
    for (const wrong of broken) expect(() => new TicketKeys(wrong)).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT' }))
    for (const wrong of [{ maxKeys: 0 }, { maxKeys: 1.5 }, { maxKeys: 17 }, { rotateAfterMs: 0 }, { rotateAfterMs: NaN }]) {
      expect(() => new TicketKeys(undefined, wrong)).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT' }))
    }
  })
})

describe.each(VERSIONS)('sessionCache under %s', (version) => {
  it('is asked for what it was given, by the same id', async () => {
    const calls: string[] = []
    const cache = memoryServerSessionCache()
    const sessionCache: ServerSessionCache = {
      get: (id) => { calls.push(`get ${id}`); return cache.get(id) },
      put: (id, session, expiresAtMs) => {
        calls.push(`put ${id}`)
        expect(expiresAtMs).toBeGreaterThan(Date.now())
        cache.put(id, session, expiresAtMs)
      },
      delete: (id) => { calls.push(`delete ${id}`); cache.delete(id) },
    }
    const server = { sessionCache, numTickets: 1 }
    const { session } = await once({ version, server })
    expect(calls).toEqual([expect.stringMatching(/^put [0-9A-F]{64}$/)])
    const put = calls.pop()!
    expect((await once({ version, server, client: { session: session! } })).resumed).toBe(true)
    expect(calls[0]).toBe(put.replace('put', 'get'))
  })

  it('that gives back what is broken, or nothing, makes for full handshakes', async () => {
    const { session } = await once({ version, server: { sessionCache: memoryServerSessionCache() } })
    for (const bytes of [undefined, null, new Uint8Array(), Uint8Array.of(0x30, 0x82), new Uint8Array(1000)]) {
      const server: Partial<AcceptOptions> = { sessionCache: { get: () => bytes, put() {}, delete() {} } }
      expect((await once({ version, server, client: { session: session! } })).resumed).toBe(false)
    }
  })

  it('that answers later, or with what are no bytes, is an error that names it', async () => {
    const { session } = await once({ version, server: { sessionCache: memoryServerSessionCache() } })
    for (const answer of [Promise.resolve(undefined), 'text', 1, {}]) {
      const sessionCache: ServerSessionCache = { get: () => answer as never, put() {}, delete() {} }
      const both = peers({ version, server: { sessionCache }, client: { session: session! } })
      expect(await rejection(both.server.closed)).toMatchObject({
        name: 'ApiMisuseError', code: 'ERR_TLS_INVALID_OPTION', option: 'sessionCache', message: expect.stringContaining('at once'),
      })
      both.client.abort()
    }
  })

  it('that throws ends the connection with that, and the client is told', async () => {
    const why = new Error('no')
    const { session } = await once({ version, server: { sessionCache: memoryServerSessionCache() } })
    const broken = peers({
      version, server: { sessionCache: { get: () => { throw why }, put() {}, delete() {} } }, client: { session: session! },
    })
    expect(await rejection(broken.server.closed)).toBe(why)
    broken.client.abort()
    const full = peers({ version, server: { sessionCache: { get: () => undefined, put: () => { throw why }, delete() {} } } })
    expect(await rejection(full.server.closed)).toBe(why)
    full.client.abort()
  })

  it('in memory forgets the oldest, and what has expired', () => {
    const cache = memoryServerSessionCache({ maxEntries: 2 })
    const later = Date.now() + 60_000
    for (const id of ['a', 'b', 'c']) cache.put(id, Uint8Array.of(1), later)
    expect(['a', 'b', 'c'].map((id) => cache.get(id)?.byteLength)).toEqual([undefined, 1, 1])
    cache.put('b', Uint8Array.of(1), Date.now() - 1)
    expect(cache.get('b')).toBe(undefined)
    expect(() => memoryServerSessionCache({ maxEntries: 0 })).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT' }))
  })
})

describe.each(VERSIONS)('a session and the name that it was made for, under %s', (version) => {
  const { cert, key } = authority.leaf({ san: 'DNS:localhost,DNS:elsewhere,IP:127.0.0.1' })

  it.each<[string, () => Partial<AcceptOptions>]>([
    ['tickets', () => ({ ticketKeys: new TicketKeys() })], ['a cache', () => ({ sessionCache: memoryServerSessionCache() })],
    ['tickets, and a callback that is told the name', () => ({ ticketKeys: new TicketKeys(), onClientHello: () => {} })],
    ['a cache, and a callback that is told the name', () => ({ sessionCache: memoryServerSessionCache(), onClientHello: () => {} })],
  ])('TLS 1.2 resumes it for no other (RFC 6066 §3), with %s', async (_, make) => {
    const server = { cert, key, ...make() }
    const resumes = async (first: string, second: string) => {
      const { session } = await once({ version, server, client: { servername: first } })
      // A client of ours would not offer it for another name.
      const offered = new TlsSession({ ...session!.parts, servername: second })
      return (await once({ version, server, client: { servername: second, session: offered } })).resumed
    }
    expect(await resumes('localhost', 'localhost')).toBe(true)
    expect(await resumes('localhost', 'LocalHost')).toBe(true)
    expect(await resumes('localhost', 'elsewhere')).toBe(version === 'TLSv1.3')
    // No name is no other name.
    for (const [first, second] of [['127.0.0.1', '127.0.0.1'], ['localhost', '127.0.0.1'], ['127.0.0.1', 'localhost']] as const) {
      expect(await resumes(first, second), `${first}, ${second}`).toBe(true)
    }
  })
})

describe.each(VERSIONS)('the session of a client whose certificate expires, under %s', (version) => {
  const CERTIFICATE_EXPIRED = 45
  const renewed = authority.leaf({ name: 'client' })
  const until = (time: number) => new Date(time).toISOString().replace(/\.\d+|[-:T]/g, '')
  afterEach(() => { vi.restoreAllMocks() })

  it.each<[string, () => Partial<AcceptOptions>]>([
    ['tickets', () => ({ ticketKeys: new TicketKeys() })],
    ['a cache', () => ({ sessionCache: memoryServerSessionCache() })],
    ['a cache that forgets nothing', () => {
      const sessions = new Map<string, Uint8Array>()
      return {
        sessionCache: {
          get: (id) => sessions.get(id), put: (id, session) => { sessions.set(id, session) }, delete: (id) => { sessions.delete(id) },
        },
      }
    }],
    ['a cache, and early data', () => ({ sessionCache: memoryServerSessionCache(), ticketKeys: new TicketKeys(), maxEarlyDataBytes: 100 })],
  ])('makes for a full handshake afterwards, with %s', async (_, make) => {
    const now = Date.now()
    const own = authority.leaf({ name: 'client', notAfter: until(now + 60_000) })
    const server = { ...make(), ca: authority.ca.cert }
    const client = { cert: own.cert, key: own.key, useExpiredCert: true }
    const sessions: TlsSession[] = []
    await once({ version, server, client: { ...client, onSession: (session) => { sessions.push(session) } } })
    const [session, another = session] = sessions
    const before = await once({ version, server, client: { ...client, session: session! } })
    expect(before.resumed).toBe(true)
    vi.spyOn(Date, 'now').mockImplementation(() => now + 120_000)
    const late = peers({ version, server, client: { ...client, session: before.session ?? another! } })
    expect(await rejection(late.server.opened)).toMatchObject({
      name: 'CertificateError', code: 'CERT_HAS_EXPIRED', certificate: { subject: 'CN=client' },
      alert: { from: 'us', description: CERTIFICATE_EXPIRED },
    })
    late.client.abort()
    // The trust is the same with another certificate if the session is told so: a client that has renewed its own just goes on.
    const { trust } = (await once({ version, server, client: { cert: renewed.cert, key: renewed.key } })).session!.parts
    const moved = new TlsSession({ ...(before.session ?? another!).parts, trust })
    const after = await once({ version, server, client: { cert: renewed.cert, key: renewed.key, session: moved } })
    expect(after.resumed).toBe(false)
    expect((await once({ version, server, client: { cert: renewed.cert, key: renewed.key, session: after.session! } })).resumed).toBe(true)
  })

  it('leaves the cache with the certificate', async () => {
    const end = Math.floor(Date.now() / 1000) * 1000 + 60_000
    const own = authority.leaf({ name: 'client', notAfter: until(end) })
    const put: number[] = []
    const sessionCache: ServerSessionCache = { get: () => undefined, put: (_, __, expiresAtMs) => { put.push(expiresAtMs) }, delete() {} }
    await once({ version, server: { sessionCache, ca: authority.ca.cert }, client: { cert: own.cert, key: own.key } })
    expect(new Set(put)).toEqual(new Set([end]))
  })
})

describe.each(VERSIONS)('the name that a client asks for, under %s', (version) => {
  const chooser = (seen: unknown[]): Partial<AcceptOptions> => ({ alpnProtocols: (_, name) => { seen.push(name); return 'x' } })
  const cases: readonly [string, (seen: unknown[]) => Partial<AcceptOptions>][] = [
    ['asked of nobody', () => ({})],
    ['told to the chooser of protocols', chooser],
    ['told when the ClientHello is answered in time',
      (seen) => ({
        ...chooser(seen), onClientHello: async () => ({ minVersion: version, cert: localhost.cert, key: localhost.key, ...chooser(seen) }),
      })],
    ['told to verify', (seen) => ({ ca: authority.ca.cert, verify: (_, { servername, resumed }) => { seen.push(servername, resumed) } })],
  ]
  it.each(cases)('is that of a resumed connection, too: %s', async (_, options) => {
    const { cert, key } = authority.leaf({ name: 'client' })
    for (const make of [() => ({ ticketKeys: new TicketKeys() }), () => ({ sessionCache: memoryServerSessionCache() })]) {
      const shared = make()
      let session: TlsSession | undefined
      const heard: unknown[][] = []
      for (let i = 0; i < 2; i++) {
        const seen: unknown[] = []
        const both = await opened({
          version, server: { ...shared, ...options(seen) },
          client: { cert, key, alpnProtocols: ['x'], onSession: (one) => { session = one }, ...(session && { session }) },
        })
        expect(await both.server.opened).toMatchObject({ servername: 'localhost', resumed: i === 1 })
        const writer = both.server.writable.getWriter()
        await Promise.all([writer.write(Uint8Array.of(1)), both.client.readable.getReader().read()])
        writer.releaseLock()
        await Promise.all([both.client.close(), both.server.close()])
        heard.push(seen.filter((one) => typeof one !== 'boolean'))
      }
      expect(heard[1]).toEqual(heard[0])
      expect(heard.flat().every((name) => name === 'localhost')).toBe(true)
    }
  })
})
