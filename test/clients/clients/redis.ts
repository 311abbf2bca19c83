import { strict as assert } from 'node:assert'
import { createClient, RESP_TYPES } from 'redis'
import { patterned } from '../bytes.js'
import { CERTIFICATE_REQUIRED } from '../refusals.js'
import type { RedisPlace } from '../servers/redis.js'
import type { Kit, Shows } from '../show.js'

const socket = ({ place: { port }, ca, cert, key }: Kit<RedisPlace>) => ({
  host: 'localhost', port, connectTimeout: 60_000, tls: true, ca, cert, key,
})

async function connected<T>(config: object, use: (client: any) => Promise<T>): Promise<T> {
  const client = createClient(config)
  client.on('error', () => {}) // the calls tell it
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.close()
  }
}

const refused = (config: object, code: string | RegExp) =>
  assert.rejects(connected({ socket: { ...config, reconnectStrategy: false } }, (client) => client.ping()), { code })

export const shows: Shows<RedisPlace> = {
  async 'mutual TLS'(kit) {
    assert.equal(await connected({ socket: socket(kit) }, (client) => client.ping()), 'PONG')
    await refused({ ...socket(kit), cert: undefined, key: undefined }, CERTIFICATE_REQUIRED)
  },

  async '10,000 commands at once'(kit) {
    const counts = await connected({ socket: socket(kit) }, async (client) => {
      await client.del('many')
      return await Promise.all(Array.from({ length: 10_000 }, () => client.incr('many'))) as number[]
    })
    assert.deepEqual([counts.length, counts.at(-1)], [10_000, 10_000])
  },

  async '8 MiB there and back'(kit) {
    const bytes = patterned(8 << 20)
    await connected({ socket: socket(kit) }, async (client) => {
      await client.set('binary', bytes)
      assert.ok(bytes.equals(await client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }).get('binary')))
    })
  },

  async 'publish and subscribe'(kit) {
    await connected({ socket: socket(kit) }, (subscriber) => connected({ socket: socket(kit) }, async (publisher) => {
      let hear: (heard: readonly string[]) => void
      const message = new Promise<readonly string[]>((resolve) => { hear = resolve })
      await subscriber.subscribe('events', (...heard: string[]) => hear(heard))
      await publisher.publish('events', 'hello')
      assert.deepEqual(await message, ['hello', 'events'])
    }))
  },

  async 'reconnects after a kill'(kit) {
    await connected({ socket: socket(kit) }, (client) => connected({ socket: socket(kit) }, async (other) => {
      const id = await client.clientId()
      // events.once() would reject at 'error', which tells of the kill.
      const back = new Promise((resolve) => { client.once('reconnecting', () => client.once('ready', resolve)) })
      await other.sendCommand(['CLIENT', 'KILL', 'ID', String(id)])
      await back
      assert.notEqual(await client.clientId(), id)
    }))
  },

  async 'wrong CA refused'(kit) {
    await refused({ ...socket(kit), ca: kit.otherCa }, 'SELF_SIGNED_CERT_IN_CHAIN')
  },
}
