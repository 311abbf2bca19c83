// GnuTLS's own command-line server and client.

import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { onTestFailed } from 'vitest'
import type { ProtocolVersion } from '../../../src/index.js'
import { authority, type KeyPair } from '../../helpers/certificates.js'
import type { Namespace } from './namespace.js'
import { Peer } from './process.js'
import { HOST } from './tcp.js'

const priority = (version: ProtocolVersion) => `NORMAL:-VERS-ALL:+VERS-TLS${version.slice(-3)}`

/** The namespace is the server's alone: any port is free. */
const PORT = 4433

/** Starts `gnutls-serv`, which listens on every address of its namespace. */
export async function startGnutlsServer(
  namespace: Namespace, identity: KeyPair, version: ProtocolVersion, args: readonly string[],
): Promise<{ readonly peer: Peer; dial(): Promise<Socket> }> {
  const peer = await namespace.start('gnutls-serv', ['--port', String(PORT), '--priority', priority(version),
    '--x509certfile', identity.certFile, '--x509keyfile', identity.keyFile, ...args])
  await peer.printed(/listening on IPv4 .*done/)
  return { peer, dial: () => namespace.dial(PORT) }
}

export interface GnutlsClient {
  readonly peer: Peer
  /** What it said of itself; its standard output is the data alone. */
  said(): string
}

let clients = 0

/** Starts `gnutls-cli`, which verifies `localhost` against the test CA unless `args` bring another. */
export async function startGnutlsClient(port: number, version: ProtocolVersion, args: readonly string[] = []): Promise<GnutlsClient> {
  const logfile = join(authority.dir, `gnutls-cli-${++clients}.log`)
  const said = () => readFileSync(logfile, 'utf8')
  onTestFailed(() => console.error(said()))
  const peer = await Peer.start('gnutls-cli',
    ['--port', String(port), '--logfile', logfile, '--priority', priority(version), '--sni-hostname', 'localhost', '--verify-hostname',
    'localhost', ...(args.includes('--x509cafile') ? [] : ['--x509cafile', authority.ca.certFile]), ...args, HOST])
  return { peer, said }
}
