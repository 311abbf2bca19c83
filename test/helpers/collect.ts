// Collecting garbage on demand.

import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
/** Collects all garbage of this thread, at once. */
export const collect = runInNewContext('gc') as () => void

/** Collects, and lets those run who are told of what was collected, until nothing more comes of it. */
export async function collectAll(): Promise<void> {
  for (let times = 0; times < 3; times++) {
    await turn()
    collect()
    await turn()
  }
}
