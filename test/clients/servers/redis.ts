// Redis, which wants to see a client certificate.

import type { Home } from './home.js'

export interface RedisPlace {
  readonly port: number
}

export async function startRedis(home: Home): Promise<RedisPlace> {
  const { cert, key, ca } = home.writeIdentity()
  const [port] = await home.serve(1,
    (free) => ['redis-server', '--port', '0', '--tls-port', String(free), '--bind', '127.0.0.1', '--dir', home.directory, '--save', '',
    '--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', ca, '--tls-auth-clients', 'yes'])
  return { port: port! }
}
