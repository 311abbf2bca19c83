import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import { MongoClient } from 'mongodb'
import type { MongodPlace } from '../servers/mongod.js'
import type { Kit, Shows } from '../show.js'

type MongoKit = Kit<MongodPlace>

const url = ({ place: { port } }: MongoKit) => `mongodb://localhost:${port}/?directConnection=true`
const identity = ({ ca, cert, key }: MongoKit) => ({ tls: true, ca, cert, key, serverSelectionTimeoutMS: 60_000 })

async function connected(kit: MongoKit, options: object, use: (client: MongoClient) => unknown): Promise<any> {
  const client = new MongoClient(url(kit), options)
  try {
    await client.connect()
    return await use(client)
  } finally {
    await client.close()
  }
}

const ping = (client: MongoClient) => client.db('tests').command({ ping: 1 })

async function refused(kit: MongoKit, options: object, code: string): Promise<void> {
  const client = new MongoClient(url(kit), options)
  const failed = once(client, 'serverHeartbeatFailed')
  const connecting = assert.rejects(client.connect()) // which would go on trying
  const [{ failure }] = await failed
  await client.close()
  await connecting
  assert.equal(failure.cause.code, code)
}

export const shows: Shows<MongodPlace> = {
  async 'mutual TLS'(kit) {
    assert.equal((await connected(kit, identity(kit), ping)).ok, 1)
  },

  async 'its TLS options'(kit) {
    const { ca, cert, key, tls } = kit
    const names: string[] = []
    const checkServerIdentity = (name: string) => void names.push(name)
    const options = {
      checkServerIdentity, servername: 'localhost', ALPNProtocols: ['mongodb'], ciphers: 'TLS_AES_128_GCM_SHA256', ecdhCurve: 'prime256v1',
      minDHSize: 1024, allowPartialTrustChain: true, rejectUnauthorized: true,
    }
    assert.equal((await connected(kit, { ...identity(kit), ...options }, ping)).ok, 1)
    assert.equal((await connected(kit, { tls: true, secureContext: tls.createSecureContext({ ca, cert, key }) }, ping)).ok, 1)
    assert.deepEqual(new Set(names), new Set(['localhost']))
  },

  async '8 MiB up'(kit) {
    const { received } = await connected(
      kit, identity(kit), (client) => client.db('tests').command({ ping: 1, bytes: Buffer.alloc(8 << 20) }),
    )
    assert.ok(received > 8 << 20)
  },

  async 'wrong CA refused'(kit) {
    await refused(kit, { ...identity(kit), ca: kit.otherCa }, 'SELF_SIGNED_CERT_IN_CHAIN')
  },
}
