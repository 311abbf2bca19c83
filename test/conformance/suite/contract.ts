// The connection contract, where a connection's OpenSSL is on this thread.

import { accept, connect, memoryTransportPair, type LibSsl } from '../../../src/index.js'
import { connectionContract, type SubjectOptions } from '../../helpers/connection-contract.js'
import { FaultyTransport } from '../../helpers/faulty-transport.js'
import { MIB } from './bytes.js'
import type { Harness } from './harness.js'
import { sharedInstance } from './instance.js'

export function connections(harness: Harness): void {
  const { ca, ec: { cert, key } } = harness.identities
  harness.describe('connections: the contract', () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const pinned = { minVersion: version, maxVersion: version }
      for (const role of ['client', 'server'] as const) {
        connectionContract(harness, `${version}, ${role}`, async (options: SubjectOptions) => {
          const libssl = await sharedInstance(harness.runtime) as unknown as LibSsl
          const [near, far] = memoryTransportPair()
          const transport = new FaultyTransport(near)
          const [atClient, atServer] = role === 'client' ? [transport, far] : [far, transport]
          const client = () => connect(atClient, { servername: 'localhost', ca, libssl, ...pinned, ...(role === 'client' && options) })
          const server = () => accept(atServer, { cert, key, libssl, ...pinned, ...(role === 'server' && options) })
          const [subject, peer] = role === 'client' ? [client, server] : [server, client]
          return { subject, peer, transport }
        }, { boundBytes: MIB, readAheadBytes: MIB })
      }
    }
  })
}
