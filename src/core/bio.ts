// The kinds of BIO that an Ssl can use.

import type { Ptr } from '../ffi/pointers.js'
import type { LibSsl } from './lib-ssl.js'

/** A BIO as {@link Ssl.setBio} takes it: half of a `BioPair`, or a `BioCallback`. */
export interface Bio {
  /** @internal */ readonly lib: LibSsl
  /** @internal */ readonly ptr: Ptr<'BIO'>
  /** @internal The first bytes to be read, where they are kept and are not TLS; empty if there were none. */
  readonly foreignBytes?: Uint8Array | undefined
  /** Gives up this reference. A connection that was set upon the BIO keeps its own. Again does nothing. */
  free(): void
}
