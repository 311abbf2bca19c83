// A network without a network: what one side writes reaches the other in pieces and after delays that a seed decides.
// Delays are turns of the event loop, never time.

import { memoryTransportPair, type ByteTransport } from '../../src/index.js'
import { random } from './stream-peers.js'

export type Direction = 'client to server' | 'server to client'

export interface VirtualNetworkOptions {
  readonly seed?: number
  /** The most bytes of a piece; each has 1 to that many. Default: pieces stay as they were written. */
  readonly maxPieceBytes?: number
  /** The most turns that a piece is held back; default none. */
  readonly maxDelayTurns?: number
  /** How much each of the two pipes of a direction holds. */
  readonly highWaterMarkBytes?: number
  /** Sees what was written, and gives on what it answers. */
  readonly tap?: (direction: Direction, bytes: Uint8Array) => Uint8Array
  /** Ends a direction when so many bytes have passed, though more be to come. */
  readonly cutAfterBytes?: Partial<Record<Direction, number>>
}

/** Transports for client and server, with the network between them. */
export function virtualNetwork(options: VirtualNetworkOptions = {}): [ByteTransport, ByteTransport] {
  const [client, nearClient] = memoryTransportPair(options.highWaterMarkBytes)
  const [nearServer, server] = memoryTransportPair(options.highWaterMarkBytes)
  const next = random(options.seed ?? 1)
  void carry('client to server', nearClient.readable, nearServer.writable, next, options)
  void carry('server to client', nearServer.readable, nearClient.writable, next, options)
  return [client, server]
}

async function carry(
  direction: Direction, from: ReadableStream<Uint8Array>, to: WritableStream<Uint8Array>, next: () => number,
  options: VirtualNetworkOptions,
): Promise<void> {
  const { maxPieceBytes = Infinity, maxDelayTurns = 0, tap = (_, bytes) => bytes } = options
  let left = options.cutAfterBytes?.[direction] ?? Infinity
  const reader = from.getReader()
  const writer = to.getWriter()
  writer.closed.catch(() => {})
  try {
    while (left > 0) {
      const { done, value } = await reader.read()
      if (done) break
      const bytes = tap(direction, value).subarray(0, left)
      left -= bytes.byteLength
      for (let at = 0; at < bytes.byteLength;) {
        const size = Math.min(bytes.byteLength - at, maxPieceBytes === Infinity ? Infinity : 1 + Math.floor(next() * maxPieceBytes))
        for (let delay = Math.floor(next() * (maxDelayTurns + 1)); delay > 0; delay--) {
          await new Promise((resolve) => { setImmediate(resolve) })
        }
        await writer.write(bytes.slice(at, at + size))
        at += size
      }
    }
    await writer.close()
    // After a cut: what is still written goes nowhere, as in a network.
    while (!(await reader.read()).done);
  } catch (error) {
    // One end was given up: so is the other.
    reader.cancel(error).catch(() => {})
    writer.abort(error).catch(() => {})
  }
}
