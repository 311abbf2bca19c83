// What users expect of every connection, whatever face it has and wherever its OpenSSL is. One suite that each of them
// passes: the test functions are given, and nothing of Node's is used.

import type { ConnectOptions, TlsConnection } from '../../src/index.js'
import { concat } from '../../src/base/bytes.js'
import { noise, readAll, readBytes, rejection, same, standstill, turns, until, writeAll } from './streams.js'
import type { FaultyTransport } from './faulty-transport.js'
import type { TestKit } from './transport-contract.js'

/** Options that a client and a server have in common. */
export type SubjectOptions = Pick<ConnectOptions, 'signal' | 'handshakeTimeoutMs' | 'closeTimeoutMs' | 'highWaterMarkBytes'
  | 'dangerouslyAllowTruncation'>

interface ConnectionPair {
  readonly subject: TlsConnection
  readonly peer: TlsConnection
  readonly transport: FaultyTransport
}

/** A pair, to be begun by calling both, in this order. */
export interface ConnectionEnds {
  /** Gives the connection that passes the contract. */
  subject(): TlsConnection
  peer(): TlsConnection
  /** Beneath `subject`. */
  readonly transport: FaultyTransport
}

export interface ConnectionContractOptions {
  /** How much a writer may be ahead of the reader at the other end, with the buffers of everything between. */
  readonly boundBytes: number
  /** How much plaintext is decrypted ahead of a reader, at most. */
  readonly readAheadBytes: number
}

/** Far more than any connection may take that nobody reads. */
const FLOOD_BYTES = 64 * 1024 * 1024

export function connectionContract(
  { describe, it: test, expect }: TestKit, name: string, endsWith: (options: SubjectOptions) => ConnectionEnds | Promise<ConnectionEnds>,
  { boundBytes, readAheadBytes }: ConnectionContractOptions,
): void {
  const begin = async (options: SubjectOptions): Promise<ConnectionPair> => {
    const { subject, peer, transport } = await endsWith(options)
    return { subject: subject(), peer: peer(), transport }
  }
  describe(name, () => {
    const it = (claim: string, body: (pair: ConnectionPair) => Promise<void>, options: SubjectOptions = {}) => test(claim, async () => {
      const pair = await begin(options)
      try {
        await Promise.all([pair.subject.opened, pair.peer.opened])
        await body(pair)
      } finally {
        for (const end of [pair.subject, pair.peer]) end.abort()
      }
    })

    test('holds writes and reads until the handshake is done, and delivers both directions at once, in order', async () => {
      const { subject, peer } = await begin({})
      const [there, back] = [noise(600_000), noise(500_000, 2)]
      const [atPeer, atSubject] = await Promise.all([
        readAll(peer.readable), readAll(subject.readable), say(subject, there), say(peer, back),
      ])
      expect(same(atPeer, there)).toBe(true)
      expect(same(atSubject, back)).toBe(true)
      await Promise.all([subject.closed, peer.closed])
    })

    it('holds the peer back when nobody reads, and delivers it all when somebody does', async ({ subject, peer }) => {
      const { accepted, stop } = await flood(peer)
      expect(accepted).toBeLessThanOrEqual(boundBytes)
      const [received] = await Promise.all([readAll(subject.readable), stop()])
      expect(same(received.subarray(0, 1000), noise(64 * 1024).subarray(0, 1000))).toBe(true)
    })

    it('makes a writer wait when the peer does not read', async ({ subject, peer }) => {
      const { accepted, stop } = await flood(subject)
      expect(accepted).toBeLessThanOrEqual(boundBytes)
      await Promise.all([readAll(peer.readable), stop()])
    })

    for (const viewBytes of [1, 100, 50_000]) {
      it(`fills a BYOB view of ${viewBytes} bytes, and gives it back at the end`, async ({ subject, peer }) => {
        if (!hasByob(subject.readable)) return // such a platform has ordinary streams alone
        const bytes = noise(Math.min(viewBytes * 50, 300_000))
        const saying = say(peer, bytes)
        const reader = subject.readable.getReader({ mode: 'byob' })
        const got: Uint8Array[] = []
        let buffer = new ArrayBuffer(viewBytes)
        for (let result; !(result = await reader.read(new Uint8Array(buffer))).done; buffer = result.value.buffer) {
          expect(result.value.byteLength > 0).toBe(true)
          got.push(result.value.slice())
        }
        await saying
        expect(same(concat(got), bytes)).toBe(true)
      })
    }

    it('gives a BYOB reader its view back when it is closed under it', async ({ subject }) => {
      if (!hasByob(subject.readable)) return
      const last = subject.readable.getReader({ mode: 'byob' }).read(new Uint8Array(100))
      await turns()
      await subject.close()
      const { done, value } = await last
      expect(done).toBe(true)
      expect(value!.byteLength).toBe(0)
    })

    it('gives no more than highWaterMarkBytes at once', async ({ subject, peer }) => {
      const saying = say(peer, noise(20_000))
      let count = 0
      const reader = subject.readable.getReader()
      for (let result; !(result = await reader.read()).done; count += result.value.byteLength) {
        expect(result.value.byteLength).toBeLessThanOrEqual(1000)
      }
      expect(count).toBe(20_000)
      await saying
    }, { highWaterMarkBytes: 1000 })

    it('takes bytes in every form, and leaves them to their owner', async ({ subject, peer }) => {
      const received = readBytes(peer.readable, 14)
      const writer = subject.writable.getWriter()
      const buffer = Uint8Array.from({ length: 16 }, (_, index) => index).buffer
      await writer.write(buffer.slice(0, 4))
      await writer.write(new Uint8Array(buffer, 4, 2))
      await writer.write(new DataView(buffer, 6, 3))
      await writer.write(new Uint16Array(buffer, 10, 1))
      await writer.write(Uint8Array.of(12, 13))
      await writer.write(new Uint8Array())
      const shared = typeof SharedArrayBuffer === 'undefined' ? new ArrayBuffer(1) : new SharedArrayBuffer(1)
      new Uint8Array(shared)[0] = 14
      await writer.write(new Uint8Array(shared))
      expect([...await received]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14])
      expect(buffer.byteLength).toBe(16)
    })

    it('ends one direction and keeps the other, whichever ends first', async ({ subject, peer }) => {
      await say(subject, noise(1000))
      expect(same(await readAll(peer.readable), noise(1000))).toBe(true)
      const [received] = await Promise.all([readAll(subject.readable), say(peer, noise(100_000, 2))])
      expect(same(received, noise(100_000, 2))).toBe(true)
      await Promise.all([subject.closed, peer.closed])
    })

    it('goes on writing after the end of what is read', async ({ subject, peer }) => {
      await peer.writable.close()
      await readAll(subject.readable)
      const received = readAll(peer.readable)
      await say(subject, noise(100_000))
      expect(same(await received, noise(100_000))).toBe(true)
      await subject.closed
    })

    it('sends what is queued before it closes, each side waiting for the other, with data under way in both directions',
        async ({ subject, peer }) => {
      for (const { writable } of [subject, peer]) {
        const writer = writable.getWriter()
        for (let message = 0; message < 20; message++) writer.write(noise(100_000)).catch(() => {})
        writer.releaseLock()
      }
      await Promise.all([subject.close({ waitForPeerMs: 20_000 }), peer.close({ waitForPeerMs: 20_000 })])
    })

    it('sends all that is queued before it closes', async ({ subject, peer }) => {
      const writer = subject.writable.getWriter()
      writer.write(noise(1_000_000)).catch(() => {}) // one: workerd's own streams forget others when their writer lets go
      writer.releaseLock()
      const received = readAll(peer.readable)
      await Promise.all([subject.close({ waitForPeerMs: 20_000 }), received.then(() => peer.close())])
      expect(same(await received, noise(1_000_000))).toBe(true)
    })

    it('takes no write that the peer does not get, when it is closed in the midst of them', async ({ subject, peer }) => {
      const received = readAll(peer.readable)
      const writer = subject.writable.getWriter()
      const closing = subject.close()
      let taken = 0
      await rejection((async () => {
        for (;;) {
          await writer.write(noise(100))
          taken += 100
        }
      })())
      await closing
      expect(taken).toBeLessThanOrEqual((await received).byteLength)
      await peer.close()
    })

    it('closes without waiting for the peer, ends a read that waits, and leaves nothing pending', async ({ subject, peer, transport }) => {
      const [reader, writer] = [subject.readable.getReader(), subject.writable.getWriter()]
      const waiting = reader.read()
      await turns()
      await subject.close()
      await subject.closed
      expect((await waiting).done).toBe(true)
      await reader.closed
      expect(await rejection(writer.closed)).toMatchObject({ code: 'ERR_TLS_INVALID_STATE' })
      await rejection(writer.write(Uint8Array.of(1)))
      await readAll(peer.readable)
      await peer.close()
      await until(() => transport.closed || transport.aborted !== undefined)
      await subject.close() // again
      subject.abort(new Error('too late'))
      await subject.closed
    })

    it('that is cancelled throws plaintext away, and goes on writing', async ({ subject, peer }) => {
      await subject.readable.cancel()
      await say(subject, noise(10))
      expect((await readAll(peer.readable)).byteLength).toBe(10)
      await peer.close()
      await subject.closed
    })

    it('that cannot send what is queued gives up closing in time, and the transport with it', async ({ subject, transport }) => {
      transport.stall()
      const { stuck } = await flood(subject)
      const error = await rejection(subject.close({ waitForPeerMs: 50 }))
      expect(error).toMatchObject({ name: 'DeadlineError', code: 'ERR_TLS_CLOSE_TIMEOUT' })
      expect(await rejection(subject.closed)).toBe(error)
      await rejection(stuck)
      await until(() => transport.aborted !== undefined)
    })

    it('gives up a plain close() after closeTimeoutMs', async ({ subject, transport }) => {
      transport.stall()
      const { stuck } = await flood(subject)
      const error = await rejection(subject.close())
      expect(error).toMatchObject({ name: 'DeadlineError', code: 'ERR_TLS_CLOSE_TIMEOUT' })
      expect(await rejection(subject.closed)).toBe(error)
      await rejection(stuck)
      await until(() => transport.aborted !== undefined)
    }, { closeTimeoutMs: 50 })

    it('tells a read that waits when close() fails for want of the peer\'s close_notify', async ({ subject }) => {
      const reader = subject.readable.getReader()
      const failures = [rejection(reader.read()), rejection(reader.closed)]
      const error = await rejection(subject.close({ waitForPeerMs: 50 }))
      expect(error).toMatchObject({ name: 'DeadlineError', code: 'ERR_TLS_CLOSE_TIMEOUT' })
      expect(await Promise.all(failures)).toEqual([error, error])
    })

    it('refuses a wrong waitForPeerMs, and goes on', async ({ subject, peer }) => {
      for (const waitForPeerMs of [-1, 1.5, NaN, Infinity, '5' as never]) {
        expect(await rejection(subject.close({ waitForPeerMs }))).toMatchObject({ code: 'ERR_TLS_INVALID_ARGUMENT' })
      }
      await say(subject, noise(10))
      expect((await readAll(peer.readable)).byteLength).toBe(10)
    })

    it('that is aborted fails with the very reason everywhere, at once', async ({ subject, peer, transport }) => {
      const [reader, writer] = [subject.readable.getReader(), subject.writable.getWriter()]
      const failures = [reader.read(), writer.closed, subject.closed].map(rejection)
      const reason = { because: 'given up' }
      subject.abort(reason)
      for (const failure of failures) expect(await failure).toBe(reason)
      expect(await rejection(subject.close())).toBe(reason)
      expect(await rejection(subject.updateKeys())).toBe(reason)
      await until(() => transport.aborted !== undefined || transport.closed)
      await rejection(readAll(peer.readable))
    })

    it('that was just aborted takes nothing more, in streams that are asked for then', async ({ subject, peer }) => {
      const reason = new Error('given up')
      subject.abort(reason)
      expect(await rejection(subject.writable.getWriter().write(noise(1)))).toBe(reason)
      expect(await rejection(subject.readable.getReader().read())).toBe(reason)
      await rejection(readAll(peer.readable))
    })

    it('that has a writer aborted is aborted', async ({ subject, peer }) => {
      const reason = new Error('given up')
      await subject.writable.abort(reason)
      expect(await rejection(subject.closed)).toBe(reason)
      expect(await rejection(readAll(subject.readable))).toBe(reason)
      await rejection(readAll(peer.readable))
    })

    for (const chunk of ['text', 1, null, undefined, [1, 2], { byteLength: 3 }, { byteLength: -1 }]) {
      it(`refuses to write ${JSON.stringify(chunk)}, which breaks it`, async ({ subject }) => {
        const error = await rejection(subject.writable.getWriter().write(chunk as never))
        expect(error).toMatchObject({ name: 'ApiMisuseError', code: 'ERR_TLS_INVALID_ARGUMENT' })
        expect((error as Error).message).toMatch(/TextEncoder/)
        expect(await rejection(subject.closed)).toBe(error)
        expect(await rejection(readAll(subject.readable))).toBe(error)
      })
    }

    const wrongs: readonly [what: string, options: object, error: object][] = [
      ['an option that is unknown', { nonsense: true }, { code: 'ERR_TLS_UNKNOWN_OPTION' }],
      ['an option that is wrong', { handshakeTimeoutMs: -1 }, { code: 'ERR_TLS_INVALID_OPTION' }],
      ['a context that is none', { context: {} }, { code: 'ERR_TLS_INVALID_OPTION' }],
      ['a key that cannot be read', { cert: 'none', key: 'none' }, { name: 'ApiMisuseError' }],
      ['algorithms that OpenSSL does not have', { ciphers: 'NONE-OF-THEM' }, { name: 'ApiMisuseError' }],
      ['a signal that is aborted already', { signal: AbortSignal.abort({ code: 'unwanted' }) }, { code: 'unwanted' }],
    ]
    for (const [what, options, expected] of wrongs) {
      test(`gives up its transport, to which it has sent nothing, when it refuses ${what}`, async () => {
        const { subject, transport } = await endsWith(options as SubjectOptions)
        expect(await rejection((async () => subject().opened)())).toMatchObject(expected)
        await until(() => transport.cancelled !== undefined && transport.aborted !== undefined)
        expect(transport.sentBytes).toBe(0)
      })
    }

    test('fails when the handshake takes too long', async () => {
      const { subject, peer, transport } = await begin({ handshakeTimeoutMs: 50 })
      transport.stall()
      const error = await rejection(subject.opened)
      expect(error).toMatchObject({ name: 'DeadlineError', code: 'ERR_TLS_HANDSHAKE_TIMEOUT' })
      const failures = [subject.closed, readAll(subject.readable), subject.writable.getWriter().closed, subject.close()].map(rejection)
      for (const failure of failures) expect(await failure).toBe(error)
      peer.abort()
    })

    // One test each: those of a runtime that is slow, or has other work, have no more time for five connections than for one.
    for (const moment of ['at once', 'in the handshake', 'when open', 'while closing', 'when closed']) {
      test(`ends with the very reason of its signal, ${moment}`, async () => {
        const controller = new AbortController()
        const reason = { moment }
        const { subject, peer, transport } = await begin({ signal: controller.signal })
        const early = moment === 'at once' || moment === 'in the handshake'
        if (early) transport.stall()
        else await Promise.all([subject.opened, peer.opened])
        if (moment === 'while closing') subject.close({ waitForPeerMs: 60_000 }).catch(() => {})
        if (moment === 'when closed') await subject.close()
        else if (moment !== 'at once') await turns()
        controller.abort(reason)
        if (moment === 'when closed') {
          await subject.closed
        } else {
          expect(await rejection(subject.closed)).toBe(reason)
          expect(await rejection(readAll(subject.readable))).toBe(reason)
          if (early) expect(await rejection(subject.opened)).toBe(reason)
        }
        peer.abort()
      })
    }

    it('delivers what came before the stream was cut, and then says so', async ({ subject, peer, transport }) => {
      await writeAll(peer.writable, noise(30_000))
      const reader = subject.readable.getReader()
      const first = (await reader.read()).value!
      transport.endReading()
      const [rest, error] = await readToFailure(reader)
      expect(first.byteLength + rest).toBe(30_000)
      expect(error).toMatchObject({ name: 'TruncationError', code: 'ERR_TLS_UNEXPECTED_EOF' })
      expect(await rejection(subject.closed)).toBe(error)
    })

    it('takes a cut for the end where it may, and goes on writing', async ({ subject, peer, transport }) => {
      await writeAll(peer.writable, noise(30_000))
      const reader = subject.readable.getReader()
      let count = (await reader.read()).value!.byteLength
      transport.endReading()
      for (let result; !(result = await reader.read()).done;) count += result.value.byteLength
      expect(count).toBe(30_000)
      const received = readAll(peer.readable)
      await say(subject, noise(1000))
      expect(same(await received, noise(1000))).toBe(true)
      await subject.closed
    }, { dangerouslyAllowTruncation: true })

    it('is content with a cut where it may be, when it waits for the peer to close', async ({ subject, transport }) => {
      const closed = subject.close({ waitForPeerMs: 20_000 })
      transport.endReading()
      await closed
    }, { dangerouslyAllowTruncation: true })

    it('is not content with a transport that fails, even if it may be cut', async ({ subject, transport }) => {
      transport.failReading(new Error('unplugged'))
      const error = await rejection(readAll(subject.readable))
      expect(error).toMatchObject({ name: 'TransportError', code: 'ERR_TLS_TRANSPORT' })
      expect(await rejection(subject.closed)).toBe(error)
    }, { dangerouslyAllowTruncation: true })

    test('is a truncation in the handshake, even if it may be cut', async () => {
      const { subject, peer, transport } = await begin({ dangerouslyAllowTruncation: true })
      transport.endReading()
      expect(await rejection(subject.opened)).toMatchObject({ name: 'TruncationError', code: 'ERR_TLS_UNEXPECTED_EOF' })
      peer.abort()
    })

    it('delivers what came before the transport failed, and then says so, with its error as the cause',
        async ({ subject, peer, transport }) => {
      await writeAll(peer.writable, noise(30_000))
      const reader = subject.readable.getReader()
      const first = (await reader.read()).value!
      const cause = new Error('unplugged')
      transport.failReading(cause)
      const [rest, error] = await readToFailure(reader)
      expect(first.byteLength + rest).toBe(30_000)
      expect(error).toMatchObject({ name: 'TransportError', code: 'ERR_TLS_TRANSPORT' })
      expect((error as Error).cause).toBe(cause)
      expect(await rejection(subject.closed)).toBe(error)
      expect(await rejection(subject.writable.getWriter().closed)).toBe(error)
    })

    it('delivers what the transport still gives after sending has failed, its clean end included', async ({ subject, peer, transport }) => {
      const saying = say(peer, noise(200_000))
      const cause = new Error('nobody listens')
      transport.failWritingNow(cause)
      const failed = await rejection(writeAll(subject.writable, noise(300_000), 30_000))
      expect(failed).toMatchObject({ name: 'TransportError' })
      expect(same(await readAll(subject.readable), noise(200_000))).toBe(true)
      await saying
      expect(await rejection(subject.closed)).toBe(failed)
      expect((failed as Error).cause).toBe(cause)
    })

    it('tells the clean end behind the last plaintext, though sending has failed and the connection is over by then',
        async ({ subject, peer, transport }) => {
      const saying = say(peer, noise(100))
      const cause = new Error('nobody listens')
      transport.failWritingNow(cause)
      const failed = await rejection(writeAll(subject.writable, noise(300_000), 30_000))
      const reader = subject.readable.getReader()
      expect(same((await reader.read()).value!, noise(100))).toBe(true)
      expect(await rejection(subject.closed)).toBe(failed)
      expect((await reader.read()).done).toBe(true)
      await saying
    })

    it('decrypts only a bounded amount ahead of its reader', async ({ subject, peer, transport }) => {
      const { stop } = await flood(peer)
      transport.failReading(new Error('unplugged'))
      const [count, error] = await readToFailure(subject.readable.getReader())
      expect(error).toMatchObject({ name: 'TransportError' })
      expect(count).toBeLessThanOrEqual(readAheadBytes)
      peer.abort()
      await stop().catch(() => {})
    })

    /** Writes until nothing more is accepted. `stop` ends the direction. */
    async function flood({ writable }: TlsConnection): Promise<{ accepted: number; stuck: Promise<void>; stop: () => Promise<void> }> {
      const writer = writable.getWriter()
      writer.closed.catch(() => {})
      let accepted = 0
      let stopped = false
      const stuck = (async () => {
        while (accepted < FLOOD_BYTES && !stopped) {
          await writer.write(noise(64 * 1024))
          accepted += 64 * 1024
        }
      })()
      stuck.catch(() => {})
      const stop = async () => {
        stopped = true
        await stuck
        await writer.close()
      }
      return { accepted: await standstill(() => accepted), stuck, stop }
    }
  })
}

/** Sends `bytes` and ends the direction. */
async function say({ writable }: TlsConnection, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  await writeAll(writable, bytes, 30_000)
  await writable.close()
}

/** How much is read before it fails, and what with. */
async function readToFailure(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<[count: number, error: unknown]> {
  let count = 0
  const error = await rejection((async () => {
    for (let result; !(result = await reader.read()).done;) count += result.value.byteLength
  })())
  return [count, error]
}

function hasByob(readable: ReadableStream): boolean {
  try {
    readable.getReader({ mode: 'byob' }).releaseLock()
    return true
  } catch {
    return false
  }
}
