// BIO_s_bio(3), as far as connect() and accept() need it: two bounded buffers back to back. bio-pair.ts has the rest.

import { LSW_BIO_NO_MEMORY } from '../ffi/constants.gen.js'
import { collected } from '../ffi/collected.js'
import * as C from '../ffi/functions.gen.js'
import { Lifetime } from '../ffi/lifetime.js'
import type { Owned, Ptr } from '../ffi/pointers.js'
import type { Bio } from './bio.js'
import { outOfMemory } from './err-queue.js'
import { FirstBytes } from './first-bytes.js'
import type { LibSsl } from './lib-ssl.js'
import { demand } from './setters.js'

/** A {@link BioHalf}, as far as connect() and accept() need it. */
export class BasicBioHalf implements Bio {
  /** @internal */ readonly lib: LibSsl
  readonly #life: Lifetime<'BIO'>
  /** @internal */ protected readonly firstWritten: FirstBytes
  readonly #toRead: FirstBytes
  /** @internal Keeps the other half from being collected: what was written there is read here. */ readonly pair: object

  /** @internal */
  constructor(lib: LibSsl, ptr: Owned<'BIO'>, firstWritten: FirstBytes, toRead: FirstBytes, pair: object) {
    this.lib = lib
    this.firstWritten = firstWritten
    this.#toRead = toRead
    this.pair = pair
    this.#life = new Lifetime('BioHalf', ptr, (owned) => { lib.ffi[C.BIO_free](owned) })
    collected?.register(this, this.#life)
  }

  /** @internal */
  get ptr(): Ptr<'BIO'> {
    return this.#life.ptr
  }

  /** @internal */
  get foreignBytes(): Uint8Array | undefined {
    return this.#toRead.foreign
  }

  /** Bytes that can be read from this half now. @openssl BIO_ctrl_pending */
  ctrlPending(): number {
    return this.lib.ffi[C.BIO_ctrl_pending](this.ptr)
  }

  /** No more will be written to this half: the other reads what there is, then end of file. @openssl BIO_shutdown_wr */
  shutdownWr(): void {
    written(this.lib, this.lib.ffi[C.BIO_shutdown_wr](this.ptr))
  }

  /**
   * Copies up to `limit` bytes straight from the pair into `target` at `offset`, which must have room for them.
   * The only copy of a byte on its way out. Returns the count; -1 or 0 as `read`.
   * The ring buffer may wrap: a second call gets the rest. @openssl BIO_nread
   */
  nread(target: Uint8Array, offset = 0, limit = target.byteLength - offset): number {
    demand(limit > 0 && limit <= target.byteLength - offset, 'nread: no room for limit bytes in target')
    const { ffi, memory } = this.lib
    const slot = this.lib.slot<'char*'>()
    const count = ffi[C.BIO_nread](this.ptr, slot, limit)
    if (count > 0) memory.copyOutTo(memory.readPtr(slot), count, target, offset)
    return count
  }

  /**
   * Copies as much of `bytes` as is free in one piece straight into the pair: the only copy of a byte on its way in.
   * Returns the count, or -1 if the pair is full. @openssl BIO_nwrite
   */
  nwrite(bytes: Uint8Array): number {
    const { ffi, memory } = this.lib
    const ptr = this.ptr
    if (bytes.byteLength === 0) return 0
    const slot = this.lib.slot<'char*'>()
    const count = written(this.lib, ffi[C.BIO_nwrite](ptr, slot, bytes.byteLength))
    if (count > 0) {
      const taken = bytes.subarray(0, count)
      memory.copyIn(taken, memory.readPtr(slot))
      this.firstWritten.note(taken)
    }
    return count
  }

  free(): void {
    this.#life.free()
  }
}

/** The result of a write: after {@link BasicBioPair.releaseBuffers} there must be memory for new buffers. */
export function written(lib: LibSsl, result: number): number {
  if (result === LSW_BIO_NO_MEMORY) throw outOfMemory(lib, 'BIO_make_bio_pair')
  return result
}

/** A {@link BioPair}, as far as connect() and accept() need it. */
export class BasicBioPair<Half extends BasicBioHalf = BasicBioHalf> {
  /** The half that goes beneath an {@link Ssl}. */
  readonly internal: Half
  /** The half that you move between it and the network. */
  readonly network: Half

  /** @internal */
  constructor(lib: LibSsl, internalBytes = 0, networkBytes = 0, Class: typeof BasicBioHalf = BasicBioHalf) {
    const halves = lib.memory.scope((scope) => {
      const out = scope.alloc<'BIO*'>(8)
      const made = lib.ffi[C.BIO_new_bio_pair](out, internalBytes, (out + 4) as typeof out, networkBytes)
      if (made !== 1) throw outOfMemory(lib, 'BIO_new_bio_pair')
      return [lib.memory.readPtr<'BIO'>(out), lib.memory.readPtr<'BIO'>(out + 4)] as Owned<'BIO'>[]
    })
    const [out, back] = [new FirstBytes(), new FirstBytes()]
    this.internal = new Class(lib, halves[0]!, out, back, this) as Half
    this.network = new Class(lib, halves[1]!, back, out, this) as Half
  }

  /**
   * Frees the buffers, if nothing is in either half and neither is shut down; else does nothing. The next write to
   * either half, or its `shutdownWr`, allocates them again, or throws `ERR_TLS_OUT_OF_MEMORY`. An `Ssl` upon the pair
   * works as before. Without buffers {@link BioHalf.getReadRequest} is 0.
   */
  releaseBuffers(): void {
    this.internal.lib.ffi[C.BIO_release_buffers](this.internal.ptr, this.network.ptr)
  }

  /** Frees both halves. A connection that was set upon one keeps it. Again does nothing. */
  free(): void {
    this.internal.free()
    this.network.free()
  }
}
