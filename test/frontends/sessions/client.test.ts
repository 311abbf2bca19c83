// Sessions between connect() and accept(): what is kept, what is offered, and to whom it is not.

import { describe, expect, it } from 'vitest'
import {
  memoryServerSessionCache, memorySessionStore, TicketKeys, TlsSession, type AcceptOptions, type ConnectionInfo, type ConnectOptions,
  type SessionStore,
} from '../../../src/index.js'
import { authority, temporaryAuthority } from '../../helpers/certificates.js'
import { isPending, opened, peers, rejection, until, VERSIONS, type PeersOptions } from '../../helpers/stream-peers.js'

/** One connection: a byte each way, so that tickets arrive; both sides' view of it, and the sessions that came. */
async function once(options: PeersOptions): Promise<{ client: ConnectionInfo; server: ConnectionInfo; sessions: TlsSession[] }> {
  const sessions: TlsSession[] = []
  const { client, server } = await opened({ ...options, client: { onSession: (session) => sessions.push(session), ...options.client } })
  const writer = server.writable.getWriter()
  await Promise.all([writer.write(Uint8Array.of(1)), client.readable.getReader().read()])
  writer.releaseLock()
  const views = { client: await client.opened, server: await server.opened, sessions }
  await Promise.all([client.close(), server.close()])
  return views
}

const strangers = temporaryAuthority('another CA')

describe.each(VERSIONS)('sessions under %s', (version) => {
  const servers: readonly [string, () => Partial<AcceptOptions>][] = [
    ['tickets', () => ({ ticketKeys: new TicketKeys() })],
    ['a cache', () => ({ sessionCache: memoryServerSessionCache() })],
    ['tickets and a cache', () => ({ ticketKeys: new TicketKeys(), sessionCache: memoryServerSessionCache() })],
  ]

  describe.each(servers)('with %s', (_, make) => {
    it('are resumed, as objects and as bytes, and again', async () => {
      const server = make()
      const first = await once({ version, server })
      expect([first.client.resumed, first.server.resumed]).toEqual([false, false])
      expect(first.sessions).toHaveLength(version === 'TLSv1.3' ? 2 : 1)
      const [session] = first.sessions
      expect(session).toMatchObject({ protocol: version, servername: 'localhost', alpnProtocol: undefined, maxEarlyDataBytes: 0 })
      expect(session!.expiresAt.getTime()).toBeGreaterThan(Date.now() + 3_600_000)

      const second = await once({ version, server, client: { session: session!.toBytes() } })
      expect([second.client.resumed, second.server.resumed]).toEqual([true, true])
      expect(second.client)
        .toMatchObject({ verifyResult: 'X509_V_OK', peerCertificate: { subject: 'CN=localhost' }, earlyData: 'not sent' })

      const sessions: TlsSession[] = []
      await once({ version, server, client: { session: session!, onSession: (one) => sessions.push(one) } })
      expect(sessions.length).toBeGreaterThan(0)
      expect((await once({ version, server, client: { session: sessions.at(-1)! } })).client.resumed).toBe(true)
    })

    it('are taken from a store and put into it', async () => {
      const server = make()
      const sessionStore = memorySessionStore()
      const resumed: boolean[] = []
      for (let i = 0; i < 4; i++) resumed.push((await once({ version, server, client: { sessionStore } })).client.resumed)
      expect(resumed).toEqual([false, true, true, true])
    })
  })

  async function one(server: Partial<AcceptOptions>, client: Partial<ConnectOptions> = {}): Promise<TlsSession> {
    const { sessions } = await once({ version, server, client })
    return sessions.at(-1)!
  }

  it('are not made by a server that has neither', async () => {
    expect((await once({ version })).sessions.filter(({ protocol }) => protocol === 'TLSv1.3')).toEqual([])
  })

  it('are as many as numTickets says', async () => {
    if (version === 'TLSv1.2') {
      return expect((await once({ version, server: { ticketKeys: new TicketKeys(), numTickets: 5 } })).sessions).toHaveLength(1)
    }
    for (const numTickets of [0, 1, 5]) {
      expect((await once({ version, server: { ticketKeys: new TicketKeys(), numTickets } })).sessions).toHaveLength(numTickets)
    }
  })

  it('are not offered for another name, to other trust, after their time, or in another version', async () => {
    const server = { ticketKeys: new TicketKeys() }
    const session = await one(server)
    const resumed = async (client: Partial<ConnectOptions>) => (await once({ server, client })).client.resumed
    const { ca } = authority
    expect(await resumed({ session, servername: '127.0.0.1' })).toBe(false)
    expect(await resumed({ session, ca: [ca.cert, strangers.ca.cert] })).toBe(false)
    expect(await resumed({ session: new TlsSession({ ...session.parts, expiresAtMs: Date.now() - 1 }) })).toBe(false)
    const other = version === 'TLSv1.2' ? { minVersion: 'TLSv1.3' } as const : { maxVersion: 'TLSv1.2' } as const
    expect(await resumed({ session, ...other })).toBe(false)
    expect(await resumed({ session, maxVersion: version })).toBe(true)
  })

  it('are offered to the same trust in another form', async () => {
    const server = { ticketKeys: new TicketKeys() }
    const session = await one(server)
    const { ca } = authority
    const bytes = new TextEncoder().encode(ca.cert)
    for (const same of [bytes, bytes.buffer, [ca.cert], [bytes]]) {
      expect((await once({ version, server, client: { session, ca: same } })).client.resumed).toBe(true)
    }
  })

  it('of a connection that was not verified are resumed by none that verifies', async () => {
    const server = { ticketKeys: new TicketKeys(), ...strangers.leaf() }
    const identity = { ticketKeys: server.ticketKeys, cert: server.cert, key: server.key }
    const skip = { dangerouslySkipVerification: true }
    const session = await one(identity, skip)
    expect((await once({ version, server: identity, client: { session, ...skip } })).client)
      .toMatchObject({ resumed: true, verifyResult: 'X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY' })
    const { client } = peers({ version, server: identity, client: { session } })
    expect(await rejection(client.opened)).toMatchObject({ name: 'CertificateError', code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' })
    // Nor if its own words were better than OpenSSL's part of it.
    const verified = await one({ ticketKeys: new TicketKeys() })
    const forged = new TlsSession({ ...verified.parts, asn1: session.parts.asn1 })
    expect(await rejection(peers({ version, server: identity, client: { session: forged } }).client.opened))
      .toMatchObject({ name: 'CertificateError' })
  })

  it('of a client that has proved itself are for servers that ask for the same proof', async () => {
    const { cert, key } = authority.leaf({ name: 'client' })
    const ticketKeys = new TicketKeys()
    const session = await one({ ticketKeys, ca: authority.ca.cert }, { cert, key })
    const again = await once({ version, server: { ticketKeys, ca: authority.ca.cert }, client: { session, cert, key } })
    expect(again.server).toMatchObject({ resumed: true, peerCertificate: { subject: 'CN=client' } })
    // One without a certificate does not get in by the ticket of one with it: its trust differs, and so it is not offered.
    expect(await rejection(peers({ version, server: { ticketKeys, ca: authority.ca.cert }, client: { session } }).server.opened))
      .toMatchObject({ name: 'PeerError' })
    // A server that wants another CA's certificates sees to it itself.
    const other = peers({ version, server: { ticketKeys, ca: strangers.ca.cert }, client: { session, cert, key } })
    expect(await rejection(other.server.opened)).toMatchObject({ name: 'CertificateError' })
  })

  it('break the connection with what onSession throws, and with what a store throws or rejects with', async () => {
    const why = new Error('no')
    const server = { ticketKeys: new TicketKeys() }
    const failing: readonly [string, Partial<ConnectOptions>][] = [
      ['onSession', { onSession: () => { throw why } }],
      ['take throws', { sessionStore: { take: () => { throw why }, put() {} } }],
      ['take rejects', { sessionStore: { take: async () => { throw why }, put() {} } }],
      ['put throws', { sessionStore: { take: () => undefined, put: () => { throw why } } }],
      ['put rejects', { sessionStore: { take: () => undefined, put: async () => { throw why } } }],
    ]
    for (const [what, client] of failing) {
      const both = peers({ version, server, client })
      void both.client.readable.getReader().read().catch(() => {})
      expect(await rejection(both.client.closed), what).toBe(why)
      both.server.abort()
    }
  })

  it('wait for a store that takes its time, as long as the handshake may', async () => {
    let give!: (bytes: Uint8Array | undefined) => void
    const sessionStore: SessionStore = { take: () => new Promise((resolve) => { give = resolve }), put() {} }
    const server = { ticketKeys: new TicketKeys() }
    const session = await one(server)
    const { client, server: other } = peers({ version, server, client: { sessionStore } })
    await until(() => give !== undefined)
    expect(await isPending(client.opened)).toBe(true)
    give(session.toBytes())
    expect((await client.opened).resumed).toBe(true)
    client.abort()
    other.abort()
    const never = peers({
      version, server, client: { sessionStore: { take: () => new Promise(() => {}), put() {} }, handshakeTimeoutMs: 1 },
    })
    expect(await rejection(never.client.opened)).toMatchObject({ code: 'ERR_TLS_HANDSHAKE_TIMEOUT' })
    never.server.abort()
  })

  it('that a store gives back broken are as good as none', async () => {
    const server = { ticketKeys: new TicketKeys() }
    const session = await one(server)
    const broken = new TlsSession({ ...session.parts, asn1: Uint8Array.of(0x30, 1, 2) }).toBytes()
    for (const bytes of [new Uint8Array(), new Uint8Array(200), session.toBytes().subarray(0, 80), broken]) {
      expect((await once({ version, server, client: { sessionStore: { take: () => bytes, put() {} } } })).client.resumed).toBe(false)
    }
  })

  it('that are broken inside are refused by name', async () => {
    const session = await one({ ticketKeys: new TicketKeys() })
    const broken = new TlsSession({ ...session.parts, asn1: Uint8Array.of(0x30, 1, 2) })
    const { client, server } = peers({ version, client: { session: broken } })
    expect(await rejection(client.opened)).toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'session' })
    server.abort()
  })
})
