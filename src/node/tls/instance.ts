// The instance of libssl that the face's connections share, as connections of a Node process do.

import { load, loadSync } from '../../core/load.js'
import type { LibSsl } from '../../core/lib-ssl.js'

let shared: LibSsl | undefined

/**
 * The instance, made at first use. In browsers, which must fetch it first, `ready()` is to be awaited before: else this throws
 * `ERR_TLS_INVALID_STATE`. One that has ended by a trap is replaced.
 */
export function instance(): LibSsl {
  if (shared?.border.aborted) shared = undefined
  return shared ??= loadSync()
}

/** Resolves when everything here can be called. Needed in browsers alone; it does no harm elsewhere. */
export async function ready(): Promise<void> {
  shared ??= await load()
}
