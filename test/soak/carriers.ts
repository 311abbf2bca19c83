// Lanes: each has its transports to itself, so that what a server accepts belongs to the client of the same lane.

import { once } from 'node:events'
import { createServer, connect as connectSocket, type AddressInfo, type Socket } from 'node:net'
import { MessageChannel } from 'node:worker_threads'
import { WebSocket } from 'ws'
import type { Relay } from '../../src/apps/relay/relay.js'
import {
  fromMessagePort, fromNodeStream, memoryTransportPair, openTunnel, type ByteTransport, type WebSocketConstructor,
} from '../../src/index.js'
import { connectWisp, type WispConnection } from '../../src/wisp.js'
import type { Carrier } from './plan.js'

const options = { WebSocket: WebSocket as WebSocketConstructor }

export class Lane {
  readonly #relay: Relay
  readonly #target = createServer({ allowHalfOpen: true }, (socket) => {
    this.#sockets.add(socket.on('error', () => {}).once('close', () => this.#sockets.delete(socket)))
    this.#onTransport(fromNodeStream(socket))
  })
  readonly #sockets = new Set<Socket>()
  #onTransport: (transport: ByteTransport) => void = () => {}
  #wisp!: WispConnection
  #port = 0

  private constructor(relay: Relay) {
    this.#relay = relay
  }

  /** @param allow lets the relay lead to it */
  static async open(relay: Relay, allow: (address: string) => void): Promise<Lane> {
    const lane = new Lane(relay)
    await once(lane.#target.listen(0, '127.0.0.1'), 'listening')
    lane.#port = (lane.#target.address() as AddressInfo).port
    allow(`127.0.0.1:${lane.#port}`)
    lane.#wisp = await connectWisp(`${relay.url}/wisp/`, { WebSocket: WebSocket as never })
    return lane
  }

  /** The client's transport. `onServer` is given the server's, when the connection comes. */
  start(carrier: Carrier, onServer: (transport: ByteTransport) => void): ByteTransport {
    const [host, port] = ['127.0.0.1', this.#port]
    this.#onTransport = onServer
    switch (carrier) {
      case 'TCP':
        return fromNodeStream(connectSocket({ host, port, allowHalfOpen: true }).on('error', () => {}))
      case 'tunnel with credit':
      case 'tunnel without':
        return openTunnel(this.#relay.url, { host, port }, { ...options, flowControl: carrier === 'tunnel without' ? 'none' : 'credit' })
      case 'Wisp':
        return this.#wisp.open({ host, port })
      case 'message port': {
        const { port1, port2 } = new MessageChannel()
        onServer(fromMessagePort(port2))
        return fromMessagePort(port1)
      }
      case 'memory':
      case 'worker': {
        const [near, far] = memoryTransportPair()
        onServer(far)
        return near
      }
    }
  }

  async close(): Promise<void> {
    await this.#wisp.close()
    for (const socket of this.#sockets) socket.destroy()
    this.#target.close()
  }
}
