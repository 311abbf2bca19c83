import { strict as assert } from 'node:assert'
import mysql from 'mysql2/promise'
import type { MariadbPlace } from '../servers/mariadb.js'
import type { Kit, Shows } from '../show.js'
import { patterned } from '../bytes.js'

type MysqlKit = Kit<MariadbPlace>

const options = ({ place: { port, user, password }, ca }: MysqlKit) => ({
  host: 'localhost', port, user, password, database: 'tests', connectTimeout: 60_000, disableEval: !makesCode(),
  ssl: { ca, verifyIdentity: true },
})

/** Edge workers make no code of text, which mysql2 does by default. */
function makesCode(): boolean {
  try {
    return new Function('return true')() as boolean
  } catch {
    return false
  }
}

async function connected<T>(config: object, use: (connection: mysql.Connection) => Promise<T>): Promise<T> {
  const connection = await mysql.createConnection(config)
  try {
    return await use(connection)
  } finally {
    await connection.end()
  }
}

const rowsOf = async (connection: mysql.Connection, query: string, values?: readonly unknown[]) =>
  (await connection.query(query, values))[0]
const statusOf = async (connection: mysql.Connection, name: string) =>
  (await rowsOf(connection, 'SHOW SESSION STATUS LIKE ?', [name]))[0].Value as string

export const shows: Shows<MariadbPlace> = {
  async 'TLS, which the server requires'(kit) {
    assert.equal(await connected(options(kit), (connection) => statusOf(connection, 'Ssl_version')), 'TLSv1.3')
    await assert.rejects(connected({ ...options(kit), ssl: undefined }, () => Promise.resolve()), { code: 'ER_ACCESS_DENIED_ERROR' })
  },

  async 'client certificate'(kit) {
    const { ca, cert, key, place: { certifiedUser: user } } = kit
    const rows = await connected(
      { ...options(kit), user, database: '', ssl: { ca, cert, key } }, (connection) => rowsOf(connection, 'SELECT current_user() AS me'),
    )
    assert.deepEqual({ ...rows[0] }, { me: `${user}@127.0.0.1` })
    await assert.rejects(connected({ ...options(kit), user, database: '' }, () => Promise.resolve()), { code: 'ER_ACCESS_DENIED_ERROR' })
  },

  async 'session resumed on reconnect'(kit) {
    const config = options(kit)
    const reused = () => connected(config, async (connection) => {
      await connection.ping() // by whose answer the session's ticket has come
      return connection.connection.stream.isSessionReused()
    })
    assert.deepEqual([await reused(), await reused()], [false, true])
  },

  async '10,000 rows'(kit) {
    const rows = await connected(
      options(kit), (connection) => rowsOf(connection, "SELECT seq AS n, REPEAT('x', 100) AS text FROM seq_1_to_10000"),
    )
    assert.equal(rows.length, 10_000)
    assert.deepEqual({ ...rows.at(-1) }, { n: 10_000, text: 'x'.repeat(100) })
  },

  async '8 MiB there and back'(kit) {
    const bytes = patterned(8 << 20)
    const rows = await connected(options(kit), async (connection) => (await connection.execute('SELECT ? AS bytes', [bytes]))[0])
    assert.ok(bytes.equals(Buffer.from(rows[0].bytes)))
  },

  async 'wrong CA refused'(kit) {
    await assert.rejects(connected({ ...options(kit), ssl: { ca: kit.otherCa } }, () => Promise.resolve()), { code: 'HANDSHAKE_SSL_ERROR' })
    await connected({ ...options(kit), ssl: { rejectUnauthorized: false } }, () => Promise.resolve())
  },

  async 'a pool of 10'(kit) {
    const pool = mysql.createPool({ ...options(kit), connectionLimit: 10 })
    const connections = await Promise.all(Array.from({ length: 10 }, () => pool.getConnection()))
    const ids =
      new Set(await Promise.all(connections.map(async (connection) => (await rowsOf(connection, 'SELECT connection_id() AS id'))[0].id)))
    for (const connection of connections) connection.release()
    await pool.end()
    assert.equal(ids.size, 10)
  },
}
