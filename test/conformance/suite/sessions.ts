// Sessions: kept as bytes, taken up again here, though they were made elsewhere; early data.

import {
  accept, connect, indexedDbSessionStore, memoryServerSessionCache, memoryTransportPair, TicketKeys, TlsSession, type TlsServerConnection,
} from 'libssl-wasm'
import { readAll, readUntil, send } from './bytes.js'
import type { Harness } from './harness.js'
import { sharedInstance } from './instance.js'
import { closeBoth, openedPair, type Pair, type PairOptions } from './pair.js'

const utf8 = (text: string) => new TextEncoder().encode(text)

export function sessions(harness: Harness): void {
  const { describe, it, expect, runtime, host } = harness

  /** A connection and the last session that came with it. */
  async function once(options: PairOptions): Promise<Pair & { session: TlsSession }> {
    let session!: TlsSession
    const both = await openedPair(harness, { ...options, client: { ...options.client, onSession: (one) => { session = one } } })
    await send(both.server.writable, 'hello\n')
    await readUntil(both.client.readable, /hello\n/)
    return { ...both, session }
  }

  describe('sessions: resumption, early data', () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      it(`are resumed as bytes, under keys that came as bytes, in ${version}`, async () => {
        const keys = new TicketKeys()
        const first = await once({ version, server: { ticketKeys: keys } })
        expect((await first.client.opened).resumed).toBe(false)
        await closeBoth(first)
        const again = await once({
          version, server: { ticketKeys: new TicketKeys(keys.toBytes()) },
          client: { session: TlsSession.fromBytes(first.session.toBytes()) },
        })
        expect(await again.client.opened)
          .toMatchObject({ resumed: true, verifyResult: 'X509_V_OK', peerCertificate: { subject: 'CN=localhost' } })
        await closeBoth(again)
      })
    }

    it('early data comes apart, and once', async () => {
      const { ca, ec } = await host.identities()
      const libssl = await sharedInstance(runtime)
      const server = { ...ec, libssl, sessionCache: memoryServerSessionCache(), maxEarlyDataBytes: 1000 }
      const first = await once({ server })
      await closeBoth(first)
      for (const status of ['accepted', 'rejected'] as const) {
        const [near, far] = memoryTransportPair()
        const client = connect(near, { servername: 'localhost', ca, libssl, session: first.session, earlyData: utf8('early\n') })
        const accepted: TlsServerConnection = accept(far, server)
        const early = new TextDecoder().decode(await readAll(accepted.earlyData))
        expect([early, (await client.opened).earlyData]).toEqual([status === 'accepted' ? 'early\n' : '', status])
        if (status === 'rejected') expect(await readUntil(accepted.readable, /\n/)).toBe('early\n')
        await closeBoth({ client, server: accepted })
      }
    })

    it('made by Node are resumed here against the same server, which accepts early data', async () => {
      const { ca } = await host.identities()
      const server = await host.serve('TLSv1.3', { args: ['-early_data'] })
      const session = TlsSession.fromBytes(await host.sessionWith(server.port))
      expect(session).toMatchObject({ protocol: 'TLSv1.3', servername: 'localhost' })
      const connection = connect(runtime.webSocket(await host.relay(server.port)), {
        servername: 'localhost', ca, libssl: await sharedInstance(runtime), session, earlyData: utf8('what comes early\n'),
      })
      expect(await connection.opened).toMatchObject({ resumed: true, earlyData: 'accepted', verifyResult: 'X509_V_OK' })
      await server.printed(/^what comes early$/m)
      await server.printed(/^End of early data$/m)
      await send(connection.writable, 'what comes later\n')
      await server.printed(/^what comes later$/m)
      await connection.close()
    })

    it('are kept in IndexedDB, where there is one', async () => {
      if (typeof indexedDB === 'undefined') {
        expect(() => indexedDbSessionStore()).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_STATE' }))
        return
      }
      const name = `sessions of ${host.session}`
      const [one, other] = [indexedDbSessionStore(name), indexedDbSessionStore(name)]
      const server = { ticketKeys: new TicketKeys() }
      const resumed: boolean[] = []
      for (const sessionStore of [one, other, one]) {
        const both = await openedPair(harness, { server, client: { sessionStore } })
        resumed.push((await both.client.opened).resumed)
        await send(both.server.writable, 'hello\n')
        await readUntil(both.client.readable, /hello\n/)
        await other.take('a key that there is not') // after what the connection has put
        await closeBoth(both)
      }
      expect(resumed).toEqual([false, true, true])
      // Each is given once, the latest first; none that has expired.
      const later = Date.now() + 60_000
      await one.put('key', Uint8Array.of(1), later)
      await other.put('key', Uint8Array.of(2), later)
      await one.put('key', Uint8Array.of(3), Date.now() - 1)
      const taken = await Promise.all([one.take('key'), other.take('key'), one.take('key')])
      expect(taken.map((bytes) => bytes?.[0]).sort()).toEqual([1, 2, undefined])
    })
  })
}
