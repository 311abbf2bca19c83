// Both ends of a Wisp connection over a WebSocket of `ws`, and what tests hold at its far ends.

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { connect as connectTcp, type AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { fromNodeStream, memoryTransportPair, type ByteTransport } from '../../src/index.js'
import { connectWisp, serveWisp, type ConnectWispOptions, type ServeWispOptions, type WebSocketLike, type WispConnection, type WispServer } from '../../src/wisp.js'

export interface WispHost {
  readonly url: string
  /** Of each client, in the order of their coming. */
  readonly servers: readonly WispServer[]
  readonly sockets: readonly WebSocket[]
  close(): Promise<void>
}

/** Serves Wisp on a port of the system's choice. Without a dispose of yours it ends with the test. */
export async function wispHost(options: ServeWispOptions, webSocket: ConstructorParameters<typeof WebSocketServer>[0] = {}): Promise<WispHost> {
  const http = createServer()
  const webSockets = new WebSocketServer({ server: http, perMessageDeflate: false, ...webSocket })
  const servers: WispServer[] = []
  const sockets: WebSocket[] = []
  webSockets.on('connection', (socket: WebSocket) => {
    sockets.push(socket)
    servers.push(serveWisp(socket as WebSocketLike, options))
  })
  const url = await listen(http)
  return {
    url,
    servers,
    sockets,
    async close() {
      for (const socket of sockets) socket.terminate()
      await Promise.all(servers.map(({ closed }) => closed))
      http.close()
      await once(http, 'close')
    },
  }
}

/** As {@link wispHost}, and ends with the test. */
export async function hostForTest(options: ServeWispOptions, webSocket?: ConstructorParameters<typeof WebSocketServer>[0]): Promise<WispHost> {
  const host = await wispHost(options, webSocket)
  onTestFinished(() => host.close())
  return host
}

/** A client of it, which ends with the test. */
export async function clientOf(url: string, options: ConnectWispOptions = {}): Promise<WispConnection> {
  const connection = await connectWisp(url, { WebSocket, ...options })
  onTestFinished(() => connection.close())
  return connection
}

/** Listens on the loopback address. */
export async function listen(http: Server): Promise<string> {
  await once(http.listen(0, '127.0.0.1'), 'listening')
  return `ws://127.0.0.1:${(http.address() as AddressInfo).port}/`
}

/** Dials into memory: what was dialled waits in `far`, in order. */
export function memoryDial(highWaterMarkBytes?: number): { dial: ServeWispOptions['dial']; far: ByteTransport[] } {
  const far: ByteTransport[] = []
  return {
    far,
    dial: async () => {
      const [near, other] = memoryTransportPair(highWaterMarkBytes)
      far.push(other)
      return near
    },
  }
}

/** Dials TCP. */
export const tcpDial: ServeWispOptions['dial'] = (target, signal) => new Promise((resolve, reject) => {
  const socket = connectTcp({ ...target, allowHalfOpen: true })
  const giveUp = () => socket.destroy(signal.reason as Error)
  signal.addEventListener('abort', giveUp)
  socket.once('error', reject)
  socket.once('connect', () => {
    signal.removeEventListener('abort', giveUp)
    resolve(fromNodeStream(socket))
  })
})
