// Workers as the web has them; Deno and Bun, too.

import type { WorkerLike, WorkerParent } from './worker-like.js'

export function spawn(url?: URL | string): WorkerLike {
  // Bundlers know this form, and bundle the script beside the rest.
  return url === undefined ? new Worker(new URL('./main.js', import.meta.url), { type: 'module' }) : new Worker(url, { type: 'module' })
}

/** In a worker: what reaches the page. */
export const parent = globalThis as unknown as WorkerParent
