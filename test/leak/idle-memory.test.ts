// What an idle connection holds of WebAssembly memory, whatever it did before. `npm --prefix bench run memory` shows the steps.

import { describe, expect, it } from 'vitest'
import { accept, connect, createContext, load, memoryTransportPair, type LibSsl, type TlsConnection } from '../../src/index.js'
import { authority, localhost } from '../helpers/certificates.js'
import { VERSIONS } from '../helpers/stream-peers.js'

const PAIRS = 50
const MOST_BYTES = 32 * 1024

async function openPairs(
  lib: LibSsl, version: typeof VERSIONS[number], use: (client: TlsConnection, server: TlsConnection) => Promise<void>,
) {
  const common = { libssl: lib, minVersion: version, maxVersion: version }
  const context = createContext({ ca: authority.ca.cert, ...common })
  const serverContext = createContext({ cert: localhost.cert, key: localhost.key, ...common })
  const pairs: TlsConnection[] = []
  let before = 0
  for (let i = 0; i <= PAIRS; i++) {
    const [a, b] = memoryTransportPair()
    const [client, server] = [connect(a, { context, servername: 'localhost' }), accept(b, { context: serverContext })]
    await Promise.all([client.opened, server.opened])
    await use(client, server)
    if (i === 0) before = lib.allocatedBytes // contexts, and tables that OpenSSL makes once
    pairs.push(client, server)
  }
  const each = (lib.allocatedBytes - before) / PAIRS / 2
  for (const connection of pairs) connection.abort()
  context.free()
  serverContext.free()
  return each
}

describe.each(VERSIONS)('an idle connection on a shared context, %s', (version) => {
  it.each<[string, (client: TlsConnection, server: TlsConnection) => Promise<void>]>([
    ['after its handshake', async () => {}],
    ['that has carried data both ways, and is being read', async (client, server) => {
      for (const [from, to] of [[client, server], [server, client]] as const) {
        const [writer, reader] = [from.writable.getWriter(), to.readable.getReader()]
        const written = writer.write(new Uint8Array(100_000))
        for (let got = 0; got < 100_000;) got += (await reader.read()).value!.byteLength
        await written
        reader.read().catch(() => {})
      }
    }],
  ])('%s costs at most 32 KiB', async (_, use) => {
    const each = await openPairs(await load(), version, use)
    expect(each).toBeGreaterThan(1024)
    expect(each).toBeLessThanOrEqual(MOST_BYTES)
  })
})
