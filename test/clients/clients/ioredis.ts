import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import { Redis } from 'ioredis'
import { patterned } from '../bytes.js'
import { CERTIFICATE_REQUIRED } from '../refusals.js'
import type { RedisPlace } from '../servers/redis.js'
import type { Kit, Shows } from '../show.js'

type RedisKit = Kit<RedisPlace>

const options = ({ place: { port }, ca, cert, key }: RedisKit) => ({
  host: 'localhost', port, connectTimeout: 60_000, tls: { ca, cert, key },
})

async function connected<T>(config: object, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(config)
  try {
    return await use(redis)
  } finally {
    await redis.quit()
  }
}

/** The code of the first error of a connection that cannot be. */
async function refusal(config: object): Promise<string> {
  const redis = new Redis({ ...config, retryStrategy: null, lazyConnect: true })
  const failed = once(redis, 'error')
  await assert.rejects(redis.connect())
  const [{ code }] = await failed
  redis.disconnect()
  return code
}

export const shows: Shows<RedisPlace> = {
  async 'mutual TLS'(kit) {
    assert.equal(await connected(options(kit), (redis) => redis.ping()), 'PONG')
    assert.match(await refusal({ ...options(kit), tls: { ca: kit.ca } }), CERTIFICATE_REQUIRED)
  },

  async 'a pipeline of 10,000'(kit) {
    const results: [Error | null, number][] = await connected(options(kit), (redis) => {
      const pipeline = redis.pipeline().del('count')
      for (let times = 0; times < 10_000; times++) pipeline.incr('count')
      return pipeline.exec()
    })
    assert.deepEqual([results.length, results.at(-1)], [10_001, [null, 10_000]])
  },

  async '8 MiB there and back'(kit) {
    const bytes = patterned(8 << 20)
    await connected(options(kit), async (redis) => {
      await redis.set('bytes', bytes)
      assert.ok(bytes.equals(await redis.getBuffer('bytes')))
    })
  },

  async 'publish and subscribe'(kit) {
    await connected(options(kit), (subscriber) => connected(options(kit), async (publisher) => {
      await subscriber.subscribe('news')
      const message = once(subscriber, 'message')
      await publisher.publish('news', 'hello')
      assert.deepEqual(await message, ['news', 'hello'])
    }))
  },

  async 'reconnects after a kill'(kit) {
    await connected(options(kit), (redis) => connected(options(kit), async (other) => {
      const id = await redis.client('ID')
      const back = once(redis, 'close').then(() => once(redis, 'ready'))
      await other.client('KILL', 'ID', id)
      await back
      assert.notEqual(await redis.client('ID'), id)
    }))
  },

  async 'wrong CA refused'(kit) {
    assert.equal(await refusal({ ...options(kit), tls: { ...options(kit).tls, ca: kit.otherCa } }), 'SELF_SIGNED_CERT_IN_CHAIN')
  },
}
