// Deno.Conn under the transport contract: TCP on loopback, and a Unix socket.

import { fromDenoConn, type DenoConnLike } from '../../../src/index.js'
import { tcpBuffersBytes, transportContract, type TestKit, type TransportPair } from '../../helpers/transport-contract.js'

interface Listener {
  readonly addr: object
  accept(): Promise<DenoConnLike>
  close(): void
}

/** What is used of Deno, of whose types the project has none. */
declare const Deno: {
  listen(options: object): Listener
  connect(options: object): Promise<DenoConnLike>
  makeTempDir(): Promise<string>
  remove(path: string, options: object): Promise<void>
}

export function denoConnTransport(kit: TestKit): void {
  transportContract(
    kit, 'fromDenoConn over TCP', () => pair(Deno.listen({ hostname: '127.0.0.1', port: 0 })), { boundBytes: tcpBuffersBytes(1) },
  )

  transportContract(kit, 'fromDenoConn over a Unix socket', async () => {
    const directory = await Deno.makeTempDir()
    const both = await pair(Deno.listen({ transport: 'unix', path: `${directory}/socket` }), { transport: 'unix' })
    await Deno.remove(directory, { recursive: true })
    return both
  }, { boundBytes: tcpBuffersBytes(1) })
}

async function pair(listener: Listener, options: object = {}): Promise<TransportPair> {
  const [near, far] = await Promise.all([Deno.connect({ ...listener.addr, ...options }), listener.accept()])
  listener.close()
  return {
    near: fromDenoConn(near),
    far: fromDenoConn(far),
    fail: () => near.close(),
    dispose() {
      for (const conn of [near, far]) {
        try {
          conn.close()
        } catch {} // closed by its transport
      }
    },
  }
}
