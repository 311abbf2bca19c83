// Many connections of every kind in one instance, and what they leave in it.

import { expect } from 'vitest'
import type { LibSsl } from '../../src/index.js'
import { ALLOCATION_NOISE_BYTES, VERSIONS, type PeersOptions } from '../helpers/stream-peers.js'

/** What can become of a pair of connections. Leaves both ended. */
export type Life = (options: PeersOptions) => Promise<void>

/** Lives `connections` of them, each kind under each version in turn: then `libssl` holds what it held before. */
export async function expectNothingLeft(libssl: LibSsl, lives: readonly Life[], connections: number): Promise<void> {
  const live = (index: number) => lives[index % lives.length]!({
    version: VERSIONS[Math.floor(index / lives.length) % VERSIONS.length]!, client: { libssl }, server: { libssl },
  })
  // What OpenSSL sets up once is no leak; neither are the texts of the last errors.
  for (let index = 0; index < 2 * lives.length * VERSIONS.length; index++) await live(index)
  const baseline = libssl.allocatedBytes
  const memory = libssl.memoryBytes
  for (let index = 0; index < connections; index++) await live(index)
  // One byte a connection would be more.
  expect(libssl.allocatedBytes - baseline).toBeLessThan(ALLOCATION_NOISE_BYTES)
  expect(libssl.memoryBytes).toBe(memory)
}
