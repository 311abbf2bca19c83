// All that reads what others write.

import { load } from '../../src/core.js'
import { connectionTargets } from './connections.js'
import { frameTargets } from './frames.js'
import type { Target } from './fuzz.js'
import { readerTargets } from './readers.js'
import { relayTarget } from './relay-http.js'
import { makeSeeds } from './seeds.js'
import { wholeTargets } from './whole.js'

/** `close` ends what some of them need. */
export async function openTargets(): Promise<{ targets: readonly Target[]; close(): Promise<void> }> {
  const relay = await relayTarget()
  const targets = [...readerTargets(makeSeeds(await load())), ...connectionTargets, ...wholeTargets, ...frameTargets, relay.target]
  return { targets, close: relay.close }
}
