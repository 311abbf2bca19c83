// Early data (0-RTT) between connect() and accept(): sent, taken apart, refused, never lost, never taken twice.

import { describe, expect, it } from 'vitest'
import {
  accept, connect, load, memoryServerSessionCache, memoryTransportPair, TicketKeys, TlsSession, type AcceptOptions, type ByteTransport,
  type ConnectOptions, type TlsServerConnection,
} from '../../../src/index.js'
import {
  ALLOCATION_NOISE_BYTES, clientOptions, noise, readAll, readBytes, rejection, same, serverOptions, turns, type PeersOptions,
} from '../../helpers/stream-peers.js'
import { virtualNetwork } from '../../helpers/virtual-network.js'

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const utf8 = (words: string) => new TextEncoder().encode(words)

const servers: readonly [string, () => Partial<AcceptOptions>][] = [
  ['a cache', () => ({ sessionCache: memoryServerSessionCache(), maxEarlyDataBytes: 16_384 })],
  ['a cache beside tickets', () => ({ sessionCache: memoryServerSessionCache(), ticketKeys: new TicketKeys(), maxEarlyDataBytes: 16_384 })],
  ['tickets, replayable', () => ({ ticketKeys: new TicketKeys(), maxEarlyDataBytes: 16_384, dangerouslyAllowReplay: true })],
]

function pair(options: PeersOptions = {}) {
  const [near, far] = options.transports ?? memoryTransportPair()
  return { client: connect(near, clientOptions(options)), server: accept(far, serverOptions(options)) }
}

/** A session that the server gives. */
async function session(server: Partial<AcceptOptions>, client: Partial<ConnectOptions> = {}): Promise<TlsSession> {
  let last: TlsSession | undefined
  const both = pair({ server, client: { ...client, onSession: (one) => { last = one } } })
  const writer = both.server.writable.getWriter()
  await Promise.all([writer.write(Uint8Array.of(1)), both.client.readable.getReader().read()])
  writer.releaseLock()
  await Promise.all([both.client.close(), both.server.close()])
  return last!
}

describe.each(servers)('early data with %s', (_, make) => {
  it('invariant 12: comes apart from the rest, before it, and the session says how much may', async () => {
    const server = make()
    const one = await session(server)
    expect(one.maxEarlyDataBytes).toBe(16_384)
    const both = pair({ server, client: { session: one, earlyData: utf8('early') } })
    const writer = both.client.writable.getWriter()
    void writer.write(utf8('later'))
    expect(text(await readAll(both.server.earlyData))).toBe('early')
    expect(text(await readBytes(both.server.readable, 5))).toBe('later')
    expect(await both.client.opened).toMatchObject({ resumed: true, earlyData: 'accepted' })
    expect(await both.server.opened).toMatchObject({ resumed: true, earlyData: 'accepted' })
    await Promise.all([writer.close(), both.client.close(), both.server.close()])
  })

  it('invariant 12: is answered before the client has finished', async () => {
    const server = make()
    const one = await session(server)
    const [near, far] = memoryTransportPair()
    let heldBack = false
    let release!: () => void
    const released = new Promise<void>((resolve) => { release = resolve })
    let flights = 0
    // The client's second flight waits until the answer has come.
    const gate = new TransformStream<Uint8Array, Uint8Array>({
      async transform(chunk, controller) {
        if (++flights > 1 && heldBack) await released
        controller.enqueue(chunk)
      },
    })
    const opened = accept({ readable: far.readable.pipeThrough(gate), writable: far.writable }, serverOptions({ server }))
    const client = connect(near, clientOptions({ client: { session: one, earlyData: utf8('question') } }))
    expect(text((await opened.earlyData.getReader().read()).value!)).toBe('question')
    heldBack = true
    const answer = noise(100_000)
    const writing = opened.writable.getWriter().write(answer)
    expect(same(await readBytes(client.readable, answer.byteLength), answer)).toBe(true)
    await writing
    release()
    await Promise.all([client.opened, opened.opened])
    await Promise.all([client.close(), opened.close()])
  })

  it('that is as much as may be comes in any pieces', async () => {
    const server = make()
    for (const seed of [1, 2, 3]) {
      const one = await session(server)
      const earlyData = noise(16_384, seed)
      const both = pair({
        server, client: { session: one, earlyData }, transports: virtualNetwork({ seed, maxPieceBytes: 3_000, maxDelayTurns: 2 }),
      })
      expect(same(await readAll(both.server.earlyData), earlyData)).toBe(true)
      expect((await both.client.opened).earlyData).toBe('accepted')
      await Promise.all([both.client.close(), both.server.close()])
    }
  })

  it('leaves nothing in an instance', async () => {
    const server = make()
    const libssl = await load()
    const live = async () => {
      const one = await session({ ...server, libssl }, { libssl })
      const both = pair({ server: { ...server, libssl }, client: { libssl, session: one, earlyData: utf8('early') } })
      await readAll(both.server.earlyData)
      await Promise.all([both.client.close(), both.server.close()])
    }
    await live()
    await live()
    await turns()
    const before = libssl.allocatedBytes
    for (let i = 0; i < 10; i++) await live()
    await turns()
    expect(libssl.allocatedBytes - before).toBeLessThan(ALLOCATION_NOISE_BYTES)
  })
})

describe('early data', () => {
  const cached = servers[0]![1]

  it('goes as the first application data where it cannot go early, or was refused', async () => {
    const server = cached()
    const one = await session(server)
    const verified = await session(server, { verify: () => true })
    const none = await session({ ticketKeys: new TicketKeys() })
    const cases: readonly [string, Partial<ConnectOptions>, Partial<AcceptOptions>, string][] = [
      ['no session', {}, server, 'not sent'],
      ['a session without', { session: none }, server, 'not sent'],
      ['more than it allows', { session: one, earlyData: noise(16_385) }, server, 'not sent'],
      ['TLS 1.2', { session: one, maxVersion: 'TLSv1.2' }, server, 'not sent'],
      ['verify, which is asked later', { session: verified, verify: () => true }, server, 'not sent'],
      ['a server that has forgotten it', { session: one }, cached(), 'rejected'],
      ['a server that takes none any more', { session: one }, { ...server, maxEarlyDataBytes: 0 }, 'rejected'],
      ['a server that wants another key share', { session: one, groups: '*X25519:P-256' }, { ...server, groups: 'P-256' }, 'rejected'],
    ]
    for (const [what, client, other, status] of cases) {
      const earlyData = client.earlyData as Uint8Array<ArrayBuffer> | undefined ?? utf8('first')
      const both = pair({ server: other, client: { earlyData, ...client } })
      const writer = both.client.writable.getWriter()
      void writer.write(utf8(' second'))
      const [came, early] = await Promise.all([readBytes(both.server.readable, earlyData.byteLength + 7), readAll(both.server.earlyData)])
      expect(early.byteLength, what).toBe(0)
      expect(same(came, Uint8Array.of(...earlyData, ...utf8(' second'))), what).toBe(true)
      expect((await both.client.opened).earlyData, what).toBe(status)
      await Promise.all([writer.close(), both.client.close(), both.server.close()])
    }
  })

  it('is for the application protocol of its session', async () => {
    const server = { ...cached(), alpnProtocols: ['a', 'b'] }
    for (const [alpnProtocols, status] of [[['c', 'a'], 'not sent'], [['b'], 'accepted']] as const) {
      const one = await session(server, { alpnProtocols: ['b'] })
      expect(one.alpnProtocol).toBe('b')
      const both = pair({ server, client: { session: one, earlyData: utf8('x'), alpnProtocols } })
      expect((await both.client.opened).earlyData).toBe(status)
      await both.server.opened
      await Promise.all([both.client.close(), both.server.close()])
    }
  })

  it('follows the application protocol, which the server changes between two connections', async () => {
    for (const [spoken, statuses] of [
      [['a', 'b', 'b', 'b'], ['accepted', 'rejected', 'accepted', 'accepted']], // a new protocol, and what is resumed goes on with it
      [[undefined, 'b', 'b'], ['accepted', 'rejected', 'accepted']],
      [['a', undefined, undefined, 'a'], ['accepted', 'rejected', 'not sent', 'not sent']],
    ] as const) {
      const shared = cached()
      const server = (name: string | undefined) => ({ ...shared, ...(name !== undefined && { alpnProtocols: [name] }) })
      let one = await session(server(spoken[0]), { alpnProtocols: ['b', 'a'] })
      const seen: unknown[] = []
      for (const name of spoken) {
        const both = pair({
          server: server(name),
          client: { session: one, earlyData: utf8('x'), alpnProtocols: ['b', 'a'], onSession: (next) => { one = next } },
        })
        await both.server.opened // the tickets go before what is written now
        const writer = both.server.writable.getWriter()
        await Promise.all([writer.write(Uint8Array.of(1)), both.client.readable.getReader().read()])
        writer.releaseLock()
        const { resumed, alpnProtocol, earlyData } = await both.client.opened
        expect([resumed, alpnProtocol, one.alpnProtocol]).toEqual([true, name, name])
        seen.push(earlyData)
        await Promise.all([both.client.close(), both.server.close()])
      }
      expect(seen, String(spoken)).toEqual(statuses)
    }
  })

  it('is not sent with a session whose own part says another application protocol', async () => {
    const server = { ...cached(), alpnProtocols: ['a', 'b'] }
    const one = await session(server, { alpnProtocols: ['b'] })
    const other = new TlsSession({ ...one.parts, alpnProtocol: 'a' })
    const both = pair({ server, client: { session: other, earlyData: utf8('x'), alpnProtocols: ['a', 'b'] } })
    expect(await both.client.opened).toMatchObject({ resumed: true, earlyData: 'not sent' })
    await both.server.opened
    await Promise.all([both.client.close(), both.server.close()])
  })

  /** What the client sends first, with early data in it, as a recording. */
  async function firstFlight(one: TlsSession): Promise<Uint8Array<ArrayBuffer>[]> {
    const [near, far] = memoryTransportPair()
    const client = connect(near, clientOptions({ client: { session: one, earlyData: utf8('pay') } }))
    const reader = far.readable.getReader()
    const chunks = [new Uint8Array((await reader.read()).value!)]
    await turns()
    client.abort()
    return chunks
  }

  /** A transport that plays a recording. */
  function recorded(chunks: readonly Uint8Array<ArrayBuffer>[]): ByteTransport {
    return {
      readable: new ReadableStream({ start(controller) { for (const chunk of chunks) controller.enqueue(chunk) } }),
      writable: new WritableStream(),
    }
  }

  const early = async (server: TlsServerConnection) => {
    const result = await Promise.race([server.earlyData.getReader().read(), turns(50).then(() => undefined)])
    server.abort()
    return result?.value && text(result.value)
  }

  it('that was recorded is not taken again', async () => {
    const server = cached()
    const flight = await firstFlight(await session(server))
    expect(await early(accept(recorded(flight), serverOptions({ server })))).toBe('pay')
    expect(await early(accept(recorded(flight), serverOptions({ server })))).toBe(undefined)
    // Nor by two at once.
    const another = await firstFlight(await session(server))
    const both = [accept(recorded(another), serverOptions({ server })), accept(recorded(another), serverOptions({ server }))]
    expect((await Promise.all(both.map(early))).filter(Boolean)).toEqual(['pay'])
  })

  it('has each TLS 1.3 session leave the cache as it is taken up, and none of TLS 1.2', async () => {
    for (const [version, statuses] of [['TLSv1.3', [true, false]], ['TLSv1.2', [true, true]]] as const) {
      const server = cached()
      const one = await session(server, { maxVersion: version })
      for (const resumed of statuses) {
        const both = pair({ server, client: { session: one, maxVersion: version } })
        expect((await both.client.opened).resumed, version).toBe(resumed)
        await both.server.opened
        await Promise.all([both.client.close(), both.server.close()])
      }
    }
  })

  it('that was recorded is taken again by a server that says it may', async () => {
    const server = servers[2]![1]()
    const flight = await firstFlight(await session(server))
    for (let i = 0; i < 2; i++) expect(await early(accept(recorded(flight), serverOptions({ server })))).toBe('pay')
  })

  it('that is more than the server takes ends the connection', async () => {
    const server = cached()
    const one = await session(server)
    const both = pair({ server: { ...server, maxEarlyDataBytes: 100 }, client: { session: one, earlyData: noise(16_000) } })
    expect(await rejection(both.server.closed)).toMatchObject({
      name: 'PeerError', opensslErrorStack: expect.arrayContaining([expect.objectContaining({ code: 'ERR_SSL_TOO_MUCH_EARLY_DATA' })]),
    })
    expect(await rejection(readAll(both.server.earlyData))).toBe(await rejection(both.server.closed))
    both.client.abort()
  })

  it('that nobody wants is thrown away', async () => {
    const server = cached()
    const both = pair({ server, client: { session: await session(server), earlyData: noise(16_000) } })
    await both.server.earlyData.cancel()
    await Promise.all([both.client.opened, both.server.opened])
    await Promise.all([both.client.close(), both.server.close()])
  })

  it('ends where the connection is cut', async () => {
    const server = cached()
    const flight = await firstFlight(await session(server))
    const whole = flight[0]!
    for (const length of [whole.byteLength - 1, whole.byteLength]) {
      const cut = accept(
        { readable: new ReadableStream({ start(controller) { controller.enqueue(whole.slice(0, length)); controller.close() } }),
        writable: new WritableStream() }, serverOptions({ server }),
      )
      expect(await rejection(cut.opened)).toMatchObject({ name: 'TruncationError' })
      expect(await rejection(cut.closed)).toMatchObject({ name: 'TruncationError' })
    }
  })
})
