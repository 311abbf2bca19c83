// What a tunnel leads to, for tests: a TCP server whose connections come out as transports, and WebSocket classes.

import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { WebSocket } from 'ws'
import type { WebSocketConstructor, WebSocketStreamConstructor } from '../../src/index.js'

/** Node's own WebSocket, from npm for a Node that has none: as a browser's, it cannot hold back what arrives. */
export const undici = createRequire(new URL('../runtimes/package.json', import.meta.url))('undici') as {
  readonly WebSocket: WebSocketConstructor
  readonly WebSocketStream: WebSocketStreamConstructor
}

/** The `ws` package's, which can. */
export const Pausable = WebSocket as WebSocketConstructor

export interface TunnelTarget {
  readonly host: string
  readonly port: number
  /** `host:port` */
  readonly address: string
  /** The next connection. It does not read yet. */
  accept(): Promise<Socket>
  /** All connections, in the order in which they came. */
  readonly sockets: readonly Socket[]
  close(): Promise<void>
}

/** `onSocket` is given each connection as it comes. */
export async function startTarget(onSocket: (socket: Socket) => unknown = () => {}): Promise<TunnelTarget> {
  const sockets: Socket[] = []
  const waiting: ((socket: Socket) => void)[] = []
  const unclaimed: Socket[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    sockets.push(socket)
    onSocket(socket)
    const next = waiting.shift()
    if (next) next(socket)
    else unclaimed.push(socket)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    host: '127.0.0.1',
    port,
    address: `127.0.0.1:${port}`,
    sockets,
    accept: () => new Promise((resolve) => {
      const socket = unclaimed.shift()
      if (socket) resolve(socket)
      else waiting.push(resolve)
    }),
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
