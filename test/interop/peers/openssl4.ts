// `openssl s_server` and `openssl s_client` of the very release that we compile to WebAssembly, built for this machine
// by tools/native-openssl.sh: they know ECH, ML-DSA and raw public keys, whatever the machine's own openssl is.

import { execFileSync } from 'node:child_process'
import type { ProtocolVersion } from '../../../src/index.js'
import { authority, type KeyPair } from '../../helpers/certificates.js'
import { nativeOpenssl } from '../../helpers/native-openssl.js'
import { versionFlag, type OpensslServer } from './openssl.js'
import { Peer } from './process.js'
import { HOST } from './tcp.js'

/** Runs one of its commands to its end; returns what it wrote to its standard output. */
export function openssl4(...args: readonly string[]): string {
  return execFileSync(nativeOpenssl(), args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Starts `openssl s_server` on a port that it picks. `identity`: `null` for what `args` say. */
export async function startOpenssl4Server(
  identity: KeyPair | null, version: ProtocolVersion, args: readonly string[] = ['-www'], options: { readonly cwd?: string } = {},
): Promise<OpensslServer> {
  const own = identity ? ['-cert', identity.certFile, '-key', identity.keyFile] : []
  const peer = await Peer.start(nativeOpenssl(), ['s_server', '-accept', `${HOST}:0`, ...own, versionFlag[version], ...args], options)
  const [, port] = await peer.printed(/^ACCEPT .*:(\d+)$/m)
  return { peer, port: Number(port) }
}

/** Starts `openssl s_client`, which verifies `localhost` against the test CA unless `args` say otherwise. */
export function startOpenssl4Client(port: number, version: ProtocolVersion, args: readonly string[] = []): Promise<Peer> {
  const unless = (flag: string, ...value: string[]) => (args.includes(flag) ? [] : [flag, ...value])
  return Peer.start(nativeOpenssl(),
    ['s_client', '-connect', `${HOST}:${port}`, versionFlag[version], ...unless('-servername', 'localhost'),
    '-verify_return_error', ...unless('-verify_hostname', 'localhost'), ...unless('-CAfile', authority.ca.certFile), ...args])
}
