// Bun: `bun bun.js URL SESSION`.

import { createServer, connect, type AddressInfo } from 'node:net'
import type { WebSocketLike } from 'libssl-wasm'
import type { Runtime } from '../suite/harness.js'
import { conduct } from './conduct.js'

const [url, session] = process.argv.slice(2) as [string, string]

await conduct(url, session, (): Runtime => ({
  kind: 'bun',
  loadOptions: () => ({}),
  webSocket: (address) => new WebSocket(address) as WebSocketLike,
  dial: { 'node:net': (port) => connect(port, '127.0.0.1') },
  listen: {
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
}))
process.exit() // what a failed test left open must not keep the process
