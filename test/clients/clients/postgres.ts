import { strict as assert } from 'node:assert'
import { pipeline as pipe, Readable, Writable } from 'node:stream'
import { promisify } from 'node:util'
import postgres from 'postgres'
import { patterned } from '../bytes.js'
import type { PostgresqlPlace } from '../servers/postgresql.js'
import type { Kit, Shows } from '../show.js'

const pipeline = promisify(pipe)

type PostgresKit = Kit<PostgresqlPlace>

const options = ({ place: { port, user, password }, ca }: PostgresKit) => ({
  host: 'localhost', port, user, password, database: 'postgres', max: 1, ssl: { ca },
})

async function connected(config: object, use: (sql: postgres.Sql) => unknown): Promise<any> {
  const sql = postgres(config)
  try {
    return await use(sql)
  } finally {
    await sql.end()
  }
}

const one = (config: object) => connected(config, (sql) => sql`SELECT current_user AS me`)

export const shows: Shows<PostgresqlPlace> = {
  async 'SSLRequest'(kit) {
    const [row] = await connected(options(kit), (sql) => sql`SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()`)
    assert.deepEqual({ ...row }, { ssl: true, version: 'TLSv1.3' })
  },

  async 'direct TLS'(kit) {
    assert.deepEqual([...await one({ ...options(kit), port: kit.place.directPort, sslnegotiation: 'direct' })], [{ me: kit.place.user }])
  },

  async 'client certificate'(kit) {
    const { ca, cert, key, place: { certifiedUser: user } } = kit
    assert.deepEqual([...await one({ ...options(kit), user, ssl: { ca, cert, key } })], [{ me: user }])
    await assert.rejects(one({ ...options(kit), user }), { code: '28000' })
  },

  async '10,000 rows by a cursor'(kit) {
    let [count, last] = [0, undefined]
    await connected(options(kit), async (sql) => {
      for await (const rows of sql`SELECT n, repeat('x', 100) AS text FROM generate_series(1, 10000) AS n`.cursor(1000)) {
        count += rows.length
        last = rows.at(-1)
      }
    })
    assert.deepEqual({ count, last }, { count: 10_000, last: { n: 10_000, text: 'x'.repeat(100) } })
  },

  async 'COPY of 10 MB, both ways'(kit) {
    const line = `${'x'.repeat(99)}\n`
    let [lines, wrong] = [0, 0]
    await connected(options(kit), (all) => all.reserve().then(async (sql: postgres.Sql) => {
      await sql`CREATE TEMPORARY TABLE copied (text text)`
      // Not by Readable.from(), which pages do not have.
      let left = 1_000
      const lines100 = new Readable({ read() { this.push(left-- > 0 ? line.repeat(100) : null) } })
      await pipeline(lines100, await sql`COPY copied FROM STDIN`.writable())
      await pipeline(await sql`COPY copied TO STDOUT`.readable(), new Writable({
        write(chunk: Buffer, _encoding, done) {
          lines += chunk.length / line.length
          if (chunk.toString() !== line.repeat(chunk.length / line.length)) wrong++
          done()
        },
      }))
      sql.release()
    }))
    assert.deepEqual({ lines, wrong }, { lines: 100_000, wrong: 0 })
  },

  async '8 MiB there and back'(kit) {
    const bytes = patterned(8 << 20)
    const [row] = await connected(options(kit), (sql) => sql`SELECT ${bytes}::bytea AS bytes`)
    assert.ok(bytes.equals(row.bytes))
  },

  async 'cancel'(kit) {
    await connected({ ...options(kit), max: 2 }, async (sql) => {
      const sleeping = sql`SELECT pg_sleep(600) AS here`
      const refused = assert.rejects(sleeping.execute(), { code: '57014' })
      const asleep = () =>
        sql`SELECT count(*)::int AS count FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%AS here%'`
      while ((await asleep())[0].count === 0);
      await sleeping.cancel()
      await refused
    })
  },

  async 'wrong CA refused'(kit) {
    await assert.rejects(one({ ...options(kit), ssl: { ca: kit.otherCa } }), { code: 'SELF_SIGNED_CERT_IN_CHAIN' })
    await assert.rejects(one({ ...options(kit), ssl: 'verify-full' }), { code: 'SELF_SIGNED_CERT_IN_CHAIN' })
    await one({ ...options(kit), ssl: 'require' })
  },

  async 'a pool of 10'(kit) {
    const backends = await connected({ ...options(kit), max: 10 }, async (sql) => {
      const connections: postgres.Sql[] = await Promise.all(Array.from({ length: 10 }, () => sql.reserve()))
      const pids = await Promise.all(connections.map(async (connection) => (await connection`SELECT pg_backend_pid() AS pid`)[0].pid))
      for (const connection of connections) connection.release()
      return new Set(pids)
    })
    assert.equal(backends.size, 10)
  },
}
