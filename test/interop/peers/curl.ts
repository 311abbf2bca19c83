// The curl command.

import { authority } from '../../helpers/certificates.js'
import { Peer } from './process.js'
import { HOST } from './tcp.js'

/** Starts curl for `path` of `https://localhost`, which it looks for at `port` of the loopback address. */
export function startCurl(port: number, path: string, args: readonly string[]): Promise<Peer> {
  // -q: no configuration file of whoever runs this. --noproxy: nor the environment's proxies.
  return Peer.start('curl', ['-q', '--noproxy', '*', '--silent', '--show-error', '--resolve', `localhost:${port}:${HOST}`,
    ...(args.includes('--cacert') ? [] : ['--cacert', authority.ca.certFile]), ...args, `https://localhost:${port}${path}`])
}
