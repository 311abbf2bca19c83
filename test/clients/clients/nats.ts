import { strict as assert } from 'node:assert'
import type { NatsPlace } from '../servers/nats.js'
import type { Kit, Shows } from '../show.js'

// What it declares does not pass our compiler's settings.
const { connect } = await import('@nats-io/transport-node' as string)

type NatsKit = Kit<NatsPlace>

const options = ({ place: { port }, ca, cert, key }: NatsKit) => ({ servers: `localhost:${port}`, timeout: 60_000, tls: { ca, cert, key } })

async function connected<T>(config: object, use: (connection: any) => Promise<T>): Promise<T> {
  const connection = await connect(config)
  try {
    return await use(connection)
  } finally {
    await connection.close()
  }
}

export const shows: Shows<NatsPlace> = {
  async 'mutual TLS'(kit) {
    await connected(options(kit), (connection) => connection.flush())
    await assert.rejects(connected({ ...options(kit), tls: { ca: kit.ca }, reconnect: false }, (connection) => connection.flush()))
  },

  async 'publish and subscribe, 10,000 messages'(kit) {
    await connected(options(kit), (subscriber) => connected(options(kit), async (publisher) => {
      const subscription = subscriber.subscribe('news', { max: 10_000 })
      await subscriber.flush()
      for (let index = 0; index < 10_000; index++) publisher.publish('news', `message ${index}`)
      const heard: string[] = []
      for await (const message of subscription) heard.push(message.string())
      assert.deepEqual(heard, Array.from({ length: 10_000 }, (_, index) => `message ${index}`))
    }))
  },

  async 'request, 512 KiB'(kit) {
    await connected(options(kit), (server) => connected(options(kit), async (client) => {
      server.subscribe(
        'echo', {
          callback: (_error: unknown, message: { data: Uint8Array; respond(data: Uint8Array): void }) => message.respond(message.data),
        },
      )
      await server.flush()
      const bytes = new Uint8Array(512 << 10).fill(7)
      assert.deepEqual((await client.request('echo', bytes, { timeout: 60_000 })).data, bytes)
    }))
  },

  async 'wrong CA refused'(kit) {
    await assert.rejects(connected({ ...options(kit), tls: { ...options(kit).tls, ca: kit.otherCa } }, () => Promise.resolve()))
  },
}
