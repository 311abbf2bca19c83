// The suite: what must be the same in every runtime. Each file adds a few groups.

import { clientOverTcp, clientOverWebSocket } from './client.js'
import { coreByHand } from './core.js'
import type { Harness } from './harness.js'
import { loading } from './loading.js'

export function suite(harness: Harness): void {
  for (const part of [loading, coreByHand, clientOverWebSocket, clientOverTcp]) part(harness)
  harness.runtime.own?.(harness)
}
