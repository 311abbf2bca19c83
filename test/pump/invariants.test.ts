// What must hold in the pump. Its source numbers the invariants, and so do the titles of their tests, here and elsewhere.

import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import tls from 'node:tls'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  fromNodeStream, load, memoryTransportPair, type ByteTransport, type IoEvent, type LibSsl, type ProtocolVersion,
} from '../../src/index.js'
import {
  BioPair, Ssl, SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE, SSL_KEY_UPDATE_NOT_REQUESTED, SSL_KEY_UPDATE_REQUESTED,
  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER, SSL_MODE_ENABLE_PARTIAL_WRITE, SSL_OP_NO_RENEGOTIATION, SSL_VERIFY_PEER, SslCtx,
} from '../../src/core.js'
import { Decisions } from '../../src/pump/decisions.js'
import { Port } from '../../src/pump/port.js'
import { Pump } from '../../src/pump/pump.js'
import { authority } from '../helpers/certificates.js'
import { makeCtx, type Side } from '../helpers/link.js'
import { isPending, noise, opened, readAll, readBytes, rejection, same, standstill, turns, VERSIONS } from '../helpers/stream-peers.js'
import { duplexPair } from '../helpers/duplex-pair.js'
import { FaultyTransport } from '../helpers/faulty-transport.js'
import { virtualNetwork } from '../helpers/virtual-network.js'

let libssl: LibSsl
beforeAll(async () => { libssl = await load() })

interface Piece {
  readonly pump: Pump
  readonly ssl: Ssl
  readonly events: IoEvent[]
  readonly broken: unknown[]
}

/** A pump with nothing above it, whose pair is as small as the test wants it. */
function makePump(
  side: Side, transport: ByteTransport, version: ProtocolVersion,
  { pairBytes = 0, configure }: { pairBytes?: number; configure?: (ctx: SslCtx) => void } = {},
): Piece {
  const ctx = makeCtx(libssl, side, { version })
  // As the front ends have it.
  ctx.setMode(SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER)
  if (side === 'server') ctx.setNumTickets(0)
  configure?.(ctx)
  const ssl = new Ssl(ctx)
  ctx.free()
  if (side === 'client') {
    ssl.set1Dnsname('localhost')
    ssl.setConnectState()
  } else {
    ssl.setAcceptState()
  }
  const pair = new BioPair(libssl, pairBytes, pairBytes)
  ssl.setBio(pair.internal)
  const events: IoEvent[] = []
  const broken: unknown[] = []
  const pump = new Pump({
    ssl, pair, port: new Port(transport), decisions: new Decisions(), onIo: (event) => events.push(event),
    onBroken: (error) => broken.push(error), onClosed() {},
  })
  return { pump, ssl, events, broken }
}

async function shakenHands(
  version: ProtocolVersion, transports: [ByteTransport, ByteTransport] = memoryTransportPair(), pairBytes = 0,
): Promise<{ client: Piece; server: Piece }> {
  const client = makePump('client', transports[0], version, { pairBytes })
  const server = makePump('server', transports[1], version, { pairBytes })
  await Promise.all([client.pump.handshake('SSL_connect', () => {}), server.pump.handshake('SSL_accept', () => {})])
  return { client, server }
}

async function readFrom({ pump }: Piece, count: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for (let got = 0; got < count;) {
    const chunk = await pump.read(65_536)
    if (!chunk) break
    chunks.push(chunk)
    got += chunk.byteLength
  }
  return Buffer.concat(chunks)
}

it('each invariant of pump.ts has a test with its number', () => {
  const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
  const listed = [...read('src/pump/pump.ts').matchAll(/^\/\/ {2,3}(\d+)\. /gm)].map(([, number]) => Number(number))
  expect(listed).toEqual(Array.from({ length: listed.length }, (_, index) => index + 1))
  const tests = readdirSync(new URL('..', import.meta.url), { recursive: true, encoding: 'utf8' })
    .filter((path) => /^(pump|frontends)\/.*\.test\.ts$/.test(path)).map((path) => read(`test/${path}`)).join('\n')
  expect(listed.filter((number) => !tests.includes(`invariant ${number}: `))).toEqual([])
})

describe.each(VERSIONS)('Pump, %s', (version) => {
  it('invariant 1: is in one SSL call of a connection at a time, and out of it when it returns', async () => {
    const { client, server } = await shakenHands(version, virtualNetwork({ seed: 4, maxPieceBytes: 900, maxDelayTurns: 1 }))
    let inside = 0
    for (const name of ['readAvailable', 'write', 'shutdown'] as const) {
      const call = client.ssl[name].bind(client.ssl) as (...args: never[]) => unknown
      client.ssl[name] = ((...args: never[]) => {
        expect(inside++).toBe(0)
        const result = call(...args)
        expect(result).not.toBeInstanceOf(Promise)
        inside--
        return result
      }) as never
    }
    const bytes = noise(100_000)
    await Promise.all([
      client.pump.write(bytes), client.pump.write(bytes), readFrom(client, 100_000), readFrom(server, 200_000), server.pump.write(bytes),
    ])
    await Promise.all([client.pump.close(true), server.pump.close(true)])
    expect([client.broken, server.broken]).toEqual([[], []])
  })

  it('invariant 2: drains the pair before it judges, also what a call left that wants to read', async () => {
    const { client, server } = await shakenHands(version)
    // The client's first call wants to read, and its hello must have gone all the same: else both wait for ever.
    const first = client.events[0]!
    expect(first).toMatchObject({ call: 'SSL_connect', ret: -1, error: 'SSL_ERROR_WANT_READ' })
    expect(first.sentBytes).toBeGreaterThan(100)
    client.pump.break(0)
    server.pump.break(0)
  })

  it.each([
    [1, ['SSL_connect', 'SSL_write', 'SSL_shutdown']],
    [7, ['SSL_connect', 'SSL_write', 'SSL_shutdown']],
    [100, ['SSL_connect', 'SSL_write']],
    [5000, ['SSL_write']],
  ] as const)('invariant 6: goes on when a pair of %i bytes is full: SSL_ERROR_WANT_WRITE from %j', async (pairBytes, interrupted) => {
    const { client, server } = await shakenHands(version, memoryTransportPair(), pairBytes)
    const count = pairBytes === 1 ? 2000 : 50_000
    const [there, back] = [noise(count), noise(count, 2)]
    const [atServer, atClient] = await Promise.all([
      readFrom(server, count), readFrom(client, count), client.pump.write(there), server.pump.write(back),
    ])
    expect(same(atServer, there)).toBe(true)
    expect(same(atClient, back)).toBe(true)
    await Promise.all([client.pump.close(true), server.pump.close(true)])
    for (const call of interrupted) expect(client.events).toContainEqual(expect.objectContaining({ call, error: 'SSL_ERROR_WANT_WRITE' }))
    expect([client.pump.state, server.pump.state]).toEqual(['CLOSED', 'CLOSED'])
  })

  it('invariant 4: hands blocks on in the order of OpenSSL, with writes, reads and a close at once', async () => {
    const { client, server } = await shakenHands(
      version, virtualNetwork({ seed: 3, maxDelayTurns: 2, maxPieceBytes: 5000, highWaterMarkBytes: 1000 }),
    )
    const writes: Promise<void>[] = []
    const expected: number[] = []
    for (let message = 0; message < 200; message++) {
      const bytes = new Uint8Array(1 + (message * 37) % 3000).fill(message)
      expected.push(...bytes)
      writes.push(client.pump.write(bytes))
    }
    const closing = client.pump.closeWriting()
    const back = server.pump.write(noise(100_000))
    // A record out of order does not decrypt.
    const [received] = await Promise.all([readFrom(server, Infinity), readFrom(client, 100_000), back, closing, ...writes])
    expect(same(received, Uint8Array.from(expected))).toBe(true)
    await server.pump.close(false)
    expect(client.broken).toEqual([])
  })

  it('invariant 4: has one receive in flight, however many ask', async () => {
    let asked = 0
    let inFlight = 0
    let most = 0
    const [near, far] = memoryTransportPair()
    const reader = near.readable.getReader()
    const counting = new ReadableStream<Uint8Array>({
      async pull(controller) {
        asked++
        most = Math.max(most, ++inFlight)
        const { done, value } = await reader.read()
        inFlight--
        if (done) controller.close()
        else controller.enqueue(value)
      },
    }, { highWaterMark: 0 })
    const { client, server } = await shakenHands(version, [{ readable: counting, writable: near.writable }, far])
    const before = asked
    const reads = [client.pump.read(10), client.pump.read(10), client.pump.read(10)]
    await turns()
    expect(asked).toBe(before + 1)
    await server.pump.write(noise(25))
    const got = await Promise.all(reads)
    expect(got.map((bytes) => bytes!.byteLength)).toEqual([10, 10, 5])
    expect(same(Buffer.concat(got as Uint8Array[]), noise(25))).toBe(true)
    expect(most).toBe(1)
    client.pump.break(0)
    server.pump.break(0)
  })

  it('invariant 5: repeats an interrupted write with the same bytes', async () => {
    const [near, far] = memoryTransportPair()
    const transport = new FaultyTransport(near)
    const { client, server } = await shakenHands(version, [transport, far], 100)
    transport.stall()
    const bytes = noise(40_000)
    const written = client.pump.write(bytes)
    await turns()
    // Meanwhile the same connection reads.
    await server.pump.write(noise(50, 9))
    expect(same((await client.pump.read(50))!, noise(50, 9))).toBe(true)
    transport.goOn()
    expect(same(await readFrom(server, bytes.byteLength), bytes)).toBe(true)
    await written
    client.pump.break(0)
    server.pump.break(0)
  })

  it('invariant 10: does not read from the transport unless plaintext is asked for', async () => {
    const [near, far] = memoryTransportPair()
    const { client, server } = await opened({ version, transports: [near, far], client: { libssl }, server: { libssl } })
    const writer = server.writable.getWriter()
    const chunk = noise(64 * 1024)
    let accepted = 0
    const flood = (async () => {
      for (; accepted < 64 * 1024 * 1024; accepted += chunk.byteLength) await writer.write(chunk)
    })()
    flood.catch(() => {})
    const memory = libssl.memoryBytes
    // What the transport holds, a batch under way, and the records it is cut into.
    expect(await standstill(() => accepted)).toBeLessThan(400 * 1024)
    expect(libssl.memoryBytes).toBe(memory)
    const got = await readBytes(client.readable, accepted)
    for (let at = 0; at < got.byteLength; at += chunk.byteLength) {
      if (!same(got.subarray(at, at + chunk.byteLength), chunk.subarray(0, got.byteLength - at))) throw new Error(`other bytes from ${at}`)
    }
    client.abort()
    server.abort()
    await rejection(flood)
  })

  it('invariant 3: makes a writer wait while the transport takes nothing, and holds little meanwhile', async () => {
    const [near, far] = memoryTransportPair()
    const transport = new FaultyTransport(near)
    const { client, server } = await opened({
      version, transports: [transport, far], client: { libssl, highWaterMarkBytes: 10_000 }, server: { libssl },
    })
    transport.stall()
    const writer = client.writable.getWriter()
    expect(writer.desiredSize).toBe(10_000)
    const allocated = libssl.allocatedBytes
    let accepted = 0
    const flood = (async () => {
      for (; accepted < 64 * 1024 * 1024; accepted += 64 * 1024) await writer.write(noise(64 * 1024, accepted))
    })()
    flood.catch(() => {})
    expect(await standstill(() => accepted)).toBe(0)
    expect(writer.desiredSize).toBeLessThanOrEqual(0)
    expect(await isPending(writer.ready)).toBe(true)
    expect(libssl.allocatedBytes - allocated).toBeLessThan(100_000)
    transport.goOn()
    await readBytes(server.readable, 300_000)
    expect(accepted).toBeGreaterThan(0)
    client.abort()
    server.abort()
    await rejection(flood)
  })

  it('invariant 3: encrypts no more of a long message than a batch while the transport takes nothing', async () => {
    const [near, far] = memoryTransportPair()
    const transport = new FaultyTransport(near)
    const { client, server } = await shakenHands(version, [transport, far])
    transport.stall()
    const written = rejection(client.pump.write(noise(2_000_000)))
    await turns()
    // Four records of 16 KiB, and the one that makes it too much.
    expect(client.events.filter(({ call }) => call === 'SSL_write').length).toBeLessThanOrEqual(5)
    client.pump.break(0)
    server.pump.break(0)
    expect(await written).toBe(0)
  })

  it('invariant 10: reads while its own sends are stuck: a peer that does not read until we do must not block us', async () => {
    const [near, far] = memoryTransportPair()
    const transport = new FaultyTransport(near)
    const { client, server } = await shakenHands(version, [transport, far])
    transport.stall()
    const written = client.pump.write(noise(1_000_000))
    await turns()
    const bytes = noise(500_000, 2)
    const [received] = await Promise.all([readFrom(client, bytes.byteLength), server.pump.write(bytes)])
    expect(same(received, bytes)).toBe(true)
    transport.goOn()
    await readFrom(server, 1_000_000)
    await written
    client.pump.break(0)
    server.pump.break(0)
  })

  it('invariant 7: tells the end of the transport from the goodbye of the peer', async () => {
    const [near, far] = memoryTransportPair()
    const transport = new FaultyTransport(near)
    const { client, server } = await shakenHands(version, [transport, far])
    transport.endReading()
    expect(await rejection(client.pump.read(1))).toMatchObject({ code: 'ERR_TLS_UNEXPECTED_EOF' })
    // For ever, and with no more calls of OpenSSL.
    const calls = client.events.length
    for (const again of [client.pump.read(1), client.pump.write(Uint8Array.of(1)), client.pump.closeWriting(), client.pump.close(false)]) {
      expect(await rejection(again)).toBe(client.broken[0])
    }
    expect(client.events).toHaveLength(calls)
    expect(client.broken).toHaveLength(1)
    server.pump.break(0)
  })

  it('invariant 9: sends all of close_notify when plaintext is refused while the transport takes nothing', async () => {
    const [near, far] = memoryTransportPair()
    const transport = new FaultyTransport(near)
    const { client, server } = await shakenHands(version, [transport, far], 10)
    transport.stall()
    const closing = client.pump.closeWriting()
    await turns()
    client.pump.stopReading()
    transport.goOn()
    expect(await server.pump.read(1)).toBeUndefined()
    await closing
    expect(client.pump.state).toBe('CLOSED')
    await server.pump.close(false)
  })

  it('tells all readers of the goodbye of the peer, and can still write', async () => {
    const { client, server } = await shakenHands(version)
    const reads = [client.pump.read(10), client.pump.read(10), client.pump.read(10)]
    await server.pump.closeWriting()
    expect(await Promise.all(reads)).toEqual([undefined, undefined, undefined])
    await client.pump.write(noise(10))
    expect(same((await server.pump.read(10))!, noise(10))).toBe(true)
    await client.pump.close(false)
    await server.pump.close(false)
    expect([client.broken, server.broken]).toEqual([[], []])
  })

  it('sends a flood of small writes', async () => {
    const { client, server } = await opened({ version, client: { libssl }, server: { libssl } })
    const bytes = noise(5000)
    const received = readAll(server.readable)
    const writer = client.writable.getWriter()
    const writes: Promise<void>[] = []
    for (let at = 0; at < bytes.byteLength; at++) writes.push(writer.write(bytes.subarray(at, at + 1)))
    await Promise.all([...writes, writer.close()])
    expect(same(await received, bytes)).toBe(true)
    await server.close()
  })

  it('invariant 15: holds no buffers in the pair while nothing moves', async () => {
    const pairBytes = 4 << 20 // so that nothing else counts
    const before = libssl.allocatedBytes
    const { client, server } = await shakenHands(version, memoryTransportPair(), pairBytes)
    expect(libssl.allocatedBytes - before).toBeLessThan(pairBytes)
    const written = server.pump.write(noise(100_000))
    for (let got = 0; got < 100_000;) got += (await client.pump.read(1_000))!.byteLength
    await written
    expect(libssl.allocatedBytes - before).toBeLessThan(pairBytes)
    const reading = [client.pump.read(1_000), server.pump.read(1_000)]
    expect(libssl.allocatedBytes - before).toBeLessThan(pairBytes)
    client.pump.break(new Error('enough'))
    await Promise.allSettled(reading)
  })

  it('refuses a write after the close', async () => {
    const { client, server } = await shakenHands(version)
    await client.pump.closeWriting()
    expect(await rejection(client.pump.write(Uint8Array.of(1)))).toMatchObject({ code: 'ERR_TLS_INVALID_STATE' })
    await client.pump.close(false)
    expect(await rejection(client.pump.write(Uint8Array.of(1)))).toMatchObject({ code: 'ERR_TLS_INVALID_STATE' })
    await server.pump.close(false)
  })

  it('reports each call with the bytes that it moved', async () => {
    const [near, far] = memoryTransportPair()
    const transport = new FaultyTransport(near)
    const { client, server } = await shakenHands(version, [transport, far])
    const sum = (events: IoEvent[], key: 'sentBytes' | 'receivedBytes') => events.reduce((total, event) => total + event[key], 0)
    await Promise.all([client.pump.write(noise(100_000)), readFrom(server, 100_000)])
    expect(sum(client.events, 'sentBytes')).toBe(transport.sentBytes)
    expect(sum(server.events, 'receivedBytes')).toBe(transport.sentBytes)
    client.pump.break(0)
    server.pump.break(0)
  })
})

describe('Pump, TLSv1.2', () => {
  it('invariant 10: refuses a renegotiation, and does not wait until the refusal is sent before it hands on what came with it',
      async () => {
    const [near, far] = duplexPair()
    const ours = fromNodeStream(far)
    // Two records that come together.
    const held: Uint8Array[] = []
    let hold = false
    const joined = ours.readable.pipeThrough(new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        if (hold) held.push(chunk)
        else controller.enqueue(chunk)
        if (recordsIn(held) < 2) return
        controller.enqueue(Buffer.concat(held.splice(0)))
        hold = false
      },
    }))
    const transport = new FaultyTransport({ readable: joined, writable: ours.writable })
    const server = makePump('server', transport, 'TLSv1.2', {
      configure: (ctx) => { ctx.setOptions(SSL_OP_NO_RENEGOTIATION) },
    })
    const client = tls.connect({ socket: near, servername: 'localhost', ca: authority.ca.cert, maxVersion: 'TLSv1.2' })
    client.on('error', () => {}) // it takes the refusal for the end
    const secure = once(client, 'secureConnect')
    await server.pump.handshake('SSL_accept', () => {})
    await secure
    hold = true
    transport.stall()
    client.write('before')
    await turns(2)
    client.renegotiate({}, () => {})
    expect(new TextDecoder().decode(await server.pump.read(100))).toBe('before')
    expect(server.events.at(-1)).toMatchObject({ call: 'SSL_read', error: 'SSL_ERROR_WANT_READ' })
    expect(server.events.at(-1)!.sentBytes).toBeGreaterThan(0)
    server.pump.break(0)
    client.destroy()
  })
})

function recordsIn(chunks: readonly Uint8Array[]): number {
  const bytes = Buffer.concat(chunks)
  let count = 0
  for (let at = 0; at + 5 <= bytes.byteLength; at += 5 + bytes.readUInt16BE(at + 3)) count++
  return count
}

describe('Pump, TLSv1.3', () => {
  it('follows key updates of the peer, and answers them, while data flows both ways', async () => {
    const { client, server } = await shakenHands('TLSv1.3', virtualNetwork({ seed: 5, maxPieceBytes: 3000, maxDelayTurns: 1 }))
    const bytes = noise(400_000)
    const talk = async ({ pump, ssl }: Piece, update: number) => {
      for (let at = 0, turn = 0; at < bytes.byteLength; at += 10_000, turn++) {
        if (turn % 5 === 2) ssl.keyUpdate(update)
        await pump.write(bytes.subarray(at, at + 10_000))
      }
    }
    const results = await Promise.all([
      readFrom(client, bytes.byteLength), readFrom(server, bytes.byteLength),
      talk(client, SSL_KEY_UPDATE_REQUESTED), talk(server, SSL_KEY_UPDATE_NOT_REQUESTED),
    ])
    for (const received of results.slice(0, 2)) expect(same(received!, bytes)).toBe(true)
    await Promise.all([client.pump.close(true), server.pump.close(true)])
  })

  it('closes in the middle of a ticket that comes in several records', async () => {
    // A ticket holds the client's certificate, and this one is longer than a record.
    const san = Array.from({ length: 700 }, (_, index) => `DNS:${index}.a-long-name-that-takes-room.example`).join(',')
    const large = authority.leaf({ name: 'large', san })
    const ctx = makeCtx(libssl, 'server', {
      version: 'TLSv1.3',
      server: {
        configure(ctx) {
          ctx.setSessionIdContext(Uint8Array.of(1))
          ctx.setVerify(SSL_VERIFY_PEER)
        },
      },
    })
    const [near, far] = memoryTransportPair()
    const client = makePump('client', near, 'TLSv1.3', {
      configure(ctx) {
        ctx.useCertificateChain(large.cert)
        ctx.usePrivateKey(large.key)
      },
    })
    // The server by hand: it decides what arrives when.
    const server = new Ssl(ctx)
    server.setVerifyCb(() => 1)
    const pair = new BioPair(libssl)
    server.setBio(pair.internal)
    server.setAcceptState()
    const [reader, writer] = [far.readable.getReader(), far.writable.getWriter()]
    const records: Uint8Array[] = []
    const drain = () => {
      for (let count; (count = pair.network.ctrlPending()) > 0;) {
        const bytes = new Uint8Array(count)
        for (let at = 0; at < count;) at += pair.network.nread(bytes, at)
        records.push(bytes)
      }
    }
    let shaken = false
    void client.pump.handshake('SSL_connect', () => { shaken = true })
    for (let result = server.accept(); result.ret !== 1; result = server.accept()) {
      drain()
      // What comes when the client is done is tickets.
      if (!shaken) for (const bytes of records.splice(0)) await writer.write(bytes)
      if (result.error === SSL_ERROR_WANT_WRITE) continue
      if (result.error !== SSL_ERROR_WANT_READ) throw new Error(`accept: ${JSON.stringify(result)}`)
      const { value } = await reader.read()
      for (let at = 0; at < value!.byteLength;) {
        const count = pair.network.nwrite(value!.subarray(at))
        if (count > 0) at += count
        else server.accept() // the pair is full: let it be read
      }
      await turns(2)
    }
    drain()
    const tickets = Buffer.concat(records)
    const first = 5 + tickets.readUInt16BE(3)
    expect(first).toBeGreaterThan(16_384)
    await writer.write(new Uint8Array(tickets.subarray(0, first)))
    const read = client.pump.read(10)
    await turns()
    const closed = client.pump.close(false)
    expect(await isPending(closed)).toBe(true)
    await writer.write(new Uint8Array(tickets.subarray(first)))
    await closed
    await read
    expect(client.broken).toEqual([])
    server.free()
    pair.free()
    ctx.free()
  })
})
