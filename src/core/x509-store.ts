// Trust anchors. A store may serve many contexts: parsing a platform's whole list takes milliseconds.

import { asBytes, type BytesLike } from '../base/bytes.js'
import * as C from '../ffi/functions.gen.js'
import { Lifetime } from '../ffi/lifetime.js'
import type { Ptr } from '../ffi/pointers.js'
import { outOfMemory } from './err-queue.js'
import type { LibSsl } from './lib-ssl.js'
import { demandSameInstance, refusal, set } from './setters.js'

/** The certificates that a peer's chain may end in. */
export class X509Store {
  readonly #lib: LibSsl
  readonly #life: Lifetime<'X509_STORE'>

  /** @openssl X509_STORE_new */
  constructor(lib: LibSsl) {
    const ptr = lib.ffi[C.X509_STORE_new]()
    if (ptr === 0) throw outOfMemory(lib, 'X509_STORE_new')
    this.#lib = lib
    this.#life = new Lifetime('X509Store', ptr, (owned) => { lib.ffi[C.X509_STORE_free](owned) })
  }

  /** @internal */
  get lib(): LibSsl {
    return this.#lib
  }

  /** @internal */
  get ptr(): Ptr<'X509_STORE'> {
    return this.#life.ptr
  }

  /**
   * Adds every certificate of a PEM text (text between them is skipped), or the one of a DER encoding.
   * Returns how many. Throws `ApiMisuseError` with OpenSSL's code if there is none, one is broken, or a block cannot be read though it
   * holds certificates, for example PKCS7.
   * @openssl X509_STORE_add_cert
   */
  addCerts(certificates: string | BytesLike): number {
    return this.#add('certificate', certificates, (buf, size) => this.#lib.ffi[C.X509_STORE_add_certs](this.ptr, buf, size))
  }

  /** Adds all certificates of another store of the instance. They are shared, not copied. @openssl X509_STORE_get1_all_certs */
  addStore(from: X509Store): void {
    demandSameInstance(this.#lib, from, 'X509Store')
    set(this.#lib, 'X509Store.addStore', () => this.#lib.ffi[C.X509_STORE_add_store](this.ptr, from.ptr))
  }

  /**
   * Adds every revocation list of a PEM text, or the one of a DER encoding. Returns how many. They are looked at where
   * `X509_V_FLAG_CRL_CHECK` is set. Throws as {@link addCerts}. @openssl X509_STORE_add_crl
   */
  addCrls(lists: string | BytesLike): number {
    return this.#add('certificate revocation list', lists, (buf, size) => this.#lib.ffi[C.X509_STORE_add_crls](this.ptr, buf, size))
  }

  #add(what: string, encoded: string | BytesLike, add: (buf: Ptr<'uint8_t'>, size: number) => number): number {
    const bytes = asBytes(encoded)
    const count = this.#lib.memory.scope((scope) => add(scope.bytes(bytes), bytes.byteLength))
    if (count < 0) throw refusal(this.#lib, count === -1 ? `not a ${what}` : `not a ${what}: number ${-count}`, bytes)
    return count
  }

  /** Gives up this reference. Contexts that use the store keep theirs. Again does nothing. */
  free(): void {
    this.#life.free()
  }
}
