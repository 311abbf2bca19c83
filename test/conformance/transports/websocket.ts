// The platform's own WebSocket and WebSocketStream under the transport contract. Between near and far are the relay and a
// TCP server that joins its connections two by two.

import { fromWebSocket, fromWebSocketStream, type WebSocketStreamLike } from '../../../src/index.js'
import { rejection } from '../../helpers/streams.js'
import { transportContract, type TestKit } from '../../helpers/transport-contract.js'
import { pair } from './meeting.js'

const MIB = 1024 * 1024

declare const WebSocketStream: new (url: string) => WebSocketStreamLike

/** `meetingUrl` is the WebSocket's URL, through the relay, of the server that joins connections two by two. */
export function webSocketTransport(kit: TestKit, meetingUrl: string): void {
  const dial = () => fromWebSocket(new WebSocket(meetingUrl), { maxBufferedBytes: MIB })
  // Buffers of the system's upon four connections, and what a browser takes before the failure comes back: WebKit's own
  // process for the network takes all that it is given, and does not count it in bufferedAmount.
  transportContract(kit, 'fromWebSocket', async () => pair(dial(), dial()), { boundBytes: 192 * MIB, cannotHoldBack: true })
}

/** As {@link webSocketTransport}; for Chromium, which alone has WebSocketStream. */
export function webSocketStreamTransport(kit: TestKit, meetingUrl: string): void {
  const open = async () => pair(fromWebSocketStream(new WebSocketStream(meetingUrl)), fromWebSocketStream(new WebSocketStream(meetingUrl)))
  transportContract(kit, 'fromWebSocketStream', open, { boundBytes: 40 * MIB })

  kit.describe('fromWebSocketStream', () => {
    kit.it('fails when the relay refuses', async () => {
      const { readable, writable } = fromWebSocketStream(new WebSocketStream(`${meetingUrl}0`))
      const errors = await Promise.all([rejection(readable.getReader().read()), rejection(writable.getWriter().write(Uint8Array.of(1)))])
      for (const error of errors) kit.expect(String(error)).toMatch(/WebSocket failed/)
    })
  })
}
