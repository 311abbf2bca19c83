// One instance of the WebAssembly module, and what all its objects share.

import { InternalError } from '../base/errors.js'
import { Border } from '../ffi/border.js'
import { bindCallbacks, Handles } from '../ffi/callbacks.gen.js'
import { OPENSSL_VERSION } from '../ffi/constants.gen.js'
import { bindFfi, type Ffi, type JsCallbacks, type LibsslModule } from '../ffi/ffi.gen.js'
import * as C from '../ffi/functions.gen.js'
import { Memory } from '../ffi/memory.js'
import type { Owned, Ptr } from '../ffi/pointers.js'

/** Plaintext passes through a buffer of this size: four full TLS records a turn. */
const SCRATCH_BYTES = 64 * 1024

/**
 * An instance of libssl: memory of its own, shared with no other instance. Objects of one instance work with each
 * other only. It ends by being garbage-collected, with everything in it.
 */
export class LibSsl {
  /** @internal */ readonly ffi: Ffi
  /** @internal */ readonly memory: Memory
  /** @internal */ readonly border: Border
  /** @internal */ readonly handles: Handles
  readonly #scratch: Owned<'uint8_t'>
  readonly #slot: Owned<'slot'>
  #scratchTaken = false

  /** @internal Use {@link load}. */
  constructor(module: LibsslModule, border: Border, handles: Handles) {
    this.ffi = bindFfi(module, border)
    this.memory = new Memory(this.ffi, border, module.wasmMemory)
    this.border = border
    this.handles = handles
    this.#scratch = this.memory.alloc(SCRATCH_BYTES)
    this.#slot = this.memory.alloc(8)
    border.onAbort = (error) => { for (const ssl of handles.SSL.values()) ssl.deref()?.onAbort?.(error) }
  }

  /** @internal Makes an instance around `instantiate`, which is handed the functions that C calls. */
  static async create(instantiate: (callbacks: JsCallbacks) => Promise<LibsslModule>): Promise<LibSsl> {
    const { callbacks, made } = beginning()
    return made(await instantiate(callbacks))
  }

  /** @internal As {@link create}. */
  static createSync(instantiate: (callbacks: JsCallbacks) => LibsslModule): LibSsl {
    const { callbacks, made } = beginning()
    return made(instantiate(callbacks))
  }

  /** For example `OpenSSL 4.0.2 …`. @openssl OpenSSL_version */
  get version(): string {
    return this.memory.readCString(this.ffi[C.OpenSSL_version](OPENSSL_VERSION))
  }

  /** Bytes that OpenSSL holds at this moment. Freed memory is not counted: leaks show here. */
  get allocatedBytes(): number {
    return this.ffi[C.allocated_bytes]()
  }

  /** Bytes of WebAssembly memory, used or free. It grows on demand and never shrinks. */
  get memoryBytes(): number {
    return this.memory.byteLength
  }

  /** @internal SHA-256, for comparing values without keeping them. @openssl EVP_Digest */
  sha256(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    return this.memory.scope((scope) => {
      const digest = scope.alloc(32)
      const done = this.ffi[C.sha256](scope.bytes(bytes), bytes.byteLength, digest) === 1
      if (!done) throw new InternalError('ERR_TLS_INTERNAL', 'EVP_Digest failed')
      return this.memory.copyOut(digest, 32)
    })
  }

  /**
   * Eight bytes for a call's out parameter. One serves all: C writes it last before it returns, and it is read
   * before anything else is called, however calls are nested.
   * @internal
   */
  slot<T extends string>(): Ptr<T> {
    return this.#slot as Ptr<string> as Ptr<T>
  }

  /**
   * Lends a buffer of up to 64 KiB for the time of `body`: usually the instance's own, another if a callback asks
   * for one in the middle of a call that uses it.
   * @internal
   */
  withBuffer<R>(wanted: number, body: (ptr: Ptr<'uint8_t'>, size: number) => R): R {
    const size = Math.min(wanted, SCRATCH_BYTES)
    if (this.#scratchTaken) return this.memory.scope((scope) => body(scope.alloc(size), size))
    this.#scratchTaken = true
    try {
      return body(this.#scratch, size)
    } finally {
      this.#scratchTaken = false
    }
  }
}

/** The callbacks that C imports: they must exist before the instance is made. */
function beginning(): { callbacks: JsCallbacks, made(module: LibsslModule): LibSsl } {
  const border = new Border()
  const handles = new Handles()
  let lib: LibSsl
  return {
    callbacks: bindCallbacks(border, () => lib.memory, handles),
    made: (module) => lib = new LibSsl(module, border, handles),
  }
}
