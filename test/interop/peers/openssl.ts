// The machine's own `openssl s_server` and `openssl s_client`.

import type { ProtocolVersion } from '../../../src/index.js'
import { authority, type KeyPair } from '../../helpers/certificates.js'
import { Peer } from './process.js'
import { HOST } from './tcp.js'

export const versionFlag = { 'TLSv1.2': '-tls1_2', 'TLSv1.3': '-tls1_3' } as const

export interface OpensslServer {
  readonly peer: Peer
  readonly port: number
}

/** Starts `openssl s_server` with `identity` on a port that it picks. */
export async function startOpensslServer(
  identity: KeyPair, version: ProtocolVersion, args: readonly string[] = ['-www'], options: { readonly cwd?: string } = {},
): Promise<OpensslServer> {
  const peer = await Peer.start('openssl', ['s_server', '-accept', `${HOST}:0`, '-cert', identity.certFile, '-key', identity.keyFile,
    versionFlag[version], ...args], options)
  const [, port] = await peer.printed(/^ACCEPT .*:(\d+)$/m)
  return { peer, port: Number(port) }
}

/** Starts `openssl s_client`, which verifies `localhost` against the test CA. */
export function startOpensslClient(port: number, version: ProtocolVersion, args: readonly string[] = []): Promise<Peer> {
  return Peer.start('openssl', ['s_client', '-connect', `${HOST}:${port}`, '-servername', 'localhost', versionFlag[version],
    '-verify_return_error', '-verify_hostname', 'localhost',
    ...(args.includes('-CAfile') ? [] : ['-CAfile', authority.ca.certFile]), ...args])
}
