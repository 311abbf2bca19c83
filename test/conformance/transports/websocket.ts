// The platform's own WebSocket and WebSocketStream under the transport contract. Between near and far are the relay and a
// TCP server that joins its connections two by two.

import { fromWebSocket, fromWebSocketStream, type ByteTransport, type WebSocketStreamLike } from '../../../src/index.js'
import { rejection } from '../../helpers/streams.js'
import { tcpBuffersBytes, transportContract, type TestKit, type TransportPair } from '../../helpers/transport-contract.js'
import { pair } from './meeting.js'

const MIB = 1024 * 1024
/** From page to relay, on to the server, and the same way back. */
const CONNECTIONS = 4

declare const WebSocketStream: new (url: string) => WebSocketStreamLike

/** `meetingUrl` is the WebSocket's URL, through the relay, of the server that joins connections two by two. */
export function webSocketTransport(kit: TestKit, meetingUrl: string): void {
  // And what a browser takes before the failure comes back: WebKit's own process for the network takes all that it is
  // given, and does not count it in bufferedAmount.
  const boundBytes = tcpBuffersBytes(CONNECTIONS) + 32 * MIB
  transportContract(kit, 'fromWebSocket', () => joined(
    () => new WebSocket(meetingUrl), (socket) => fromWebSocket(socket, { maxBufferedBytes: MIB }),
  ), {
    boundBytes, cannotHoldBack: true,
  })
}

/** As {@link webSocketTransport}; for Chromium, which alone has WebSocketStream. */
export function webSocketStreamTransport(kit: TestKit, meetingUrl: string): void {
  const open = () => joined(() => new WebSocketStream(meetingUrl), fromWebSocketStream)
  transportContract(kit, 'fromWebSocketStream', open, { boundBytes: tcpBuffersBytes(CONNECTIONS) })

  kit.describe('fromWebSocketStream', () => {
    kit.it('fails when the relay refuses', async () => {
      const { readable, writable } = fromWebSocketStream(new WebSocketStream(`${meetingUrl}0`))
      const errors = await Promise.all([rejection(readable.getReader().read()), rejection(writable.getWriter().write(Uint8Array.of(1)))])
      for (const error of errors) kit.expect(String(error)).toMatch(/cannot reach ws:.*: .*/)
    })
  })
}

/** Two transports upon sockets that are closed after the test, with all that was still under way. */
async function joined<Socket extends { close(): void }>(
  dial: () => Socket, wrap: (socket: Socket) => ByteTransport,
): Promise<TransportPair> {
  const [near, far] = [dial(), dial()]
  return {
    ...await pair(wrap(near), wrap(far)),
    dispose() {
      near.close()
      far.close()
    },
  }
}
