import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import { Connection, Request } from 'tedious'
import type { SqlServerPlace } from '../servers/sql-server.js'
import type { Kit, Shows } from '../show.js'

type TdsKit = Kit<SqlServerPlace>

const config = (port: number, options: object) => ({
  server: 'localhost', authentication: { type: 'default', options: { userName: 'tester', password: 'a password, not a secret' } },
  options: { port, encrypt: true, connectTimeout: 60_000, ...options },
})
const trusting = (ca: string) => ({ cryptoCredentialsDetails: { ca } })

/** Connects, runs a statement of so many characters; resolves to the bytes of it that came. */
async function run(port: number, options: object, length: number): Promise<number> {
  const connection = new Connection(config(port, options))
  await new Promise<void>((resolve, reject) => connection.connect((error?: Error) => (error ? reject(error) : resolve())))
  const rows = await new Promise<number>((resolve, reject) => {
    connection.execSqlBatch(
      new Request('x'.repeat(length), (error: Error | undefined, count: number) => (error ? reject(error) : resolve(count))),
    )
  })
  const ended = once(connection, 'end')
  connection.close()
  await ended
  return rows
}

async function refused(port: number, options: object): Promise<void> {
  await assert.rejects(
    run(port, options, 1),
    (error: Error & { code: string }) => error.code === 'ESOCKET' && /self-signed|unable to verify/.test(error.message),
  )
}

export const shows: Shows<SqlServerPlace> = {
  async 'TLS within PRELOGIN, 4 MiB up'({ place: { port }, ca }) {
    assert.ok(await run(port, trusting(ca), 2 << 20) > 4 << 20)
  },

  async 'TLS from the start (TDS 8.0), 4 MiB up'({ place: { strictPort }, ca }) {
    assert.ok(await run(strictPort, { ...trusting(ca), encrypt: 'strict' }, 2 << 20) > 4 << 20)
  },

  async 'wrong CA refused'({ place: { port, strictPort }, otherCa }: TdsKit) {
    await refused(port, trusting(otherCa))
    await refused(strictPort, { ...trusting(otherCa), encrypt: 'strict' })
    await run(port, { trustServerCertificate: true }, 1)
  },
}
