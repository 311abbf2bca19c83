// A client and a server over streams, for tests in Node.

import {
  accept, connect, memoryTransportPair, type AcceptOptions, type ByteTransport, type ConnectOptions, type ProtocolVersion,
  type TlsConnection,
} from '../../src/index.js'
import { authority, localhost } from './certificates.js'
import { noise, readAll, turns, writeAll } from './streams.js'

export * from './streams.js'

export const VERSIONS: readonly ProtocolVersion[] = ['TLSv1.2', 'TLSv1.3']

export interface PeersOptions {
  /** Pins both sides to it. */
  readonly version?: ProtocolVersion
  /** Default: a pair in memory. The client's first. */
  readonly transports?: readonly [ByteTransport, ByteTransport]
  readonly client?: Partial<ConnectOptions>
  readonly server?: Partial<AcceptOptions>
}

export function clientOptions(options: PeersOptions = {}): ConnectOptions {
  return { servername: 'localhost', ca: authority.ca.cert, ...pinned(options), ...options.client }
}

export function serverOptions(options: PeersOptions = {}): AcceptOptions {
  return { cert: localhost.cert, key: localhost.key, ...pinned(options), ...options.server }
}

function pinned({ version }: PeersOptions): { minVersion?: ProtocolVersion; maxVersion?: ProtocolVersion } {
  return version ? { minVersion: version, maxVersion: version } : {}
}

/** Both sides of a connection; their handshakes have begun. */
export function peers(options: PeersOptions = {}): { client: TlsConnection; server: TlsConnection } {
  const [near, far] = options.transports ?? memoryTransportPair()
  return { client: connect(near, clientOptions(options)), server: accept(far, serverOptions(options)) }
}

/** As {@link peers}, when both handshakes are done. */
export async function opened(options: PeersOptions = {}): Promise<{ client: TlsConnection; server: TlsConnection }> {
  const both = peers(options)
  await Promise.all([both.client.opened, both.server.opened])
  return both
}

/** Ends both sides cleanly, each reading what the other still says. */
export async function closeBoth({ client, server }: { client: TlsConnection; server: TlsConnection }): Promise<void> {
  await Promise.all([client.close({ waitForPeerMs: 10_000 }), server.close({ waitForPeerMs: 10_000 })])
}

/** The client says something, and each side ends its direction in turn. */
export async function talkAndClose({ client, server }: { client: TlsConnection; server: TlsConnection }): Promise<void> {
  const received = readAll(server.readable)
  await writeAll(client.writable, noise(20_000))
  await client.writable.close()
  await received
  await server.close()
  await readAll(client.readable)
}

/** Collects unhandled rejections while `body` runs and a little after. */
export async function unhandledDuring(body: () => Promise<void>): Promise<unknown[]> {
  const seen: unknown[] = []
  const listener = (reason: unknown) => { seen.push(reason) }
  process.on('unhandledRejection', listener)
  try {
    await body()
    await turns()
  } finally {
    process.off('unhandledRejection', listener)
  }
  return seen
}

/**
 * Bytes that OpenSSL may keep or give back without a leak: the texts of the last errors stay until others take their
 * place. The smallest thing that a connection could leave behind, its BIO pair, is 34 KiB. It may become any number of bytes less:
 * connections that tests before have dropped are freed when they are collected.
 */
export const ALLOCATION_NOISE_BYTES = 1024
