// What the pump expects of every transport, whatever it is made of. One suite that each of them passes, in whichever
// runtime it has: the test functions are given, and nothing of Node's is used.

import { concat } from '../../src/base/bytes.js'
import type { ByteTransport } from '../../src/index.js'
import { isPending, noise, random, readAll, readBytes, rejection, same, standstill, turns, writeAll } from './streams.js'

/** What is used of a test runner: vitest's functions, or others of the same names. */
export interface TestKit {
  describe(name: string, body: () => void): unknown
  it(name: string, body: () => Promise<void>): unknown
  expect(value: unknown): {
    toBe(expected: unknown): unknown
    toEqual(expected: unknown): unknown
    toMatch(expected: RegExp): unknown
    toMatchObject(expected: object): unknown
    toBeLessThanOrEqual(expected: number): unknown
  }
}

export interface TransportPair {
  readonly near: ByteTransport
  readonly far: ByteTransport
  /** Makes what is beneath `near` fail. */
  readonly fail: () => void
  /** What `near` must then say, by its own error's message; default: anything. */
  readonly failure?: RegExp
  /** Waits until what was written to `far` has come to `near`; default: a while, which is enough within one process. */
  readonly arrived?: () => Promise<void>
  readonly dispose?: () => Promise<void> | void
}

export interface ContractOptions {
  /** How much a write may be ahead of the reader, with the buffers of everything between. */
  readonly boundBytes: number
  /** An abort waits for a write in flight: so it is with the platform's own streams. */
  readonly abortWaitsForWrite?: boolean
  /** What arrives cannot be held back: then `far` must fail before more than `boundBytes` have piled up. */
  readonly cannotHoldBack?: boolean
  /** `near` cannot end its direction alone: `far` hears of that end when it has ended its own, or `near` reads no more. */
  readonly noHalfClose?: boolean
  /** What nobody has read is lost when what is beneath fails: so it is with the platform's own streams. */
  readonly losesUnread?: boolean
}

/** Far more than any transport may take that nobody reads; and, where nothing is held back, than gets out before it fails. */
const FLOOD_BYTES = 256 * 1024 * 1024

/**
 * What so many TCP connections, one behind the other, may take that nobody reads. Linux lets the buffers of each grow to
 * 36 MiB (tcp_rmem, tcp_wmem) if it was read quickly before, as it is by what joins it with the next; the rest is what the
 * programs between them hold.
 */
export const tcpBuffersBytes = (connections: number): number => connections * 40 * 1024 * 1024

export function transportContract(
  { describe, it: test, expect }: TestKit, name: string, open: () => Promise<TransportPair>,
  { boundBytes, abortWaitsForWrite = false, cannotHoldBack = false, noHalfClose = false, losesUnread = false }: ContractOptions,
): void {
  describe(name, () => {
    const it = (claim: string, body: (pair: TransportPair) => Promise<void>) => test(claim, async () => {
      const pair = await open()
      try {
        await body(pair)
      } finally {
        await pair.dispose?.()
      }
    })

    it('delivers both directions at once, in order and unchanged, however the bytes are cut', async ({ near, far }) => {
      const [there, back] = [noise(600_000, 1), noise(500_000, 2)]
      // Without half-close the first end would cut the other direction.
      const [read, finish] = noHalfClose ? [readBytes, false] : [readAll, true]
      const results = await Promise.all([
        read(far.readable, there.byteLength), read(near.readable, back.byteLength),
        writeInPieces(near.writable, there, 3, finish), writeInPieces(far.writable, back, 4, finish),
      ])
      expect(same(results[0], there)).toBe(true)
      expect(same(results[1], back)).toBe(true)
    })

    it('takes an empty chunk for nothing, not for the end', async ({ near, far }) => {
      const writer = near.writable.getWriter()
      void writer.write(new Uint8Array())
      void writer.write(Uint8Array.of(1, 2))
      void writer.write(new Uint8Array())
      void writer.write(Uint8Array.of(3))
      expect([...await readBytes(far.readable, 3)]).toEqual([1, 2, 3])
    })

    if (cannotHoldBack) it('fails when more arrives than it will keep, and tells both sides', async ({ near, far }) => {
      const writer = near.writable.getWriter()
      writer.closed.catch(() => {})
      let accepted = 0
      await rejection((async () => {
        while (accepted < FLOOD_BYTES) {
          await writer.write(new Uint8Array(64 * 1024))
          accepted += 64 * 1024
        }
      })())
      expect(accepted).toBeLessThanOrEqual(boundBytes)
      await rejection(readAll(far.readable))
    })
    else it('accepts a bounded amount when nobody reads, and delivers it all when somebody does', async ({ near, far }) => {
      const writer = near.writable.getWriter()
      const chunk = noise(64 * 1024, 5)
      let accepted = 0
      let stopped = false
      const flooding = (async () => {
        while (accepted < FLOOD_BYTES && !stopped) {
          await writer.write(chunk.slice())
          accepted += chunk.byteLength
        }
        await writer.close()
      })()
      flooding.catch(() => {}) // until it is waited for; a test that has failed by then must not fail the next
      expect(await standstill(() => accepted)).toBeLessThanOrEqual(boundBytes)
      stopped = true
      if (noHalfClose) await near.readable.cancel()
      const received = await readAll(far.readable)
      await flooding
      expect(received.byteLength).toBe(accepted)
      for (let at = 0; at < received.byteLength; at += chunk.byteLength) {
        if (!same(received.subarray(at, at + chunk.byteLength), chunk)) throw new Error(`other bytes than were sent, from ${at}`)
      }
    })

    it('ends one direction and keeps the other', async ({ near, far }) => {
      const there = readAll(far.readable)
      await writeAll(near.writable, noise(1000))
      await near.writable.close()
      if (noHalfClose) expect(await isPending(there)).toBe(true)
      else expect((await there).byteLength).toBe(1000)
      const back = noise(100_000, 6)
      const received = readAll(near.readable)
      await writeAll(far.writable, back)
      await far.writable.close()
      expect(same(await received, back)).toBe(true)
      expect((await there).byteLength).toBe(1000)
    })

    it('ends without a byte', async ({ near, far }) => {
      const ends = [readAll(far.readable), readAll(near.readable)]
      await Promise.all([near.writable.close(), far.writable.close()])
      expect((await Promise.all(ends)).map(({ byteLength }) => byteLength)).toEqual([0, 0])
    })

    it('leaves nothing pending once both directions have ended', async ({ near, far }) => {
      const all = [near, far].flatMap(({ readable, writable }) => {
        const [reader, writer] = [readable.getReader(), writable.getWriter()]
        return [reader.closed, writer.closed, reader.read(), writer.close()]
      })
      await Promise.all(all)
    })

    it('refuses a write after the close', async ({ near, far }) => {
      readAll(far.readable).catch(() => {})
      const writer = near.writable.getWriter()
      await writer.close()
      // Node 20's own streams throw this instead of rejecting.
      expect(await rejection((async () => writer.write(Uint8Array.of(1)))()) instanceof Error).toBe(true)
    })

    /** Writes until nothing more is accepted; gives what then waits. */
    const flood = async (writer: WritableStreamDefaultWriter<Uint8Array>): Promise<{ stuck: Promise<void> }> => {
      let accepted = 0
      const stuck = (async () => {
        while (accepted < FLOOD_BYTES) {
          await writer.write(new Uint8Array(64 * 1024))
          accepted += 64 * 1024
        }
      })()
      stuck.catch(() => {})
      writer.closed.catch(() => {})
      await standstill(() => accepted)
      return { stuck } // not itself: that would be waited for
    }

    it('aborts a write that the other side never reads', async ({ near, far }) => {
      const writer = near.writable.getWriter()
      const { stuck } = await flood(writer)
      const aborted = writer.abort(new Error('given up'))
      if (abortWaitsForWrite) {
        expect(await isPending(aborted)).toBe(true)
        await readBytes(far.readable, 1).catch(() => {})
      }
      await aborted.catch(() => {}) // that it settles is what matters
      await rejection(stuck)
      // What was on its way may still arrive; then it ends, one way or another.
      await readAll(far.readable).catch(() => {})
    })

    it('cancels, and whoever writes to nobody is not kept waiting', async ({ near, far }) => {
      const writer = far.writable.getWriter()
      writer.closed.catch(() => {})
      const before = writer.write(noise(1000)).catch(() => {})
      await near.readable.cancel(new Error('not wanted'))
      await before
      // Thrown away or refused, either will do.
      for (let chunk = 0; chunk < 40; chunk++) {
        try {
          await writer.write(new Uint8Array(64 * 1024))
        } catch {
          break
        }
      }
      await near.writable.abort(new Error('done')).catch(() => {})
    })

    it('reports a failure of what is beneath to reader and writer', async ({ near, fail, failure = /./ }) => {
      const [reader, writer] = [near.readable.getReader(), near.writable.getWriter()]
      const failures = [rejection(reader.read()), rejection(writer.closed)]
      fail()
      for (const error of await Promise.all(failures)) expect(String(error)).toMatch(failure)
      await rejection(writer.write(Uint8Array.of(1)))
    })

    it(losesUnread
        ? 'reports a failure to a reader that is late' : 'delivers what arrived before a failure, and then the failure', async (pair) => {
      const { near, far, fail, failure = /./, arrived = () => turns(200) } = pair
      const writer = near.writable.getWriter()
      const bytes = noise(3000, 7)
      let accepted = 0
      const saying = far.writable.getWriter()
      for (let at = 0; at < bytes.byteLength; at += 1000) {
        saying.write(bytes.slice(at, at + 1000)).then(() => { accepted = at + 1000 }, () => {})
      }
      saying.releaseLock() // a transport with a narrow window does not accept it all
      await arrived()
      const told = rejection(writer.closed)
      fail()
      expect(String(await told)).toMatch(failure) // though there is something to read
      const reader = near.readable.getReader()
      const chunks: Uint8Array[] = []
      const error = await rejection((async () => {
        for (let read; !(read = await reader.read()).done;) chunks.push(read.value)
      })())
      expect(String(error)).toMatch(failure)
      const received = concat(chunks)
      if (!losesUnread) expect(accepted).toBeLessThanOrEqual(received.byteLength)
      expect(same(received, bytes.subarray(0, received.byteLength))).toBe(true)
    })

    it('fails a write that waits when what is beneath fails', async ({ near, fail }) => {
      const writer = near.writable.getWriter()
      const { stuck } = await flood(writer)
      fail()
      await rejection(stuck)
    })
  })
}

async function writeInPieces(writable: WritableStream<Uint8Array>, bytes: Uint8Array, seed: number, finish: boolean): Promise<void> {
  const next = random(seed)
  const writer = writable.getWriter()
  for (let at = 0; at < bytes.byteLength;) {
    // Mostly small, now and then large.
    const size = 1 + Math.floor(next() ** 4 * 50_000)
    await writer.write(bytes.slice(at, at + size))
    at += size
  }
  if (finish) await writer.close()
  else writer.releaseLock()
}
