// A client and a server over streams, and what tests do with streams again and again.

import { accept, connect, memoryTransportPair, type AcceptOptions, type ByteTransport, type ConnectOptions, type ProtocolVersion, type TlsConnection } from '../../src/index.js'
import { authority, localhost } from './certificates.js'

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

/** What a promise rejects with; a promise that resolves is an error. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown
  try {
    value = await promise
  } catch (error) {
    return error
  }
  throw new Error(`resolved with ${String(value)}, and should have been rejected`)
}

export async function readAll(readable: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  const reader = readable.getReader()
  for (let result; !(result = await reader.read()).done;) chunks.push(result.value)
  reader.releaseLock()
  return Buffer.concat(chunks)
}

/** Exactly `count` bytes, or fewer if the stream ends before. What came beyond them is lost. */
export async function readBytes(readable: ReadableStream<Uint8Array>, count: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  const reader = readable.getReader()
  for (let got = 0; got < count;) {
    const { done, value } = await reader.read()
    if (done) break
    chunks.push(value)
    got += value.byteLength
  }
  reader.releaseLock()
  return Buffer.concat(chunks).subarray(0, count)
}

/** A stream that takes bytes, whatever else it takes. */
interface TakesBytes {
  getWriter(): { readonly ready: Promise<unknown>; write(chunk: Uint8Array<ArrayBuffer>): Promise<void>; releaseLock(): void }
}

/** Writes `bytes` in pieces of at most `pieceBytes`, each when the one before was accepted. */
export async function writeAll(writable: TakesBytes, bytes: Uint8Array<ArrayBuffer>, pieceBytes = Infinity): Promise<void> {
  const writer = writable.getWriter()
  for (let at = 0; at < bytes.byteLength; at += pieceBytes) {
    await writer.ready
    await writer.write(bytes.subarray(at, at + pieceBytes))
  }
  writer.releaseLock()
}

/** `count` bytes that repeat only after a long while; the same for the same seed. */
export function noise(count: number, seed = 1): Uint8Array<ArrayBuffer> {
  const next = random(seed)
  return Uint8Array.from({ length: count }, () => next() * 256)
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Lets everything run that can run: `count` turns of the event loop. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => { setImmediate(resolve) })
}

/** Waits turn by turn until `condition` holds. It is for what comes without an event; the test's own time limit bounds it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turns(1)
}

/** Whether `promise` has not settled once everything ran that could run. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let pending = true
  promise.then(() => { pending = false }, () => { pending = false })
  await turns()
  return pending
}

/** Waits until `progress()` has stopped changing, and returns it: for a writer that should come to wait. */
export async function standstill(progress: () => number): Promise<number> {
  for (let last = progress(), still = 0; still < 50;) {
    await turns(1)
    still = progress() === last ? still + 1 : 0
    last = progress()
  }
  return progress()
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

/** Whether both hold the same bytes. (vitest's toEqual takes seconds over a megabyte.) */
export function same(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0
}

/**
 * Bytes that OpenSSL may keep or give back without a leak: the texts of the last errors stay until others take their
 * place. The smallest thing that a connection could leave behind, its BIO pair, is 34 KiB.
 */
export const ALLOCATION_NOISE_BYTES = 1024
