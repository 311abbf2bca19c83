// Deno: `deno run -A deno.js URL SESSION`.

import { connect } from 'node:net'
import type { DenoConnLike, WebSocketLike } from 'libssl-wasm'
import type { Runtime } from '../suite/harness.js'
import { denoConnTransport } from '../transports/deno.js'
import { conduct } from './conduct.js'

/** What is used of Deno. */
declare const Deno: {
  readonly args: readonly string[]
  connect(options: { hostname: string; port: number }): Promise<DenoConnLike>
  listen(options: { hostname: string; port: number }): AsyncIterable<DenoConnLike> & {
    readonly addr: { readonly port: number }
    close(): void
  }
  exit(): never
}

const [url, session] = Deno.args as [string, string]

await conduct(url, session, (): Runtime => ({
  kind: 'deno',
  loadOptions: () => ({}),
  webSocket: (address) => new WebSocket(address) as WebSocketLike,
  dial: {
    'Deno.connect': (port) => Deno.connect({ hostname: '127.0.0.1', port }),
    'node:net': (port) => connect(port, '127.0.0.1'),
  },
  listen: {
    'Deno.listen': async (serve) => {
      const listener = Deno.listen({ hostname: '127.0.0.1', port: 0 })
      void (async () => {
        for await (const connection of listener) serve(connection)
      })()
      return { port: listener.addr.port, close: () => listener.close() }
    },
  },
  hasRoots: true,
  worker: {},
  transports: (kit) => denoConnTransport(kit),
}))
Deno.exit() // what a failed test left open must not keep the process
