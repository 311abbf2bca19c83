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
  const transaction = async (work: (sessions: IDBObjectStore) => void): Promise<void> => {
    const database = await (opening ??= openDatabase(name, () => { opening = undefined }))
    return new Promise((resolve, reject) => {
      const running = database.transaction('sessions', 'readwrite')
      running.oncomplete = () => resolve()
      running.onabort = () => reject(running.error ?? new DOMException('the transaction was aborted', 'AbortError'))
      work(running.objectStore('sessions'))
    })
  }
  return {
    async take(key) {
      let taken: Uint8Array | undefined
      // The latest first; what has expired goes on the way.
      await transaction((sessions) => walk(sessions.index('key').openCursor(IDBKeyRange.only(key), 'prev'), (cursor) => {
        const { session, expiresAtMs } = cursor.value as Entry
        cursor.delete()
        if (expiresAtMs > Date.now()) taken = session
        return taken === undefined
      }))
      return taken
    },
    put: (key, session, expiresAtMs) => transaction((sessions) => {
      sessions.add({ key, session, expiresAtMs } satisfies Entry)
      let count = 0
      walk(sessions.index('key').openCursor(IDBKeyRange.only(key), 'prev'), (cursor) => {
        if (++count > MOST_OF_A_KEY) cursor.delete()
        return true
      })
      walk(sessions.index('expiresAtMs').openCursor(IDBKeyRange.upperBound(Date.now())), (cursor) => {
        cursor.delete()
        return true
      })
    }),
  }
}

/** Shows `visit` one entry after the other; it says whether to go on. */
function walk(request: IDBRequest<IDBCursorWithValue | null>, visit: (cursor: IDBCursorWithValue) => boolean): void {
  request.onsuccess = () => {
    if (request.result && visit(request.result)) request.result.continue()
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
