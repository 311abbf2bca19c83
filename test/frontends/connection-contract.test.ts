// The connection contract, for each kind of connection under each version.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accept, connect, load, memoryTransportPair, type ByteTransport, type LibSsl, type TlsConnection } from '../../src/index.js'
import { createWorker, type TlsWorker } from '../../src/worker.js'
import { connectionContract, type ConnectionEnds, type SubjectOptions } from '../helpers/connection-contract.js'
import { clientOptions, serverOptions, VERSIONS, type PeersOptions } from '../helpers/stream-peers.js'
import { FaultyTransport } from '../helpers/faulty-transport.js'

/** Workers run what was built. */
const script = new URL('../../dist/frontends/worker/libssl-wasm/worker-script.js', import.meta.url)

let libssl: LibSsl
let worker: TlsWorker
beforeAll(async () => {
  libssl = await load()
  worker = createWorker({ worker: script })
})
afterAll(() => worker.terminate())

interface Ends {
  client(transport: ByteTransport, options: PeersOptions): TlsConnection
  server(transport: ByteTransport, options: PeersOptions): TlsConnection
}

const here: Ends = {
  client: (transport, options) => connect(transport, { ...clientOptions(options), libssl }),
  server: (transport, options) => accept(transport, { ...serverOptions(options), libssl }),
}
const elsewhere: Ends = {
  client: (transport, options) => worker.connect(transport, clientOptions(options)),
  server: (transport, options) => worker.accept(transport, serverOptions(options)),
}

const KB = 1024
// Plaintext waits in both connections' streams, ciphertext in the transports; worker mode has ports with credit in addition.
const kinds: readonly [name: string, ends: Ends, nested: boolean, boundBytes: number, readAheadBytes: number][] = [
  ['here', here, false, 1024 * KB, 512 * KB],
  ['in a worker', elsewhere, false, 2048 * KB, 1024 * KB],
  ['TLS in TLS', here, true, 2048 * KB, 1024 * KB],
]

describe.each(VERSIONS)('a connection, %s', (version) => {
  for (const [name, ends, nested, boundBytes, readAheadBytes] of kinds) {
    for (const role of ['client', 'server'] as const) {
      const begin = (options: SubjectOptions): ConnectionEnds => {
        const [near, far] = nested ? outer() : memoryTransportPair()
        const transport = new FaultyTransport(near)
        const subject = () => ends[role](transport, { version, [role]: options })
        const peer = () => here[role === 'client' ? 'server' : 'client'](far, { version })
        return { subject, peer, transport }
      }
      connectionContract({ describe, it, expect }, `${name}, ${role}`, begin, { boundBytes, readAheadBytes })
    }
  }

  /** Two connections to carry others. */
  function outer(): [TlsConnection, TlsConnection] {
    const [near, far] = memoryTransportPair()
    return [here.client(near, { version }), here.server(far, { version })]
  }
})
