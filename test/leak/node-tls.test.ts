import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { load } from '../../src/core/load.js'
import ours from '../../src/node/tls/index.js'
import { authority, localhost } from '../helpers/certificates.js'
import { duplexPair } from '../helpers/duplex-pair.js'
import { settled } from '../helpers/flows.js'

const CONNECTIONS = 600

it(`${CONNECTIONS} TLSSockets, destroyed in every state, leave nothing behind`, async () => {
  const libssl = await load()
  const server = ours.createSecureContext({ cert: localhost.cert, key: localhost.key, libssl } as never)
  const client = ours.createSecureContext({ ca: authority.ca.cert, libssl } as never)

  const connection = async (index: number) => {
    const [a, b] = duplexPair()
    const accepting = new ours.TLSSocket(b as never, { isServer: true, secureContext: server })
    accepting.on('error', () => {}).pipe(accepting)
    // Every other one is refused.
    const socket = ours.connect({ socket: a, secureContext: client, servername: index % 2 ? 'localhost' : 'other.test' })
    socket.on('error', () => {})
    socket.write('x'.repeat(index % 5000 + 1))
    const when = (event: string) => new Promise((resolve) => socket.once(event, resolve))
    const closed = when('close')
    switch (index % 5) {
      case 0: break
      case 1: await turn(); break
      case 2: await Promise.race([when('secureConnect'), closed]); break
      case 3: await Promise.race([when('data'), closed]); break
      case 4:
        socket.end()
        socket.resume()
        await closed
    }
    socket.destroy()
    accepting.destroy()
    await closed
  }

  const many = async (count: number) => {
    for (let index = 0; index < count; index += 10) {
      await Promise.all(Array.from({ length: 10 }, (_, more) => connection(index + more)))
    }
  }
  await many(50)
  const before = await settled(() => libssl.allocatedBytes)
  await many(CONNECTIONS)
  expect(await settled(() => libssl.allocatedBytes)).toBe(before)
})
