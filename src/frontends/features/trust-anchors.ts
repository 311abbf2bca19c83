// Whom to believe: the certificates that option `ca` gives, or those of the platform.

import { platformRoots } from '#roots'
import type { LibSsl } from '../../core/lib-ssl.js'
import { X509Store } from '../../core/x509-store.js'
import { each, refuse, type Certificates } from './feature.js'

/** A store of these. The caller frees it. */
export function ownStore(lib: LibSsl, ca: Certificates | readonly Certificates[]): X509Store {
  const store = new X509Store(lib)
  try {
    refuse('ca', () => {
      for (const one of each(ca)) store.addCerts(one)
    })
    return store
  } catch (error) {
    store.free()
    throw error
  }
}

// Parsing the platform's roots takes milliseconds: once an instance.
const platformStores = new WeakMap<LibSsl, X509Store>()

/** A store of the platform's roots, the instance's own: not to be freed. `undefined` where the platform has no list. */
export function platformStore(lib: LibSsl): X509Store | undefined {
  let store = platformStores.get(lib)
  const roots = store ? undefined : platformRoots()
  if (!store && roots) {
    store = ownStore(lib, roots)
    platformStores.set(lib, store)
  }
  return store
}
