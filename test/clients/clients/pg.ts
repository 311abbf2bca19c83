import { strict as assert } from 'node:assert'
import pg from 'pg'
import type { PostgresqlPlace } from '../servers/postgresql.js'
import type { Kit, Shows } from '../show.js'

type PgKit = Kit<PostgresqlPlace>

const options = ({ place: { port, user, password }, ca }: PgKit) => ({
  host: 'localhost', port, user, password, database: 'postgres', ssl: { ca },
})

/** What a client's connection gives, until it has been used. */
async function connected<T>(config: object, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(config)
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

async function refused(config: object, code: string): Promise<void> {
  await assert.rejects(connected(config, () => Promise.resolve()), { code })
}

export const shows: Shows<PostgresqlPlace> = {
  async 'SSLRequest, SCRAM with channel binding'(kit) {
    const client = new pg.Client({ ...options(kit), enableChannelBinding: true })
    const mechanisms: string[] = []
    const { connection } = client
    const send = connection.sendSASLInitialResponseMessage
    connection.sendSASLInitialResponseMessage = function (mechanism: string, response: string) {
      mechanisms.push(mechanism)
      send.call(this, mechanism, response)
    }
    await client.connect()
    const { rows: [{ ssl, version }] } = await client.query('SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()')
    assert.ok(client.connection.stream instanceof kit.tls.TLSSocket)
    await client.end()
    assert.deepEqual({ mechanisms, ssl, version }, { mechanisms: ['SCRAM-SHA-256-PLUS'], ssl: true, version: 'TLSv1.3' })
  },

  async 'direct TLS'(kit) {
    const rows = await connected(
      { ...options(kit), port: kit.place.directPort, sslnegotiation: 'direct' },
      async (client) => (await client.query('SELECT 1 AS one')).rows,
    )
    assert.deepEqual(rows, [{ one: 1 }])
  },

  async 'client certificate'(kit) {
    const { ca, cert, key, place: { certifiedUser } } = kit
    const rows = await connected(
      { ...options(kit), user: certifiedUser, password: '', ssl: { ca, cert, key } },
      async (client) => (await client.query('SELECT current_user AS me')).rows,
    )
    assert.deepEqual(rows, [{ me: certifiedUser }])
    await refused({ ...options(kit), user: certifiedUser, password: '' }, '28000')
  },

  async '10,000 rows'(kit) {
    const rows = await connected(
      options(kit), async (client) => (await client.query("SELECT n, repeat('x', 100) AS text FROM generate_series(1, 10000) AS n")).rows,
    )
    assert.equal(rows.length, 10_000)
    assert.deepEqual(rows.at(-1), { n: 10_000, text: 'x'.repeat(100) })
  },

  async '8 MiB there and back'(kit) {
    const bytes = Buffer.alloc(8 << 20, Uint8Array.from({ length: 251 }, (_, index) => index))
    const rows = await connected(options(kit), async (client) => (await client.query('SELECT $1::bytea AS bytes', [bytes])).rows)
    assert.ok(bytes.equals(rows[0].bytes))
  },

  async 'cancel'(kit) {
    await connected(options(kit), (client) => connected(options(kit), async (other) => {
      const sleeping = assert.rejects(client.query('SELECT pg_sleep(600)'), { code: '57014' })
      // It may not have begun yet.
      const asleep = "SELECT count(*)::int AS count FROM pg_stat_activity WHERE pid = $1 AND state = 'active'"
      while ((await other.query(asleep, [client.processID])).rows[0].count === 0);
      await other.query('SELECT pg_cancel_backend($1)', [client.processID])
      await sleeping
    }))
  },

  async 'wrong CA and wrong name refused'(kit) {
    await refused({ ...options(kit), ssl: { ca: kit.otherCa } }, 'SELF_SIGNED_CERT_IN_CHAIN')
    await refused({ ...options(kit), ssl: true }, 'SELF_SIGNED_CERT_IN_CHAIN')
    await refused({ ...options(kit), host: '127.0.0.1', ssl: { ca: kit.ca, servername: 'other.example' } }, 'ERR_TLS_CERT_ALTNAME_INVALID')
    await connected({ ...options(kit), ssl: { rejectUnauthorized: false } }, () => Promise.resolve())
  },

  async 'a pool of 10'(kit) {
    const pool = new pg.Pool({ ...options(kit), max: 10 })
    const clients = await Promise.all(Array.from({ length: 10 }, () => pool.connect() as Promise<pg.PoolClient>))
    const backends =
      new Set(await Promise.all(clients.map(async (client) => (await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid)))
    for (const client of clients) client.release()
    await pool.end()
    assert.equal(backends.size, 10)
  },
}
