// nats-server, which wants to see a client certificate.

import type { Home } from './home.js'

export interface NatsPlace {
  /** Greets in plaintext, then TLS. */
  readonly port: number
}

export async function startNats(home: Home): Promise<NatsPlace> {
  const { cert, key, ca } = home.writeIdentity()
  const [port] = await home.serve(
    1, (free) =>
    ['nats-server', '--addr', '127.0.0.1', '--port', String(free), '--tlsverify', '--tlscert', cert, '--tlskey', key, '--tlscacert', ca],
  )
  return { port: port! }
}
