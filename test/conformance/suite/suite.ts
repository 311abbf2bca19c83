// The suite: what must be the same in every runtime. Each file adds a few groups.

import { clientOverTcp, clientOverWebSocket } from './client.js'
import { connections } from './contract.js'
import { coreByHand } from './core.js'
import type { Harness } from './harness.js'
import { keys } from './keys.js'
import { limits } from './limits.js'
import { loading } from './loading.js'
import { many } from './many.js'
import { whileOpen } from './open.js'
import { encryptedClientHello, serverCallbacks } from './privacy.js'
import { serverByListening, serverUponStreams } from './server.js'
import { sessions } from './sessions.js'
import { streams } from './streams.js'
import { trust } from './trust.js'
import { inWorkers } from './workers.js'

export function suite(harness: Harness): void {
  const parts = [
    loading, coreByHand, clientOverWebSocket, clientOverTcp, serverUponStreams, serverByListening, connections, streams, limits, keys,
    sessions, trust, whileOpen, encryptedClientHello, serverCallbacks, many,
  ]
  for (const part of parts) part(harness)
  harness.describe("transports: the contract, by the runtime's own", () => harness.runtime.transports(harness, harness.meeting))
  inWorkers(harness)
  harness.runtime.own?.(harness)
}
