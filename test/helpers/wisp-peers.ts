// Both ends of a Wisp connection over a WebSocket of `ws`, and what tests hold at its far ends.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { connect as connectTcp, type AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { fromNodeStream, memoryTransportPair, type ByteTransport } from '../../src/index.js'
import {
  connectWisp, serveWisp, type ConnectWispOptions, type ServeWispOptions, type WebSocketLike, type WispConnection, type WispServer,
} from '../../src/wisp.js'
import { parsePacket, type Packet } from '../../src/transports/wisp/packets.js'

export interface WispHost {
  readonly url: string
  /** Of each client, in the order of their coming. */
  readonly servers: readonly WispServer[]
  readonly sockets: readonly WebSocket[]
  close(): Promise<void>
}

/** Serves Wisp on a port of the system's choice. Without a dispose of yours it ends with the test. */
export async function wispHost(
  options: ServeWispOptions, webSocket: ConstructorParameters<typeof WebSocketServer>[0] = {},
): Promise<WispHost> {
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
export async function hostForTest(
  options: ServeWispOptions, webSocket?: ConstructorParameters<typeof WebSocketServer>[0],
): Promise<WispHost> {
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

/** One end of a WebSocket that speaks packets by hand. */
export class ByHand {
  readonly socket: WebSocket
  /** Code of the WebSocket's close. */
  readonly closed: Promise<number>
  readonly #packets: Packet[] = []
  #arrived = () => {}

  constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('error', () => {}) // its close follows
    this.closed = new Promise((resolve) => {
      socket.once('close', (code: number) => {
        resolve(code)
        this.#arrived()
      })
    })
    socket.on('message', (message: Buffer) => {
      this.#packets.push(parsePacket(new Uint8Array(message)))
      this.#arrived()
    })
    onTestFinished(() => socket.terminate())
  }

  /** A client of `url`. */
  static async client(url: string, protocols: string[] = []): Promise<ByHand> {
    const client = new ByHand(new WebSocket(url, protocols))
    await once(client.socket, 'open')
    return client
  }

  send(...packets: readonly Uint8Array[]): void {
    for (const packet of packets) this.socket.send(packet)
  }

  /** The next packet. */
  async next(): Promise<Packet> {
    while (this.#packets.length === 0) {
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error('the WebSocket was closed')
      await new Promise<void>((resolve) => { this.#arrived = resolve })
    }
    return this.#packets.shift()!
  }

  /** The next packet of this type; those before it are dropped. */
  async nextOf<Type extends Packet['type']>(type: Type): Promise<Extract<Packet, { type: Type }>> {
    for (;;) {
      const packet = await this.next()
      if (packet.type === type) return packet as Extract<Packet, { type: Type }>
    }
  }
}

/** A server of packets by hand: calls `serve` with each client. Ends with the test. */
export async function serverByHand(
  serve: (peer: ByHand, protocols: string) => void, options: ConstructorParameters<typeof WebSocketServer>[0] = {},
): Promise<string> {
  const http = createServer()
  const webSockets = new WebSocketServer({ server: http, ...options })
  webSockets.on(
    'connection',
    (socket: WebSocket, request: IncomingMessage) => serve(new ByHand(socket), request.headers['sec-websocket-protocol'] ?? ''),
  )
  const url = await listen(http)
  onTestFinished(() => {
    for (const socket of webSockets.clients) socket.terminate()
    http.close()
  })
  return url
}

/** A page's WebSocket, as far as it is seen: nothing can be paused, and bufferedAmount is set by hand. */
export class PageWebSocket extends EventTarget {
  binaryType = 'blob'
  bufferedAmount = 0
  readyState = 1
  readonly sent: Packet[] = []
  readonly closes: (number | undefined)[] = []
  send(bytes: Uint8Array<ArrayBuffer>): void { this.sent.push(parsePacket(bytes)) }
  close(code?: number): void {
    this.closes.push(code)
    this.readyState = 2
  }
  receive(data: unknown): void { this.dispatchEvent(Object.assign(new Event('message'), { data })) }
  nowClosed(code: number): void {
    this.readyState = 3
    this.dispatchEvent(Object.assign(new Event('close'), { code, reason: '' }))
  }
}
