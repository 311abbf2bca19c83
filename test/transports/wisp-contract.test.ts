// A stream of a Wisp connection as a transport, through our client and our server.

import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { connectWisp, type ConnectWispOptions } from '../../src/wisp.js'
import { tcpBuffersBytes, transportContract, type ContractOptions, type TransportPair } from '../helpers/transport-contract.js'
import { until } from '../helpers/stream-peers.js'
import { memoryDial, wispHost } from '../helpers/wisp-peers.js'

const MIB = 1024 * 1024

/** As a page has it: what arrives cannot be held back. */
class PageWebSocket extends WebSocket {
  override pause = undefined as unknown as () => void
  override resume = undefined as unknown as () => void
}

async function openPair(options: ConnectWispOptions, clientIsNear: boolean): Promise<TransportPair> {
  const { dial, far } = memoryDial()
  const host = await wispHost({ dial })
  const connection = await connectWisp(host.url, { WebSocket, ...options })
  const stream = connection.open({ host: 'a.example', port: 443 })
  await until(() => far.length > 0)
  const target = far[0]!
  return {
    near: clientIsNear ? stream : target,
    far: clientIsNear ? target : stream,
    fail: () => host.sockets[0]!.terminate(),
    async dispose() {
      void connection.close()
      await host.close()
      await connection.closed
      expect(connection.streams).toBe(0)
      expect(host.servers[0]!.streams).toBe(0)
    },
  }
}

const contract = (name: string, options: ConnectWispOptions, clientIsNear: boolean, contractOptions: Partial<ContractOptions> = {}) =>
  transportContract(
    { describe, it, expect }, name, () => openPair(options, clientIsNear), { boundBytes: tcpBuffersBytes(1), ...contractOptions },
  )

contract('a Wisp stream, version 2, seen by the client', { version: 2 }, true)
contract('a Wisp stream, version 2, seen by the target', { version: 2, maxBufferedBytes: MIB }, false)
contract('a Wisp stream, version 1, seen by the client', { version: 1 }, true, { noHalfClose: true })
contract(
  'a Wisp stream in a page, seen by the target', { version: 2, maxBufferedBytes: MIB, WebSocket: PageWebSocket }, false,
  { cannotHoldBack: true },
)
