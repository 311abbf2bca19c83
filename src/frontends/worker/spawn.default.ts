// Workers as the web has them; Deno and Bun, too.

import type { WorkerLike, WorkerParent } from './worker-like.js'

export function spawn(url?: URL | string): WorkerLike {
  if (url !== undefined) return new Worker(url, { type: 'module' })
  // Bundlers know this form, and bundle the script beside the rest. Why the folder has the package's name: wasm/libssl-url.mjs.
  return new Worker(new URL('libssl-wasm/worker-script.js', import.meta.url), { type: 'module' })
}

/** In a worker: what reaches the page. */
export const parent = globalThis as unknown as WorkerParent
