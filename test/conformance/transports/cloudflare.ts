// Sockets of cloudflare:sockets under the transport contract, through a TCP server that joins its connections two by two.

import { connect } from 'cloudflare:sockets'
import { fromCloudflareSocket } from '../../../src/index.js'
import { tcpBuffersBytes, transportContract, type TestKit } from '../../helpers/transport-contract.js'
import { pair } from './meeting.js'

/** `port` is the meeting server's, on 127.0.0.1; `reset` makes it reset all connections. */
export function cloudflareSocketTransport(kit: TestKit, port: number, reset: () => Promise<void>): void {
  const open = () => connect({ hostname: '127.0.0.1', port }, { allowHalfOpen: true })
  transportContract(kit, 'fromCloudflareSocket', async () => {
    const [near, far] = [open(), open()]
    return {
      ...await pair(fromCloudflareSocket(near), fromCloudflareSocket(far)),
      // A close is no failure: at the other side it ends the stream in order, at this one it waits for what is written.
      fail: () => { void reset() },
    }
  }, { boundBytes: tcpBuffersBytes(2) })
  kit.describe('fromCloudflareSocket of a socket that does not open', () => {
    kit.it('fails with what `opened` says, and not with the cancelling of the streams', async () => {
      const socket = connect({ hostname: '127.0.0.1', port: 1 }, { allowHalfOpen: true })
      const { readable, writable } = fromCloudflareSocket(socket) // still connecting
      const failures = [
        readable.getReader().read(), writable.getWriter().closed,
      ].map((promise) => promise.then(() => undefined, (error: unknown) => error))
      const why = await socket.opened.catch((error: unknown) => error)
      for (const failure of await Promise.all(failures)) kit.expect(failure).toBe(why)
    })
  })
}
