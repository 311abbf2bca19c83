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
}
