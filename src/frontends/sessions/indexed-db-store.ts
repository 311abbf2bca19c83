// Sessions in a browser's IndexedDB: they outlive the page, and are shared by all pages and workers of an origin.

import { ApiMisuseError } from '../../base/errors.js'
import type { SessionStore } from './session-store.js'

/** How many sessions of one key are kept. */
const MOST_OF_A_KEY = 4

interface Entry {
  readonly key: string
  readonly session: Uint8Array
  readonly expiresAtMs: number
}

/**
 * Keeps sessions in the database `name` of the page's origin. A session is taken in one transaction: no other page gets the same.
 * Any code that runs on this origin can read them. Throws `ERR_TLS_INVALID_STATE` where there is no IndexedDB; the
 * database's own failures reject `take` and `put`, and so end the connection.
 */
export function indexedDbSessionStore(name = 'libssl-wasm-sessions'): SessionStore {
  if (typeof indexedDB === 'undefined') throw new ApiMisuseError('ERR_TLS_INVALID_STATE', 'this platform has no IndexedDB')
  let opening: Promise<IDBDatabase> | undefined
  const open = () => {
    opening ??= openDatabase(name, () => { opening = undefined })
    return opening
  }
  const transaction = async <T>(work: (sessions: IDBObjectStore, give: (value: T) => void) => void): Promise<T | undefined> => {
    const database = await open()
    return new Promise((resolve, reject) => {
      const running = database.transaction('sessions', 'readwrite')
      let given: T | undefined
      running.oncomplete = () => resolve(given)
      running.onabort = () => reject(running.error ?? new DOMException('the transaction was aborted', 'AbortError'))
      work(running.objectStore('sessions'), (value) => { given = value })
    })
  }
  return {
    take: (key) => transaction<Uint8Array>((sessions, give) => {
      // The latest first; what has expired goes on the way.
      const request = sessions.index('key').openCursor(IDBKeyRange.only(key), 'prev')
      request.onsuccess = () => {
        const cursor = request.result
        if (!cursor) return
        const { session, expiresAtMs } = cursor.value as Entry
        cursor.delete()
        if (expiresAtMs > Date.now()) give(session)
        else cursor.continue()
      }
    }),
    async put(key, session, expiresAtMs) {
      await transaction<never>((sessions) => {
        sessions.add({ key, session, expiresAtMs } satisfies Entry)
        let count = 0
        const request = sessions.index('key').openCursor(IDBKeyRange.only(key), 'prev')
        request.onsuccess = () => {
          const cursor = request.result
          if (!cursor) return
          if (++count > MOST_OF_A_KEY) cursor.delete()
          cursor.continue()
        }
        const expired = sessions.index('expiresAtMs').openKeyCursor(IDBKeyRange.upperBound(Date.now()))
        expired.onsuccess = () => {
          const cursor = expired.result
          if (!cursor) return
          sessions.delete(cursor.primaryKey)
          cursor.continue()
        }
      })
    },
  }
}

function openDatabase(name: string, onGone: () => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1)
    request.onupgradeneeded = () => {
      const sessions = request.result.createObjectStore('sessions', { autoIncrement: true })
      sessions.createIndex('key', 'key')
      sessions.createIndex('expiresAtMs', 'expiresAtMs')
    }
    request.onsuccess = () => {
      const database = request.result
      // Another page wants to delete it or to change it: it is not ours to hold.
      database.onversionchange = () => {
        database.close()
        onGone()
      }
      database.onclose = onGone
      resolve(database)
    }
    request.onerror = () => {
      onGone()
      reject(request.error ?? new DOMException('the database did not open', 'UnknownError'))
    }
  })
}
