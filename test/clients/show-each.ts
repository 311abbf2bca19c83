// Shows one thing after the other of a client, and tells of each what came of it, wherever the client runs.

import type { Kit, Shown, Shows } from './show.js'

/** How long each may take on a machine with much else to do. */
const PATIENCE_MS = 60_000

export async function showEach(shows: Shows<unknown>, kit: Kit<unknown>, tell: (shown: Shown) => unknown): Promise<void> {
  for (const [what, show] of Object.entries(shows)) {
    let deadline
    const late = new Promise<never>((_, reject) => {
      deadline = setTimeout(() => reject(new Error(`not done within ${PATIENCE_MS} ms`)), PATIENCE_MS)
    })
    const error = await Promise.race([show(kit), late]).then(() => undefined, (reason: unknown) => describe(reason))
    clearTimeout(deadline)
    await tell({ what, ...(error !== undefined && { error }) })
  }
}

export function describe(reason: unknown): string {
  if (!(reason instanceof Error)) return String(reason)
  const { code, message, stack = '' } = reason as NodeJS.ErrnoException
  const told = stack.includes(message) ? stack : `${message}\n${stack}` // Firefox's stack is without it
  return `${code === undefined ? '' : `${code}: `}${told}`
}
