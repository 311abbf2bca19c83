// readable and writable as what they claim to be, and the end of a connection in every way.

import { accept, connect, TruncationError } from 'libssl-wasm'
import { digest, MIB, noise, readAll, readBytes, same, send } from './bytes.js'
import type { Harness } from './harness.js'
import { sharedInstance } from './instance.js'
import { closeBoth, openedPair } from './pair.js'

/** Far more than may be under way when nobody reads. */
const FLOOD_BYTES = 32 * MIB
/** Both sides' queues, the transports between, and a batch under way in each. */
const BOUND_BYTES = MIB

export function streams(harness: Harness): void {
  const { describe, it, lacks, expect, runtime, host } = harness

  describe('streams: BYOB reads', () => {
    if (!hasByteStreams()) {
      lacks('this platform has no byte streams: readable is an ordinary one', async () => {
        const both = await openedPair(harness)
        expect(() => both.client.readable.getReader({ mode: 'byob' })).toThrow(TypeError)
        await closeBoth(both)
      })
      return
    }
    for (const viewBytes of [1, 1000, 200_000]) {
      it(`fill a view of ${viewBytes} bytes`, async () => {
        const { client, server } = await openedPair(harness)
        const bytes = noise(Math.min(viewBytes * 50, 300_000), 1)
        const sending = send(server.writable, bytes).then(() => server.writable.close())
        const got = new Uint8Array(bytes.byteLength)
        let size = 0
        const reader = client.readable.getReader({ mode: 'byob' })
        for (let buffer = new ArrayBuffer(viewBytes); ;) {
          const { done, value } = await reader.read(new Uint8Array(buffer))
          if (done) break
          expect(value.byteLength).toBeGreaterThan(0)
          got.set(value, size)
          size += value.byteLength
          buffer = value.buffer
        }
        await sending
        expect(size).toBe(bytes.byteLength)
        expect(same(got, bytes)).toBe(true)
        await client.close()
      })
    }
  })

  describe('streams: back-pressure and half-close', () => {
    it('a writer waits while nobody reads, and nothing is lost when somebody does', async () => {
      const { client, server } = await openedPair(harness)
      const piece = noise(64 * 1024, 2)
      const writer = client.writable.getWriter()
      let accepted = 0
      let enough = false
      const flooding = (async () => {
        while (accepted < FLOOD_BYTES && !enough) {
          await writer.ready
          await writer.write(piece)
          accepted += piece.byteLength
        }
        await writer.close()
      })()
      expect(await standstill(() => accepted)).toBeLessThanOrEqual(BOUND_BYTES)
      enough = true
      const received = await readAll(server.readable)
      await flooding
      expect(received.byteLength).toBe(accepted)
      for (let at = 0; at < accepted; at += piece.byteLength) expect(same(received.subarray(at, at + piece.byteLength), piece)).toBe(true)
      await Promise.all([server.close(), client.close()])
    })

    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      it(`the end of one direction does not end the other, ${version}`, async () => {
        const { client, server } = await openedPair(harness, { version })
        await send(client.writable, 'a question')
        await client.writable.close() // close_notify
        expect(new TextDecoder().decode(await readAll(server.readable))).toBe('a question')
        const answer = noise(300_000, 3)
        const [got] = await Promise.all([readAll(client.readable), send(server.writable, answer).then(() => server.writable.close())])
        expect(await digest(got)).toEqual(await digest(answer))
        await Promise.all([client.closed, server.closed])
      })
    }

    it('megabytes go both ways at once', async () => {
      const { client, server } = await openedPair(harness)
      const [there, back] = [noise(2 * MIB, 4), noise(2 * MIB, 5)]
      const say = async (side: typeof client, bytes: Uint8Array<ArrayBuffer>) => {
        await send(side.writable, bytes, 30_000)
        await side.writable.close()
      }
      const [atServer, atClient] = await Promise.all([
        readAll(server.readable), readAll(client.readable), say(client, there), say(server, back),
      ])
      expect(same(atServer, there) && same(atClient, back)).toBe(true)
    })

    it('readable can be piped, teed and iterated as the platform can', async () => {
      const { client, server } = await openedPair(harness)
      const echo = server.readable.pipeTo(server.writable)
      const [one, other] = client.readable.tee()
      const sending = send(client.writable, noise(100_000, 6)).then(() => client.writable.close())
      const [read, again] = await Promise.all([readAll(one), new Response(other).arrayBuffer()])
      expect(same(read, noise(100_000, 6)) && same(new Uint8Array(again), read)).toBe(true)
      await Promise.all([sending, echo])
    })

    it('a stream that is cut without close_notify errors, after what came before', async () => {
      let cut!: () => void
      const there = new TransformStream<Uint8Array, Uint8Array>()
      const back = new TransformStream<Uint8Array, Uint8Array>({ start(controller) { cut = () => controller.terminate() } })
      const { ca, ec } = await host.identities()
      const libssl = await sharedInstance(runtime)
      const client = connect({ readable: back.readable, writable: there.writable }, { servername: 'localhost', ca, libssl })
      const server = accept({ readable: there.readable, writable: back.writable }, { cert: ec.cert, key: ec.key, libssl })
      await client.opened
      void send(server.writable, 'the last words')
      expect(new TextDecoder().decode(await readBytes(client.readable, 14))).toBe('the last words')
      cut()
      const error: unknown = await readAll(client.readable).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(TruncationError)
      expect(error).toMatchObject({ code: 'ERR_TLS_UNEXPECTED_EOF' })
      await expect(client.closed).rejects.toBe(error)
      server.abort()
    })
  })
}

function hasByteStreams(): boolean {
  try {
    new ReadableStream({ type: 'bytes' })
    return true
  } catch {
    return false
  }
}

/** Waits, turn by turn of the event loop, until `progress()` stands still, and returns it. */
async function standstill(progress: () => number): Promise<number> {
  for (let last = progress(), still = 0; still < 50;) {
    await new Promise((resolve) => { setTimeout(resolve, 0) })
    still = progress() === last ? still + 1 : 0
    last = progress()
  }
  return progress()
}
