import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import tls from 'node:tls'
import { patterned } from '../bytes.js'
import { CERTIFICATE_REQUIRED } from '../refusals.js'
import type { MosquittoPlace } from '../servers/mosquitto.js'
import type { Kit, Shows } from '../show.js'

// What it declares does not pass our compiler's settings.
const { default: mqtt } = await import('mqtt' as string)

type MqttKit = Kit<MosquittoPlace>

const options = ({ place: { port }, ca, cert, key }: MqttKit) => ({
  protocol: 'mqtts', host: 'localhost', port, ca, cert, key, reconnectPeriod: 10, connectTimeout: 60_000,
})

/** Its build for pages makes WebSockets alone: there it is given the socket. */
async function connect(config: object): Promise<any> {
  if (typeof document === 'undefined') return mqtt.connectAsync(config)
  const client = new mqtt.MqttClient(() => tls.connect(config).on('error', (error) => client.emit('error', error)), config)
  client.on('error', () => {}) // the calls tell it
  await once(client, 'connect').catch((error: unknown) => {
    client.end()
    throw error
  })
  return client
}

async function connected<T>(config: object, use: (client: any) => Promise<T>): Promise<T> {
  const client = await connect(config)
  try {
    return await use(client)
  } finally {
    await client.endAsync()
  }
}

const refused = (config: object, code: string | RegExp) =>
  assert.rejects(connected({ ...config, reconnectPeriod: 0 }, () => Promise.resolve()), { code })

export const shows: Shows<MosquittoPlace> = {
  async 'mutual TLS'(kit) {
    await connected(options(kit), async (client) => assert.ok(client.stream.authorized))
    await refused({ ...options(kit), cert: undefined, key: undefined }, CERTIFICATE_REQUIRED)
  },

  async 'QoS 1 both ways, 2 MiB'(kit) {
    const bytes = patterned(2 << 20)
    await connected(options(kit), (subscriber) => connected(options(kit), async (publisher) => {
      await subscriber.subscribeAsync('large', { qos: 1 })
      const message = once(subscriber, 'message')
      await publisher.publishAsync('large', bytes, { qos: 1 })
      const [topic, payload, { qos }] = await message
      assert.deepEqual({ topic, qos, equal: bytes.equals(payload) }, { topic: 'large', qos: 1, equal: true })
    }))
  },

  async 'reconnects, and is subscribed again'(kit) {
    await connected(options(kit), (subscriber) => connected(options(kit), async (publisher) => {
      await subscriber.subscribeAsync('news', { qos: 1 })
      const back = once(subscriber, 'connect')
      subscriber.stream.destroy()
      await back
      const message = once(subscriber, 'message')
      // It subscribes again behind 'connect', in its own time.
      let heard = false
      void message.then(() => { heard = true })
      while (!heard) await publisher.publishAsync('news', 'hello', { qos: 1 })
      const [topic, payload] = await message
      assert.deepEqual([topic, String(payload)], ['news', 'hello'])
    }))
  },

  async 'wrong CA refused'(kit) {
    await refused({ ...options(kit), ca: kit.otherCa }, 'SELF_SIGNED_CERT_IN_CHAIN')
    await connected({ ...options(kit), ca: undefined, rejectUnauthorized: false }, () => Promise.resolve())
  },
}
