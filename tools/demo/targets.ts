// The servers that the page may connect to: each shows something else. All on loopback, on ports that the system picks.

import { readFileSync, rmSync } from 'node:fs'
import { CertificateAuthority, date, RSA } from '../certificates.js'
import { parseAddress } from './command-line.js'
import type { PageTarget } from './page-target.js'
import { startOwnServer } from './own-server.js'
import { findPostgresql, POSTGRESQL_PACKAGE, startPostgresql, type Postgresql } from './postgresql.js'
import { startServer, type DemoServer } from './server.js'

/** Paths under which the page finds trust anchors. */
export const OWN_ANCHORS = '/demo-ca.pem'
export const PLATFORM_ANCHORS = '/roots.pem'

/** What is to be done if there is no PostgreSQL. */
export const MISSING = `PostgreSQL is not installed: install Debian's package ${POSTGRESQL_PACKAGE}, and start the demonstration again.`

/** A target, but for the tunnel to it. */
export type Target = Omit<PageTarget, 'url'>

export interface OwnTargets {
  readonly targets: readonly Target[]
  readonly postgresql: Postgresql | { readonly missing: string }
  /** The root that issued their certificates, PEM. */
  readonly ca: string
  stop(): Promise<void>
}

export async function startTargets(): Promise<OwnTargets> {
  const root = new CertificateAuthority('Demonstration Root')
  const intermediate = new CertificateAuthority('Demonstration Intermediate', root)
  const servers: Pick<DemoServer, 'stop'>[] = []
  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop()))
    for (const { dir } of [root, intermediate]) rmSync(dir, { recursive: true, force: true })
  }
  const chain = intermediate.ca.certFile
  const localhost = intermediate.leaf()
  const targets: Target[] = []
  const add = async (id: string, name: string, description: string, starting: Promise<DemoServer>) => {
    const server = await starting
    servers.push(server)
    targets.push({ ...describe(`127.0.0.1:${server.port}`, 'localhost', OWN_ANCHORS), id, name, description, command: server.command })
  }
  try {
    await add('tls13', 'TLS 1.3', 'One round trip, ECDSA certificate', startServer(localhost, [], chain))
    await add('post-quantum', 'Post-quantum', 'X25519MLKEM768; the server is this library too', startOwnServer(localhost, chain))
    await add('retry', 'Hello retry', 'The server wants P-384: one more round trip', startServer(localhost, ['-groups', 'P-384'], chain))
    await add('tls12', 'TLS 1.2', 'Nothing newer, RSA certificate', startServer(intermediate.leaf({ newkey: RSA }), ['-tls1_2'], chain))
    await add('expired', 'Expired', 'Its certificate ended last week',
      startServer(intermediate.leaf({ notBefore: date(-30), notAfter: date(-7) }), [], chain))
    await add('wrong-name', 'Wrong name', 'Its certificate is for another host',
      startServer(intermediate.leaf({ name: 'elsewhere.example', san: 'DNS:elsewhere.example' }), [], chain))
    const programs = findPostgresql()
    const postgresql = programs === undefined
      ? { missing: MISSING } : await startPostgresql(programs, localhost.cert + readFileSync(chain, 'utf8'), localhost.key)
    if ('stop' in postgresql) servers.push(postgresql)
    return { targets, postgresql, ca: root.ca.cert, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A server that the command line names: verified with the platform's roots. Throws if it is not `HOST:PORT`. */
export function givenTarget(text: string, index: number): Target {
  const { host, port, servername } = parseAddress(text)
  const address = `${host}:${port}`
  return {
    ...describe(address, servername, PLATFORM_ANCHORS), id: `given-${index}`, name: address, description: "Verified with Node's roots",
    command: address,
  }
}

function describe(address: string, servername: string, anchors: string) {
  return { address, servername, anchors, request: `GET / HTTP/1.0\nHost: ${servername}\n\n` }
}
