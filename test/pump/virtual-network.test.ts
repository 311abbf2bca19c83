import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { load, type LibSsl, type TlsConnection } from '../../src/index.js'
import { noise, opened, random, readAll, same, VERSIONS } from '../helpers/stream-peers.js'
import { virtualNetwork } from '../helpers/virtual-network.js'

let libssl: LibSsl
beforeAll(async () => { libssl = await load() })

/** Writes `bytes` in messages of random sizes, then ends the direction. */
async function send({ writable }: TlsConnection, bytes: Uint8Array, maxMessageBytes: number, next: () => number): Promise<void> {
  const writer = writable.getWriter()
  const all: Promise<void>[] = []
  for (let at = 0; at < bytes.byteLength;) {
    const size = 1 + Math.floor(next() * maxMessageBytes)
    const written = writer.write(bytes.slice(at, at + size))
    written.catch(() => {})
    all.push(written)
    at += size
    // Sometimes many writes are queued, sometimes each is waited for.
    if (next() < 0.5) await writer.ready
    else if (next() < 0.5) await written
  }
  await Promise.all([...all, writer.close()])
}

/** Reads to the end, now and then with a pause. */
async function receive({ readable }: TlsConnection, next: () => number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of readable) {
    chunks.push(chunk)
    if (next() < 0.2) await new Promise((resolve) => { setImmediate(resolve) })
  }
  return Buffer.concat(chunks)
}

describe.each(VERSIONS)('connect and accept over a virtual network, %s', (version) => {
  it('deliver everything both ways at once, however the bytes are cut and delayed', async () => {
    await fc.assert(fc.asyncProperty(fc.record({
      seed: fc.integer(),
      there: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 300_000 })),
      back: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 300_000 })),
      maxPieceBytes: fc.constantFrom(500, 3000, 16_389, 100_000, Infinity),
      maxDelayTurns: fc.constantFrom(0, 1, 3),
      pipeBytes: fc.constantFrom(1, 100, 65_536, 1_048_576),
      highWaterMarkBytes: fc.constantFrom(1, 1000, 65_536, 1_048_576),
      maxMessageBytes: fc.constantFrom(1000, 16_384, 16_385, 200_000),
    }), async ({ seed, there, back, maxPieceBytes, maxDelayTurns, pipeBytes, highWaterMarkBytes, maxMessageBytes }) => {
      // One byte a read or write is a full SSL call for each: keep such a run short.
      const scale = highWaterMarkBytes === 1 ? 50 : 1
      const [one, other] = [noise(Math.ceil(there / scale), seed), noise(Math.ceil(back / scale), seed + 1)]
      const next = random(seed)
      const { client, server } = await opened({
        version,
        transports: virtualNetwork({ seed, maxPieceBytes, maxDelayTurns, highWaterMarkBytes: pipeBytes }),
        client: { libssl, highWaterMarkBytes },
        server: { libssl, highWaterMarkBytes },
      })
      const [atServer, atClient] = await Promise.all([
        receive(server, next), receive(client, next), send(client, one, maxMessageBytes, next), send(server, other, maxMessageBytes, next),
      ])
      expect(same(atServer, one)).toBe(true)
      expect(same(atClient, other)).toBe(true)
      await Promise.all([client.closed, server.closed])
    }), { numRuns: 40 })
  })

  it('shake hands and talk one byte at a time', async () => {
    const { client, server } = await opened({
      version, transports: virtualNetwork({ seed: 7, maxPieceBytes: 1, maxDelayTurns: 1, highWaterMarkBytes: 1 }),
      client: { libssl }, server: { libssl },
    })
    const [one, other] = [noise(500), noise(400, 2)]
    const results = await Promise.all([
      readAll(server.readable), readAll(client.readable), send(client, one, 100, random(1)), send(server, other, 100, random(2)),
    ])
    expect(same(results[0], one)).toBe(true)
    expect(same(results[1], other)).toBe(true)
    await Promise.all([client.closed, server.closed])
  })

  it('do not deadlock when both send megabytes before either reads to the end', async () => {
    const { client, server } = await opened({
      version, transports: virtualNetwork({ highWaterMarkBytes: 1000 }), client: { libssl }, server: { libssl },
    })
    const bytes = noise(3_000_000)
    const [atServer, atClient] = await Promise.all([
      readAll(server.readable), readAll(client.readable), send(client, bytes, 500_000, random(1)), send(server, bytes, 500_000, random(2)),
    ])
    expect(same(atServer, bytes)).toBe(true)
    expect(same(atClient, bytes)).toBe(true)
    await Promise.all([client.closed, server.closed])
  })
})
