// Places for sessions until they are resumed: a client's stores, and a server's cache, for servers to which tickets are not enough.

import { asBytes } from '../../base/bytes.js'
import { isIntegerFrom, knownOptions } from '../../base/options.js'
import { hasMethods } from '../../base/realms.js'
import { demand } from '../../core/setters.js'

/** The part of a store that is used. Keys are text, values the bytes of {@link TlsSession.toBytes}: secrets. */
export interface SessionStore {
  /** The latest session of this key, which is no longer in the store then: a TLS 1.3 ticket is used once. */
  take(key: string): Uint8Array | undefined | PromiseLike<Uint8Array | undefined>
  /** Keeps a session. After `expiresAtMs`, since 1970, it will not be asked for. */
  put(key: string, session: Uint8Array<ArrayBuffer>, expiresAtMs: number): void | PromiseLike<void>
}

/**
 * A server's cache of sessions, by id: what a ticket cannot do, it can make a session count only once. OpenSSL waits for its
 * answers, so it answers at once: a cache in another process will not do. Ids are text; values are secrets.
 */
export interface ServerSessionCache {
  /** What {@link put} was given; `undefined` or `null` for none. */
  get(id: string): Uint8Array | null | undefined
  /** `expiresAtMs`: when the session, or the certificate that the client has shown, is no longer good. */
  put(id: string, session: Uint8Array<ArrayBuffer>, expiresAtMs: number): void
  /** Forgets a session; there may be none of this id. */
  delete(id: string): void
}

/** Options of {@link memorySessionStore}. */
export interface MemorySessionStoreOptions {
  /** How many sessions are kept at most; the oldest go first. Default 1,000. */
  readonly maxEntries?: number | undefined
  /** How many of one key. Default 4: servers send two at a time. */
  readonly maxEntriesPerKey?: number | undefined
}

interface Entry {
  readonly session: Uint8Array
  readonly expiresAtMs: number
}

/** Keeps sessions in memory, for connections of the same process or page. */
export function memorySessionStore(options: MemorySessionStoreOptions = {}): SessionStore {
  const { maxEntries = 1_000, maxEntriesPerKey = 4 } = knownOptions(options, 'memorySessionStore()', 'maxEntries', 'maxEntriesPerKey')
  demandCounts('memorySessionStore', { maxEntries, maxEntriesPerKey })
  /** In the order in which they were put to last. */
  const keys = new Map<string, Entry[]>()
  let size = 0
  const drop = (key: string, which: 'shift' | 'pop') => {
    const entries = keys.get(key)
    const entry = entries?.[which]()
    if (entry) size--
    if (entries?.length === 0) keys.delete(key)
    return entry
  }
  return {
    take: (key) => unexpired(drop(key, 'pop')),
    put(key, session, expiresAtMs) {
      const entries = keys.get(key) ?? []
      keys.delete(key)
      keys.set(key, entries)
      size++
      if (entries.push({ session, expiresAtMs }) > maxEntriesPerKey) drop(key, 'shift')
      if (size > maxEntries) drop(keys.keys().next().value!, 'shift')
    },
  }
}

/** Keeps sessions in memory, for all connections that it is given to. `maxEntries` default 10,000; the oldest go first. */
export function memoryServerSessionCache(options: { readonly maxEntries?: number | undefined } = {}): ServerSessionCache {
  const { maxEntries = 10_000 } = knownOptions(options, 'memoryServerSessionCache()', 'maxEntries')
  demandCounts('memoryServerSessionCache', { maxEntries })
  const entries = new Map<string, Entry>()
  return {
    get(id) {
      const session = unexpired(entries.get(id))
      if (!session) entries.delete(id)
      return session
    },
    put(id, session, expiresAtMs) {
      entries.delete(id)
      entries.set(id, { session, expiresAtMs })
      if (entries.size > maxEntries) entries.delete(entries.keys().next().value!)
    },
    delete: (id) => { entries.delete(id) },
  }
}

function unexpired(entry: Entry | undefined): Uint8Array | undefined {
  return entry && entry.expiresAtMs > Date.now() ? entry.session : undefined
}

function demandCounts(what: string, counts: Readonly<Record<string, number>>): void {
  const isCount = isIntegerFrom(1, Number.MAX_SAFE_INTEGER)
  for (const [name, count] of Object.entries(counts)) demand(isCount(count) === undefined, `${what}: ${name} ${isCount(count)}`)
}

/** The part of a key-value store that is used: a Map-like object, a KV namespace, a database. */
export interface KeyValueStore {
  /** What was put under this key last; `undefined` or `null` for nothing. */
  get(key: string): Uint8Array | ArrayBuffer | null | undefined | PromiseLike<Uint8Array | ArrayBuffer | null | undefined>
  /** Keeps a value under a key, in the place of the one before. */
  put(key: string, value: Uint8Array<ArrayBuffer>, options: { readonly expiresAtMs: number }): unknown
  /** Forgets a key; there may be none. */
  delete(key: string): unknown
}

/**
 * Keeps sessions in a key-value store, one a key, the latest. Between `get` and `delete` another process may get the
 * same session: it is then used twice, which servers allow, but early data they should refuse the second time.
 */
export function keyValueSessionStore(store: KeyValueStore): SessionStore {
  demand(hasMethods(store, 'get', 'put', 'delete'), 'keyValueSessionStore: the store must have the functions get, put and delete')
  return {
    async take(key) {
      const value = await store.get(key)
      if (value === null || value === undefined) return undefined
      await store.delete(key)
      return asBytes(value)
    },
    put: async (key, session, expiresAtMs) => { await store.put(key, session, { expiresAtMs }) },
  }
}
