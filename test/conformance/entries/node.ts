// Node: `node node.mjs URL SESSION`.

import { createServer, connect, type AddressInfo } from 'node:net'
import { WebSocket as WsWebSocket } from 'ws'
import type { WebSocketLike } from 'libssl-wasm'
import type { Listen, Runtime } from '../suite/harness.js'
import { messagePortTransport } from '../transports/message-port.js'
import { webSocketTransport } from '../transports/websocket.js'
import { conduct } from './conduct.js'

const [url, session] = process.argv.slice(2) as [string, string]

const listen: Listen = async (serve) => {
  const server = createServer(serve)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => { server.close(() => resolve()) }),
  }
}

await conduct(url, session, (): Runtime => ({
  kind: 'node',
  loadOptions: () => ({}),
  // Node 20 has none of its own.
  webSocket: (address: string) => ('WebSocket' in globalThis ? new WebSocket(address) : new WsWebSocket(address)) as WebSocketLike,
  dial: { 'node:net': (port) => connect(port, '127.0.0.1') },
  listen: { 'node:net': listen },
  hasRoots: true,
  worker: {},
  transports: (kit, { url }) => {
    messagePortTransport(kit)
    if ('WebSocket' in globalThis) webSocketTransport(kit, url)
  },
}))
process.exit() // what a failed test left open must not keep the process
