// Duplexes that others made, of which each lacks something of Node's own: as transports, and beneath TLS.

import { once } from 'node:events'
import { PassThrough, type Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { fromNodeStream } from '../../src/index.js'
import { duplexPair } from '../helpers/duplex-pair.js'
import { importInstalled } from '../helpers/installed.js'
import { isPending, noise, opened, readAll, rejection, same, talkAndClose, turns, until, writeAll } from '../helpers/stream-peers.js'
import { transportContract, type ContractOptions } from '../helpers/transport-contract.js'

const KB = 1024

/** Each the other's other end. */
type Pair = () => [Duplex, Duplex]

interface Library {
  readonly default: { readonly Duplex: new (options: object) => Duplex }
}

async function ofReadableStream(file: string, more = {}): Promise<Pair> {
  const { default: { Duplex } } = await importInstalled<Library>(file)
  class WithMore extends Duplex {
    constructor(options: object) { super({ ...options, ...more }) }
  }
  return () => duplexPair(WithMore as never)
}

/** One that is destroyed as its library does it. */
async function plain(file: string): Promise<() => Duplex> {
  const { default: { Duplex } } = await importInstalled<Library>(file)
  return () => new Duplex({ read() {}, write() {} })
}

async function ofDuplexify(): Promise<Pair> {
  const { default: duplexify } =
    await importInstalled<{ default: (writable: PassThrough, readable: PassThrough) => Duplex }>('duplexify/index.js')
  return () => {
    const [there, back] = [new PassThrough(), new PassThrough()]
    return [duplexify(there, back), duplexify(back, there)]
  }
}

async function ofStreamx(): Promise<Pair> {
  const { default: { Duplex } } = await importInstalled<Library>('streamx/index.js')
  return () => {
    const ends: Duplex[] = []
    const waiting: ((() => void) | undefined)[] = []
    const finished = [false, false]
    for (const [own, other] of [[0, 1], [1, 0]] as const) {
      ends.push(new Duplex({
        read(callback: () => void) {
          waiting[other]?.()
          waiting[other] = undefined
          callback()
        },
        write(chunk: Uint8Array, callback: () => void) {
          if (ends[other]!.push(chunk)) callback()
          else waiting[own] = callback
        },
        final(callback: () => void) {
          finished[own] = true
          ends[other]!.push(null)
          callback()
        },
        predestroy() {
          waiting[own]?.() // it is destroyed only when nothing is in progress
          if (!finished[own] && !ends[other]!.destroyed) ends[other]!.destroy(new Error('reset by peer'))
        },
      }))
    }
    for (const end of ends) end.on('error', () => {}) // as those of duplexPair
    return [ends[0]!, ends[1]!]
  }
}

/** With a way of its own to be destroyed, as those of {@link duplexPair} have, it must tell of that itself. */
const readableStream2 = await plain('readable-stream-2/readable.js')

const kinds: readonly [name: string, pair: Pair, options?: Partial<ContractOptions>][] = [
  ['readable-stream 2', await ofReadableStream('readable-stream-2/readable.js')],
  ['readable-stream 3', await ofReadableStream('readable-stream-3/readable.js')],
  ['readable-stream 3 that destroys itself', await ofReadableStream('readable-stream-3/readable.js', { autoDestroy: true })],
  ['readable-stream 4', await ofReadableStream('readable-stream-4/lib/ours/index.js')],
  ['duplexify', await ofDuplexify()],
  ['streamx', await ofStreamx(), { losesUnread: true }],
]

for (const [name, pair, options] of kinds) {
  transportContract({ describe, it, expect }, `fromNodeStream upon a Duplex of ${name}`, async () => {
    const [near, far] = pair()
    return { near: fromNodeStream(near), far: fromNodeStream(far), fail: () => near.destroy(new Error('broken')), failure: /broken/ }
  }, { boundBytes: 512 * KB, ...options })

  describe(`fromNodeStream upon a Duplex of ${name}`, () => {
    it('destroys it after a clean end', async () => {
      const [near, far] = pair()
      const [transport, other] = [fromNodeStream(near), fromNodeStream(far)]
      await writeAll(transport.writable, noise(1000))
      await transport.writable.close()
      await readAll(other.readable)
      await other.writable.close()
      await readAll(transport.readable)
      await until(() => near.destroyed && far.destroyed)
    })

    it('ends it cleanly, whichever side ends first', async () => {
      for (const first of [0, 1] as const) {
        const ends = pair().map((end) => fromNodeStream(end))
        const [a, b] = [ends[first]!, ends[1 - first]!]
        await a.writable.close()
        expect(await readAll(b.readable)).toHaveLength(0)
        await writeAll(b.writable, noise(1000))
        const writer = b.writable.getWriter()
        await writer.close()
        await writer.closed
        expect(same(await readAll(a.readable), noise(1000))).toBe(true)
      }
    })

    it('tells how it was destroyed, and does not take that for a clean end', async () => {
      for (const given of [new Error('broken'), undefined]) {
        const near = name === 'readable-stream 2' ? readableStream2() : pair()[0]
        const { readable, writable } = fromNodeStream(near)
        const failures = [rejection(readable.getReader().read()), rejection(writable.getWriter().closed)]
        near.destroy(given)
        for (const error of await Promise.all(failures)) expect(error).toEqual(given ?? expect.any(Error))
      }
    })

    it('hands an abort to it as its error', async () => {
      const [near] = pair()
      const errors: unknown[] = []
      near.on('error', (error) => errors.push(error))
      const reason = new Error('given up')
      await fromNodeStream(near).writable.abort(reason)
      await until(() => errors.length > 0)
      expect(errors).toEqual([reason])
      expect(near.destroyed).toBe(true)
    })

    it('ends at once if its end was read before', async () => {
      const [near, far] = pair()
      far.end()
      near.resume()
      await once(near, 'end')
      const reading = readAll(fromNodeStream(near).readable)
      if (name === 'streamx') expect(await isPending(reading)).toBe(true) // it does not tell
      else expect(await reading).toHaveLength(0)
    })

    it.each(['TLSv1.2', 'TLSv1.3'] as const)('carries %s to a clean end, and is destroyed then', async (version) => {
      const [near, far] = pair()
      const both = await opened({ version, transports: [fromNodeStream(near), fromNodeStream(far)] })
      await talkAndClose(both)
      await Promise.all([both.client.closed, both.server.closed])
      await until(() => near.destroyed && far.destroyed)
      await turns()
    })
  })
}
