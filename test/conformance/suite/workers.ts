// Worker mode: the same interface, and OpenSSL in a worker.

import { workerMode } from '../transports/worker.js'
import type { Harness } from './harness.js'

export function inWorkers(harness: Harness): void {
  const { describe, lacks, expect, identities, runtime } = harness
  describe('worker mode: OpenSSL in a worker', () => {
    if (runtime.worker) workerMode(harness, { ca: identities.ca, ...identities.ec }, runtime.worker)
    else if (runtime.kind === 'workerd') lacks('an edge worker starts no workers', () => { expect('Worker' in globalThis).toBe(false) })
  })
}
