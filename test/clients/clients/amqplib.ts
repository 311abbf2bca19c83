import { strict as assert } from 'node:assert'
import amqp from 'amqplib'
import { patterned } from '../bytes.js'
import { CERTIFICATE_REQUIRED } from '../refusals.js'
import type { RabbitmqPlace } from '../servers/rabbitmq.js'
import type { Kit, Shows } from '../show.js'

type AmqpKit = Kit<RabbitmqPlace>

const url = ({ place: { port } }: AmqpKit) => `amqps://guest:guest@localhost:${port}`

async function connected<T>(kit: AmqpKit, options: object, use: (connection: amqp.Connection) => Promise<T>): Promise<T> {
  const connection = await amqp.connect(url(kit), options)
  try {
    return await use(connection)
  } finally {
    await connection.close()
  }
}

const identity = ({ ca, cert, key }: AmqpKit) => ({ ca: [ca], cert, key })
const refused = (kit: AmqpKit, options: object, code: string | RegExp) =>
  assert.rejects(connected(kit, options, () => Promise.resolve()), { code })

export const shows: Shows<RabbitmqPlace> = {
  async 'mutual TLS'(kit) {
    await connected(kit, identity(kit), async (connection) => assert.equal(connection.connection.serverProperties.product, 'RabbitMQ'))
    await refused(kit, { ca: [kit.ca] }, CERTIFICATE_REQUIRED)
  },

  async 'publish and consume 1,000 messages'(kit) {
    await connected(kit, identity(kit), async (connection) => {
      const channel = await connection.createConfirmChannel()
      const { queue } = await channel.assertQueue('', { exclusive: true })
      const heard: string[] = []
      const all = new Promise<void>((resolve) => {
        void channel.consume(queue, (message: { content: Buffer }) => {
          if (heard.push(message.content.toString()) === 1_000) resolve()
        }, { noAck: true })
      })
      const sent = Array.from({ length: 1_000 }, (_, index) => `message ${index}`)
      for (const text of sent) channel.sendToQueue(queue, Buffer.from(text))
      await channel.waitForConfirms()
      await all
      assert.deepEqual(heard, sent)
    })
  },

  async 'a message of 1 MB'(kit) {
    const bytes = patterned(1 << 20)
    await connected(kit, identity(kit), async (connection) => {
      const channel = await connection.createChannel()
      const { queue } = await channel.assertQueue('', { exclusive: true })
      channel.sendToQueue(queue, bytes)
      const message = await new Promise<{ content: Buffer }>((resolve) => { void channel.consume(queue, resolve, { noAck: true }) })
      assert.ok(bytes.equals(message.content))
    })
  },

  async 'wrong CA refused'(kit) {
    await refused(kit, { ...identity(kit), ca: [kit.otherCa] }, 'SELF_SIGNED_CERT_IN_CHAIN')
  },
}
