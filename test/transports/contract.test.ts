import { once } from 'node:events'
import net from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { fromNodeStream, fromWebSocket, memoryTransportPair, PlaintextConversation, type WebSocketLike } from '../../src/index.js'
import { laterTransport } from '../../src/transports/later.js'
import { messagePortTransport } from '../conformance/transports/message-port.js'
import { duplexPair } from '../helpers/duplex-pair.js'
import { until } from '../helpers/streams.js'
import { tcpBuffersBytes, transportContract, type ContractOptions, type TransportPair } from '../helpers/transport-contract.js'

const MIB = 1024 * 1024
const contract = (name: string, open: () => Promise<TransportPair>, options: ContractOptions) =>
  transportContract({ describe, it, expect }, name, open, options)

contract('memoryTransportPair', async () => {
  const [near, far] = memoryTransportPair()
  return { near, far, fail: () => breakOff(far), failure: /broken/ }
}, { boundBytes: 128 * 1024 })

contract('memoryTransportPair of one byte', async () => {
  const [near, far] = memoryTransportPair(1)
  return { near, far, fail: () => breakOff(far), failure: /broken/ }
}, { boundBytes: 64 * 1024 })

contract('fromNodeStream upon a Duplex', async () => {
  const [near, far] = duplexPair()
  return { near: fromNodeStream(near), far: fromNodeStream(far), fail: () => near.destroy(new Error('broken')), failure: /broken/ }
}, { boundBytes: 512 * 1024 })

contract('fromNodeStream upon a net.Socket', openSockets, { boundBytes: tcpBuffersBytes(1) })

contract('fromNodeStream upon a net.Socket that its peer resets', async () => {
  const pair = await openSockets()
  return { ...pair, fail: () => pair.farSocket.resetAndDestroy(), failure: /ECONNRESET/ }
}, { boundBytes: tcpBuffersBytes(1) })

contract('PlaintextConversation, released', async () => {
  const pair = await openSockets()
  return { ...pair, near: new PlaintextConversation(pair.near).release() }
}, { boundBytes: tcpBuffersBytes(1) })

contract('laterTransport', async () => {
  const pair = await openSockets()
  return { ...pair, near: laterTransport(async () => pair.near) }
}, { boundBytes: tcpBuffersBytes(1) })

contract('fromWebSocket upon a ws WebSocket', async () => openWebSockets(), { boundBytes: tcpBuffersBytes(1) })

// The window, and a chunk beyond it; nothing is hidden in the system's buffers.
contract('fromWebSocket with a credit window', async () => openWebSockets('libssl-wasm.credit.v1'), { boundBytes: 1.25 * MIB })

messagePortTransport({ describe, it, expect })

contract('a pair of TransformStreams', async () => {
  const [there, back] = [new TransformStream<Uint8Array, Uint8Array>(), new TransformStream<Uint8Array, Uint8Array>()]
  return {
    near: { readable: back.readable, writable: there.writable },
    far: { readable: there.readable, writable: back.writable },
    fail: () => breakOff({ readable: there.readable, writable: back.writable }),
    failure: /broken/,
  }
}, { boundBytes: 128 * 1024, abortWaitsForWrite: true, losesUnread: true })

/** Of the other end: both its directions. */
function breakOff({ readable, writable }: TransportPair['far']): void {
  void readable.cancel(new Error('broken'))
  void writable.abort(new Error('broken'))
}

async function openSockets(): Promise<TransportPair & { farSocket: net.Socket }> {
  const server = net.createServer({ allowHalfOpen: true })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const near = net.connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true })
  const [far] = await once(server, 'connection') as [net.Socket]
  return {
    near: fromNodeStream(near),
    far: fromNodeStream(far),
    farSocket: far,
    fail: () => near.destroy(new Error('broken')),
    failure: /broken/,
    arrived: () => until(() => near.bytesRead >= 3000),
    async dispose() {
      near.destroy()
      far.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

async function openWebSockets(protocol?: string): Promise<TransportPair> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false }) // selects what comes first
  await once(server, 'listening')
  // Wrapped while it connects: the first writes wait for it.
  const near = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, protocol, { perMessageDeflate: false })
  const transport = fromWebSocket(near as WebSocketLike)
  const [far] = await once(server, 'connection') as [WebSocket]
  return {
    near: transport,
    far: fromWebSocket(far as WebSocketLike, { role: 'server' }),
    fail: () => far.terminate(),
    failure: /code 1006/,
    async dispose() {
      near.terminate()
      far.terminate()
      server.close()
      await once(server, 'close')
    },
  }
}
