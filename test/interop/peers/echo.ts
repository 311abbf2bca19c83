// Peers that send back what comes, one for each family of TLS libraries.
//
// A program of ../programs is given words NAME=VALUE:
//   role     server: listens on the loopback address, on a port that the system picks, prints `port N` and takes one connection
//            client: connects to `port` there and verifies `localhost`, or 127.0.0.1, by `ca`
//   version  TLSv1.2 or TLSv1.3, where the library has the choice
//   alpn     the one application protocol that it knows
//   cert, key, ca  files; a server with `ca` demands a client certificate
//   count    how many bytes it sends back before it ends the connection; 0: all, until we end it
// It prints `opened VERSION ALPN SUBJECT`, with `-` for what is not there, `end` when we ended with close_notify, `closed`
// when it ended, and exits with 0; or `failed WHY`, and exits with 1.

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ProtocolVersion } from '../../../src/index.js'
import { bunProgram } from '../../conformance/runtimes/bun.js'
import { denoProgram } from '../../conformance/runtimes/deno.js'
import { byNpm } from '../../conformance/runtimes/installed.js'
import type { KeyPair } from '../../helpers/certificates.js'
import type { FeatureId } from '../../helpers/feature-rows.js'
import { peerPrograms } from '../../helpers/peer-programs.js'
import { Peer } from './process.js'

export interface EchoFamily {
  /** The row of the table of features. */
  readonly row: FeatureId
  /** The peer's name in it. */
  readonly peer: string
  /** Default: both. */
  readonly versions?: readonly ProtocolVersion[]
  /** What the program cannot do. */
  readonly lacks?: readonly ('client certificates asked for' | 'the server name' | 'what was agreed')[]
  /** Whether it refuses us without an alert. Default: never. */
  silent?(why: Refusal, version: ProtocolVersion): boolean
  command(): readonly [string, ...string[]]
}

/** Why a peer refuses us. */
export type Refusal = 'another CA' | 'no certificate'

export const families: readonly EchoFamily[] = [
  { row: 'nss', peer: 'NSS', command: () => [compiled('nss')] },
  // Bun looks at the verdict when the handshake is over.
  { row: 'boringssl', peer: 'Bun', silent: (why) => why === 'another CA', command: () => [installed(bunProgram()), source('bun.mjs')] },
  {
    row: 'rustls',
    peer: 'Deno',
    lacks: ['client certificates asked for', 'the server name', 'what was agreed'],
    command: () =>
      ['env', 'DENO_NO_UPDATE_CHECK=1', installed(denoProgram()), 'run', '--allow-all', '--no-remote', '--quiet', source('deno.mjs')],
  },
  { row: 'go', peer: 'gccgo', command: () => [compiled('go')] },
  // It lives too short for the optimizing compiler.
  { row: 'jdk', peer: 'SSLSocket', command: () => ['java', '-XX:TieredStopAtLevel=1', '-cp', peerPrograms(), 'JdkEcho'] },
  { row: 'wolfssl', peer: 'wolfSSL', silent: withoutCertificate12, command: () => [compiled('wolfssl')] },
  // Debian 12's mbedTLS knows no TLS 1.3.
  { row: 'mbedtls', peer: 'mbedTLS 2.28', versions: ['TLSv1.2'], silent: withoutCertificate12, command: () => [compiled('mbedtls')] },
]

function withoutCertificate12(why: Refusal, version: ProtocolVersion): boolean {
  return why === 'no certificate' && version === 'TLSv1.2'
}

function compiled(name: string): string {
  return join(peerPrograms(), name)
}

function source(name: string): string {
  return fileURLToPath(new URL(`../programs/${name}`, import.meta.url))
}

function installed(runtime: string | undefined): string {
  if (runtime === undefined) throw new Error(`a runtime is missing: ${byNpm}`)
  return runtime
}

export interface EchoPart {
  readonly role: 'client' | 'server'
  readonly version: ProtocolVersion
  readonly port?: number
  readonly alpn: string
  readonly identity?: KeyPair
  /** A file. */
  readonly ca?: string
  readonly count?: number
}

export function startEcho(family: EchoFamily, { identity, ...part }: EchoPart): Promise<Peer> {
  const words = Object.entries({ count: 0, ...part, ...(identity && { cert: identity.certFile, key: identity.keyFile }) })
  const [command, ...args] = family.command()
  return Peer.start(command, [...args, ...words.map(([name, value]) => `${name}=${value}`)])
}

/** As {@link startEcho}, as a server; with the port at which it listens. */
export async function startEchoServer(family: EchoFamily, part: Omit<EchoPart, 'role'>): Promise<{ peer: Peer; port: number }> {
  const peer = await startEcho(family, { role: 'server', ...part })
  const [, port] = await peer.printed(/^port (\d+)$/m)
  return { peer, port: Number(port) }
}
