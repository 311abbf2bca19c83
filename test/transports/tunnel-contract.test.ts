// The transport contract through whole tunnels: client, relay, and a TCP connection behind it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startRelay, type Relay } from '../../src/apps/relay/relay.js'
import { fromNodeStream, openTunnel, type ByteTransport, type TunnelOptions } from '../../src/index.js'
import { startEdgeRelay, type EdgeRelay } from '../apps/edge/edge-relay.js'
import { tcpBuffersBytes, transportContract, type TransportPair } from '../helpers/transport-contract.js'
import { Pausable, startTarget, undici, type TunnelTarget } from '../helpers/tunnels.js'

let target: TunnelTarget
let relay: Relay
let edge: EdgeRelay

beforeAll(async () => {
  target = await startTarget()
  relay = await startRelay({ allow: [target.address] })
  edge = await startEdgeRelay({ ALLOW: target.address })
})

afterAll(async () => {
  await Promise.all([relay.close(), edge.close(), target.close()])
})

// Before and behind the relay.
const ofThisMachine = { boundBytes: tcpBuffersBytes(2) }

contract('openTunnel, path', { WebSocket: Pausable }, ofThisMachine)
contract('openTunnel, query', { WebSocket: Pausable, form: 'query' }, ofThisMachine)
contract('openTunnel without flow control', { WebSocket: Pausable, flowControl: 'none' }, ofThisMachine)
contract('openTunnel upon a WebSocket that cannot be paused', { WebSocket: undici.WebSocket }, ofThisMachine)
contract('openTunnel upon a WebSocketStream', { WebSocketStream: undici.WebSocketStream }, ofThisMachine)
contract('openTunnel through the edge relay', { WebSocket: Pausable, flowControl: 'credit' }, ofThisMachine, () => edge.url)

function contract(name: string, options: TunnelOptions, bounds: { boundBytes: number }, url = () => relay.url): void {
  transportContract({ describe, it, expect }, name, async (): Promise<TransportPair> => {
    const near = openTunnel(url(), target, options)
    const far = await target.accept()
    await opening(near) // before, a failure is a refusal
    return {
      near,
      far: fromNodeStream(far),
      fail: () => far.resetAndDestroy(),
      failure: /1011/,
      async dispose() {
        await near.writable.abort().catch(() => {}) // locked, by now
        far.destroy()
      },
    }
  }, bounds)
}

/** A write of nothing settles when the tunnel is open. */
async function opening({ writable }: ByteTransport): Promise<void> {
  const writer = writable.getWriter()
  await writer.write(new Uint8Array())
  writer.releaseLock()
}
