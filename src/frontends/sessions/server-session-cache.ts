// Sessions that a server remembers itself, where tickets will not do: a ticket cannot be made to count only once.

import { ApiMisuseError } from '../../base/errors.js'

/**
 * A server's cache of sessions, by id. OpenSSL waits for its answers, so it answers at once: a cache in another process
 * will not do. Ids are text; values are secrets.
 */
export interface ServerSessionCache {
  /** What {@link put} was given; `undefined` or `null` for none. */
  get(id: string): Uint8Array | null | undefined
  /** `expiresAtMs`: when the session, or the certificate that the client has shown, is no longer good. */
  put(id: string, session: Uint8Array<ArrayBuffer>, expiresAtMs: number): void
  delete(id: string): void
}

/** Keeps sessions in memory, for all connections that it is given to. `maxEntries` default 10,000; the oldest go first. */
export function memoryServerSessionCache({ maxEntries = 10_000 }: { readonly maxEntries?: number | undefined } = {}): ServerSessionCache {
  if (!Number.isInteger(maxEntries) || maxEntries < 1) {
    throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', 'memoryServerSessionCache: maxEntries must be an integer above 0')
  }
  const entries = new Map<string, { readonly session: Uint8Array; readonly expiresAtMs: number }>()
  return {
    get(id) {
      const entry = entries.get(id)
      if (!entry) return undefined
      if (entry.expiresAtMs > Date.now()) return entry.session
      entries.delete(id)
      return undefined
    },
    put(id, session, expiresAtMs) {
      entries.delete(id)
      entries.set(id, { session, expiresAtMs })
      if (entries.size > maxEntries) entries.delete(entries.keys().next().value!)
    },
    delete(id) {
      entries.delete(id)
    },
  }
}
