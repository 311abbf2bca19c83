// The demonstration's own PostgreSQL, if one is installed: on loopback, over TLS alone, with a table and a user who may do no more than
// use it. Its folder goes when it ends.

import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onFreePorts, PORT_TAKEN } from '../../test/helpers/free-ports.js'

/** What is to be installed. */
export const POSTGRESQL_PACKAGE = 'postgresql'

export interface Postgresql {
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
  readonly command: string
  stop(): Promise<void>
}

/** Where the newest PostgreSQL's programs are, as Debian installs them. */
export function findPostgresql(versions = '/usr/lib/postgresql'): string | undefined {
  const found = existsSync(versions)
    ? readdirSync(versions).map(Number).filter((version) => existsSync(join(versions, String(version), 'bin/postgres'))) : []
  return found.length === 0 ? undefined : join(versions, String(Math.max(...found)), 'bin')
}

/** It refuses to run as root. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

/**
 * @param programs as {@link findPostgresql} found them
 * @param chain the certificate, and what else to send; PEM
 */
export async function startPostgresql(programs: string, chain: string, key: string): Promise<Postgresql> {
  const directory = mkdtempSync(join(tmpdir(), 'libssl-wasm-postgresql-'))
  const remove = () => rmSync(directory, { recursive: true, force: true })
  const path = (name: string) => join(directory, name)
  const write = (name: string, text: string) => {
    writeFileSync(path(name), text, { mode: 0o600 })
    own(path(name))
    return path(name)
  }
  const [user, password] = ['demo', randomBytes(12).toString('hex')]
  try {
    own(directory)
    await run(
      join(programs, 'initdb'), ['--pgdata', path('data'), '--username', 'postgres', '--no-sync', '--encoding', 'UTF8', '--no-locale'],
    )
    await run(
      join(programs, 'postgres'), ['--single', '-D', path('data'), '-c', 'password_encryption=scram-sha-256', 'postgres'],
      contents(user, password),
    )
    const settings = {
      listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'off',
      hba_file: write('access.conf', `hostssl postgres ${user} 127.0.0.1/32 scram-sha-256\n`),
      ssl: 'on', ssl_cert_file: write('server.pem', chain), ssl_key_file: write('server.key', key),
    }
    const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    return await onFreePorts(1, async ([port]) => {
      const child = spawn(join(programs, 'postgres'), ['-D', path('data'), '-p', String(port), ...options], environment('pipe'))
      if (!await isReady(child)) return undefined
      return {
        port: port!, user, password, database: 'postgres',
        command: `postgres on 127.0.0.1:${port}, ssl=on, for the page's second tab`,
        stop: () => ended(child).finally(remove),
      }
    })
  } catch (error) {
    remove()
    throw error
  }
}

/** One statement a line, as `postgres --single` takes them. */
const contents = (user: string, password: string) => `CREATE ROLE ${user} LOGIN PASSWORD '${password}'
ALTER DATABASE postgres OWNER TO ${user}
CREATE TABLE planets (name text PRIMARY KEY, kind text, radius_km int, moons int, discovered int)
INSERT INTO planets VALUES ('Mercury', 'rock', 2440, 0), ('Venus', 'rock', 6052, 0), ('Earth', 'rock', 6371, 1), ('Mars', 'rock', 3390, 2)
INSERT INTO planets VALUES ('Jupiter', 'gas', 69911, 97), ('Saturn', 'gas', 58232, 274)
INSERT INTO planets VALUES ('Uranus', 'ice', 25362, 29, 1781), ('Neptune', 'ice', 24622, 16, 1846)
ALTER TABLE planets OWNER TO ${user}
`

function own(path: string): void {
  if (NOBODY.uid !== undefined) chownSync(path, NOBODY.uid, NOBODY.gid)
}

function environment(stderr: 'pipe') {
  return {
    ...NOBODY, cwd: '/', env: { PATH: process.env['PATH'], LC_ALL: 'C' },
    stdio: ['ignore', 'ignore', stderr] as ['ignore', 'ignore', 'pipe'],
  }
}

/** Runs a program to its end. Rejects, with what it printed, if it fails. */
function run(program: string, args: readonly string[], input = ''): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, environment('pipe'), (error, _, stderr) => {
      // In single-user mode PostgreSQL exits with 0 even if a statement has failed: only these words say so.
      if (error || /ERROR: /.test(stderr)) reject(new Error(`${error?.message ?? program}\n${stderr}`))
      else resolve()
    })
    child.stdin!.end(input)
  })
}

/** `false` if the port was taken. */
function isReady(child: ChildProcess): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let said = ''
    child.stderr!.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4_000)
      if (said.includes('ready to accept connections')) resolve(true)
    })
    child.once('error', reject)
    child.once('exit', (code) => PORT_TAKEN.test(said) ? resolve(false) : reject(new Error(`postgres ended with ${code}:\n${said}`)))
  })
}

/** It ends those who are connected. */
function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.kill('SIGINT')
  })
}
