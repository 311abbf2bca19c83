// stunnel, as a server that speaks a protocol in the clear and then TLS.

import type { KeyPair } from '../../helpers/certificates.js'
import { Peer } from './process.js'
import { HOST } from './tcp.js'

/** Starts it in front of what listens at `backendPort`, which hears plaintext. The port is one that stunnel picks. */
export async function startStunnel(
  protocol: 'imap' | 'pgsql' | 'smtp', identity: KeyPair, backendPort: number,
): Promise<{ peer: Peer; port: number }> {
  const peer = await Peer.start('stunnel4', ['-fd', '0'])
  peer.stdin.end(`
    foreground = yes
    pid =
    debug = info
    syslog = no
    [${protocol}]
    protocol = ${protocol}
    accept = ${HOST}:0
    connect = ${HOST}:${backendPort}
    cert = ${identity.certFile}
    key = ${identity.keyFile}
  `)
  const [, port] = await peer.printed(/bound to .*:(\d+)$/m)
  return { peer, port: Number(port) }
}
