// A BIO made of two JavaScript functions. If they answer at once it is a non-blocking socket; if they block
// (Atomics.wait in a worker) it is a blocking one: OpenSSL's calls then return only when they are done.

import { bioCallbacks, type BioCallbacks } from '../ffi/callbacks.js'
import type { RawBioCallbacks } from '../ffi/callbacks.gen.js'
import { collected, weakly } from '../ffi/collected.js'
import * as C from '../ffi/functions.gen.js'
import { Lifetime } from '../ffi/lifetime.js'
import type { Ptr } from '../ffi/pointers.js'
import type { Bio } from './bio.js'
import { outOfMemory } from './err-queue.js'
import type { LibSsl } from './lib-ssl.js'

export class BioCallback implements Bio {
  /** @internal */ readonly lib: LibSsl
  /** @internal What C calls by the handle. */ readonly callbacks: RawBioCallbacks
  readonly #life: Lifetime<'BIO'>

  /**
   * A callback that throws ends the SSL call with SSL_ERROR_SYSCALL, and that call throws the same value. The
   * callbacks are called until this BIO is freed, or the last connection upon it was used.
   * @openssl BIO_meth_new
   */
  constructor(lib: LibSsl, callbacks: BioCallbacks) {
    this.callbacks = bioCallbacks(callbacks, lib.memory)
    const handle = lib.handles.BIO.add(weakly(this))
    const ptr = lib.ffi[C.BIO_new_callback](handle)
    if (ptr === 0) {
      lib.handles.BIO.delete(handle)
      throw outOfMemory(lib, 'BIO_new')
    }
    this.lib = lib
    this.#life = new Lifetime('BioCallback', ptr, (owned) => {
      lib.handles.BIO.delete(handle)
      lib.ffi[C.BIO_free](owned)
    })
    collected?.register(this, this.#life)
  }

  /** @internal */
  get ptr(): Ptr<'BIO'> {
    return this.#life.ptr
  }

  free(): void {
    this.#life.free()
  }
}
