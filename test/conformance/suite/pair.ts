// A client and a server in one runtime, back to back in memory: what needs no network is tested so.

import { accept, connect, memoryTransportPair, type AcceptOptions, type ConnectOptions, type TlsConnection } from 'libssl-wasm'
import type { Harness } from './harness.js'
import type { Version } from './host.js'
import { sharedInstance } from './instance.js'

export interface Pair {
  readonly client: TlsConnection
  readonly server: TlsConnection
}

export interface PairOptions {
  readonly version?: Version
  readonly client?: Partial<ConnectOptions>
  readonly server?: Partial<AcceptOptions>
}

/** Both sides; their handshakes have begun. */
export async function pair({ runtime, host }: Pick<Harness, 'runtime' | 'host'>, options: PairOptions = {}): Promise<Pair> {
  const { ca, ec } = await host.identities()
  const libssl = await sharedInstance(runtime)
  const [near, far] = memoryTransportPair()
  const common = { libssl, ...(options.version && { minVersion: options.version, maxVersion: options.version }) }
  return {
    client: connect(near, { servername: 'localhost', ca, ...common, ...options.client }),
    server: accept(far, { cert: ec.cert, key: ec.key, ...common, ...options.server }),
  }
}

/** As {@link pair}, when both handshakes are done. */
export async function openedPair(harness: Pick<Harness, 'runtime' | 'host'>, options: PairOptions = {}): Promise<Pair> {
  const both = await pair(harness, options)
  await Promise.all([both.client.opened, both.server.opened])
  return both
}

/** Ends both sides cleanly, each waiting for what the other still says. */
export async function closeBoth({ client, server }: Pair): Promise<void> {
  await Promise.all([client.close({ waitForPeerMs: 10_000 }), server.close({ waitForPeerMs: 10_000 })])
}
