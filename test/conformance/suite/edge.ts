// What an edge worker's own TLS cannot do, and this library can: a private CA, and a client certificate.

import { connect as connectTcp } from 'cloudflare:sockets'
import { connect } from 'libssl-wasm'
import { readAll, send } from './bytes.js'
import type { Harness } from './harness.js'
import { sharedInstance } from './instance.js'

/** A server that demands a certificate of its CA's. */
const DEMANDING = ['-Verify', '1', '-verify_return_error', '-CAfile', 'CA_FILE']

export function edge(harness: Harness): void {
  const { describe, it, expect, runtime, host } = harness

  describe('edge worker: a private CA and a client certificate', () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      it(`cloudflare:sockets and this library reach a server that demands both, ${version}`, async () => {
        const server = await host.serve(version, { args: DEMANDING })
        const { ca, client } = await host.identities()
        const tls = connect(connectTcp({ hostname: '127.0.0.1', port: server.port }, { allowHalfOpen: true }), {
          servername: 'localhost', ca, cert: client.cert, key: client.key, libssl: await sharedInstance(runtime),
        })
        expect(await tls.opened).toMatchObject({ protocol: version, verifyResult: 'X509_V_OK' })
        await send(tls.writable, 'known\n')
        await server.printed(/^known$/m)
        await server.printed(/depth=0 CN = client\n/)
        await tls.close()
        await server.printed(/^DONE$/m)
      })

      it(`secureTransport of the platform's own refuses the server's CA, which it cannot be given, ${version}`, async () => {
        const server = await host.serve(version)
        // Whatever is named like our options is not looked at: there are none.
        const socket = connectTcp({ hostname: 'localhost', port: server.port }, { secureTransport: 'on', ...await privateTrust() })
        const outcome = await Promise.allSettled([socket.opened, socket.closed, readAll(socket.readable)])
        expect(outcome.map(({ status }) => status)).toContain('rejected')
        await server.printed(/alert unknown ca|alert bad certificate|alert certificate unknown|ERROR/i)
      })
    }
  })

  async function privateTrust(): Promise<object> {
    const { ca, client } = await host.identities()
    return { ca, cert: client.cert, key: client.key }
  }
}
