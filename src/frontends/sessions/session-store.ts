// Where a client's sessions wait until they are taken up again.

import { asBytes } from '../../base/bytes.js'
import { ApiMisuseError } from '../../base/errors.js'

/** The part of a store that is used. Keys are text, values the bytes of {@link TlsSession.toBytes}: secrets. */
export interface SessionStore {
  /** The latest session of this key, which is no longer in the store then: a TLS 1.3 ticket is used once. */
  take(key: string): Uint8Array | undefined | PromiseLike<Uint8Array | undefined>
  /** Keeps a session. After `expiresAtMs`, since 1970, it will not be asked for. */
  put(key: string, session: Uint8Array<ArrayBuffer>, expiresAtMs: number): void | PromiseLike<void>
}

export interface MemorySessionStoreOptions {
  /** How many sessions are kept at most; the oldest go first. Default 1,000. */
  readonly maxEntries?: number | undefined
  /** How many of one key. Default 4: servers send two at a time. */
  readonly maxEntriesPerKey?: number | undefined
}

/** Keeps sessions in memory, for connections of the same process or page. */
export function memorySessionStore({ maxEntries = 1_000, maxEntriesPerKey = 4 }: MemorySessionStoreOptions = {}): SessionStore {
  if (![maxEntries, maxEntriesPerKey].every((count) => Number.isInteger(count) && count > 0)) {
    throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', 'memorySessionStore: maxEntries and maxEntriesPerKey must be integers above 0')
  }
  interface Entry { readonly session: Uint8Array; readonly expiresAtMs: number }
  /** In the order in which they were put to last. */
  const keys = new Map<string, Entry[]>()
  let size = 0
  return {
    take(key) {
      const entries = keys.get(key)
      const latest = entries?.pop()
      if (latest) size--
      if (entries?.length === 0) keys.delete(key)
      return latest && latest.expiresAtMs > Date.now() ? latest.session : undefined
    },
    put(key, session, expiresAtMs) {
      const entries = keys.get(key) ?? []
      keys.delete(key)
      keys.set(key, entries)
      entries.push({ session, expiresAtMs })
      size++
      if (entries.length > maxEntriesPerKey) {
        entries.shift()
        size--
      }
      if (size <= maxEntries) return
      const [oldestKey, oldest] = keys.entries().next().value!
      oldest.shift()
      size--
      if (oldest.length === 0) keys.delete(oldestKey)
    },
  }
}

/** The part of a key-value store that is used: a Map-like object, a KV namespace, a database. */
export interface KeyValueStore {
  get(key: string): Uint8Array | ArrayBuffer | null | undefined | PromiseLike<Uint8Array | ArrayBuffer | null | undefined>
  put(key: string, value: Uint8Array<ArrayBuffer>, options: { readonly expiresAtMs: number }): unknown
  delete(key: string): unknown
}

/**
 * Keeps sessions in a key-value store, one a key, the latest. Between `get` and `delete` another process may get the
 * same session: it is then used twice, which servers allow, but early data they should refuse the second time.
 */
export function keyValueSessionStore(store: KeyValueStore): SessionStore {
  for (const name of ['get', 'put', 'delete'] as const) {
    if (typeof (store as Partial<KeyValueStore> | undefined)?.[name] !== 'function') {
      throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', `keyValueSessionStore: the store has no function ${name}`)
    }
  }
  return {
    async take(key) {
      const value = await store.get(key)
      if (value === null || value === undefined) return undefined
      await store.delete(key)
      return asBytes(value)
    },
    async put(key, session, expiresAtMs) {
      await store.put(key, session, { expiresAtMs })
    },
  }
}
