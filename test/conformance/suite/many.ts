// Many connections: at once, and one after the other without anything left behind.

import { accept, connect, createContext, load, memoryTransportPair, type ContextOptions, type LibSsl } from 'libssl-wasm'
import { noise, readBytes, same, send } from './bytes.js'
import type { Harness } from './harness.js'
import { sharedInstance } from './instance.js'
import { closeBoth, openedPair, pair, type PairOptions } from './pair.js'

const AT_ONCE = 20
const IN_A_ROW = 30
/** The texts of OpenSSL's last errors stay until others take their place. What a connection could leave, its BIO pair, is 34 KiB. */
const ALLOCATION_NOISE_BYTES = 1024

export function many(harness: Harness): void {
  const { describe, it, expect, runtime, host } = harness

  describe('many connections, memory given back', () => {
    it(`${AT_ONCE} at once through the relay, each with bytes of its own`, async () => {
      const port = await host.echo()
      const libssl = await sharedInstance(runtime)
      const { ca } = await host.identities()
      await Promise.all(Array.from({ length: AT_ONCE }, async (_, index) => {
        const connection = connect(runtime.webSocket(await host.relay(port)), { servername: 'localhost', ca, libssl })
        const bytes = noise(50_000 + index, index + 1)
        const [echo] = await Promise.all([readBytes(connection.readable, bytes.byteLength), send(connection.writable, bytes)])
        expect(same(echo, bytes)).toBe(true)
        await connection.close()
      }))
    })

    it('share contexts, which bring an instance or are given one, and leave nothing in it', async () => {
      const { ca, ec } = await host.identities()
      const libssl = await load(runtime.loadOptions())
      const rounds = async (more: ContextOptions) => {
        const [client, server] = [createContext({ ca, ...more }), createContext({ cert: ec.cert, key: ec.key, ...more })]
        await Promise.all(Array.from({ length: AT_ONCE }, async (_, index) => {
          const [near, far] = memoryTransportPair()
          const both = { client: connect(near, { context: client, servername: 'localhost' }), server: accept(far, { context: server }) }
          await send(both.client.writable, noise(1000, index + 1))
          expect(same(await readBytes(both.server.readable, 1000), noise(1000, index + 1))).toBe(true)
          await closeBoth(both)
        }))
        for (const context of [client, server]) context.free()
      }
      if (runtime.loadOptions().wasm === undefined) await rounds({})
      await rounds({ libssl })
      const { allocatedBytes } = libssl
      await rounds({ libssl })
      expect(Math.abs(libssl.allocatedBytes - allocatedBytes)).toBeLessThan(ALLOCATION_NOISE_BYTES)
    })

    it('good ones, failed ones and aborted ones leave nothing in an instance', async () => {
      const libssl = await load(runtime.loadOptions())
      // What is set up once is no leak, nor what an instance keeps of options: each kind, in each version.
      for (let index = 0; index < 2 * lives.length; index++) await live(libssl, index)
      const { allocatedBytes } = libssl
      for (let index = 0; index < IN_A_ROW; index++) await live(libssl, index)
      expect(Math.abs(libssl.allocatedBytes - allocatedBytes)).toBeLessThan(ALLOCATION_NOISE_BYTES)
    })
  })

  const lives: readonly ((options: PairOptions) => Promise<void>)[] = [
    async (options) => {
      const both = await openedPair(harness, options)
      await send(both.client.writable, 'hello')
      await closeBoth(both)
    },
    async (options) => {
      const { client, server } = await pair(harness, { ...options, client: { ...options.client, servername: 'elsewhere' } })
      await Promise.allSettled([client.closed, server.closed, server.opened.then(() => server.readable.getReader().read())])
    },
    async (options) => {
      const { client, server } = await openedPair(harness, options)
      client.abort()
      server.abort()
      await Promise.allSettled([client.closed, server.closed])
    },
  ]

  function live(libssl: LibSsl, index: number): Promise<void> {
    const version = Math.floor(index / lives.length) % 2 === 0 ? 'TLSv1.3' : 'TLSv1.2'
    return lives[index % lives.length]!({ version, client: { libssl }, server: { libssl } })
  }
}
