// Node's workers.

import { parentPort, Worker } from 'node:worker_threads'
import type { WorkerLike, WorkerParent } from './worker-like.js'

export function spawn(url: URL | string = new URL('libssl-wasm/worker-script.js', import.meta.url)): WorkerLike {
  return new Worker(url)
}

/** In a worker: what reaches the one who started it. */
export const parent = parentPort as unknown as WorkerParent
