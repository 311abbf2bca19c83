// Two transports that a server in between joins: near and far of the contract, where a runtime has only one side.

import type { ByteTransport } from '../../../src/index.js'
import type { TransportPair } from '../../helpers/transport-contract.js'

/** Both have met when each has heard a byte of the other. */
export async function pair(near: ByteTransport, far: ByteTransport): Promise<TransportPair> {
  for (const { writable } of [near, far]) {
    const writer = writable.getWriter()
    await writer.write(Uint8Array.of(0))
    writer.releaseLock()
  }
  for (const { readable } of [near, far]) {
    const reader = readable.getReader()
    await reader.read()
    reader.releaseLock()
  }
  return { near, far, fail: () => { far.writable.abort().catch(() => {}) } }
}
