// Bun: `bun bun.js URL SESSION`.

import { createServer, connect, type AddressInfo } from 'node:net'
import { bunSocketHandlers, type BunSocketHandlers, type BunSocketLike, type WebSocketLike } from 'libssl-wasm'
import type { Runtime } from '../suite/harness.js'
import { bunSocketTransport } from '../transports/bun.js'
import { conduct } from './conduct.js'

interface SocketOptions {
  readonly hostname: string
  readonly port: number
  readonly allowHalfOpen: true
  readonly socket: Partial<BunSocketHandlers>
}

/** What is used of Bun. */
declare const Bun: {
  listen(options: SocketOptions): { readonly port: number; stop(closeActiveConnections?: boolean): void }
  connect(options: SocketOptions): Promise<BunSocketLike>
}

const loopback = { hostname: '127.0.0.1', allowHalfOpen: true } as const

const [url, session] = process.argv.slice(2) as [string, string]

await conduct(url, session, (): Runtime => ({
  kind: 'bun',
  loadOptions: () => ({}),
  webSocket: (address) => new WebSocket(address) as WebSocketLike,
  dial: {
    'Bun.connect': (port) => Bun.connect({ ...loopback, port, socket: bunSocketHandlers() }),
    'node:net': (port) => connect(port, '127.0.0.1'),
  },
  listen: {
    'Bun.listen': async (serve) => {
      const listener = Bun.listen({ ...loopback, port: 0, socket: bunSocketHandlers(serve) })
      return { port: listener.port, close: () => listener.stop() }
    },
    'node:net': async (serve) => {
      const server = createServer(serve)
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return {
        port: (server.address() as AddressInfo).port,
        close: () => new Promise((resolve) => { server.close(() => resolve()) }),
      }
    },
  },
  hasRoots: true,
  worker: {},
  transports: (kit) => bunSocketTransport(kit),
}))
process.exit() // what a failed test left open must not keep the process
