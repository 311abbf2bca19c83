// BIO_s_bio(3): two bounded buffers back to back. One half goes under an Ssl, the other is the network.

import { LSW_BIO_NO_MEMORY } from '../ffi/constants.gen.js'
import * as C from '../ffi/functions.gen.js'
import { Lifetime } from '../ffi/lifetime.js'
import type { Owned, Ptr } from '../ffi/pointers.js'
import type { Bio } from './bio.js'
import { outOfMemory } from './err-queue.js'
import { FirstBytes } from './first-bytes.js'
import type { LibSsl } from './lib-ssl.js'
import { demand } from './setters.js'

/** One half of a {@link BioPair}: bytes written to it are read from the other half. */
export class BioHalf implements Bio {
  /** @internal */ readonly lib: LibSsl
  readonly #life: Lifetime<'BIO'>
  readonly #written: FirstBytes
  readonly #toRead: FirstBytes

  /** @internal */
  constructor(lib: LibSsl, ptr: Owned<'BIO'>, written: FirstBytes, toRead: FirstBytes) {
    this.lib = lib
    this.#written = written
    this.#toRead = toRead
    this.#life = new Lifetime('BioHalf', ptr, (owned) => { lib.ffi[C.BIO_free](owned) })
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

  /** Bytes written to this half and not yet read from the other. @openssl BIO_ctrl_wpending */
  ctrlWpending(): number {
    return this.lib.ffi[C.BIO_ctrl_wpending](this.ptr)
  }

  /** Bytes that can be written to this half now. 0: full, or closed. @openssl BIO_get_write_guarantee */
  getWriteGuarantee(): number {
    return this.lib.ffi[C.BIO_ctrl_get_write_guarantee](this.ptr)
  }

  /** Bytes that the other half tried in vain to read; 0 if it did not. @openssl BIO_get_read_request */
  getReadRequest(): number {
    return this.lib.ffi[C.BIO_ctrl_get_read_request](this.ptr)
  }

  /** @openssl BIO_ctrl_reset_read_request */
  resetReadRequest(): void {
    this.lib.ffi[C.BIO_ctrl_reset_read_request](this.ptr)
  }

  /** No more will be written to this half: the other reads what there is, then end of file. @openssl BIO_shutdown_wr */
  shutdownWr(): void {
    this.#checked(this.lib.ffi[C.BIO_shutdown_wr](this.ptr))
  }

  /** Whether the other half was shut down and all it wrote was read. @openssl BIO_eof */
  eof(): boolean {
    return this.lib.ffi[C.BIO_eof](this.ptr) === 1
  }

  /** Whether the last `read` or `write` may succeed if it is repeated. @openssl BIO_should_retry */
  shouldRetry(): boolean {
    return this.lib.ffi[C.BIO_should_retry](this.ptr) === 1
  }

  /** Reads into `target`; returns the count, -1 if there is nothing yet, 0 at the end. @openssl BIO_read */
  read(target: Uint8Array): number {
    return this.lib.withBuffer(target.byteLength, (buf, size) => {
      const count = this.lib.ffi[C.BIO_read](this.ptr, buf as Ptr<string> as Ptr<'void'>, size)
      if (count > 0) this.lib.memory.copyOutTo(buf, count, target)
      return count
    })
  }

  /**
   * Writes what fits of `bytes`, 64 KiB at most; returns the count, or -1 if the pair is full or this half was shut
   * down (then `shouldRetry()` is false). @openssl BIO_write
   */
  write(bytes: Uint8Array): number {
    return this.lib.withBuffer(bytes.byteLength, (buf, size) => {
      this.lib.memory.copyIn(bytes.subarray(0, size), buf)
      const count = this.#checked(this.lib.ffi[C.BIO_write](this.ptr, buf as Ptr<string> as Ptr<'void'>, size))
      if (count > 0) this.#written.note(bytes.subarray(0, count))
      return count
    })
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
    const count = this.#checked(ffi[C.BIO_nwrite](ptr, slot, bytes.byteLength))
    if (count > 0) {
      const taken = bytes.subarray(0, count)
      memory.copyIn(taken, memory.readPtr(slot))
      this.#written.note(taken)
    }
    return count
  }

  /** How many bytes one `nread` would give now; -1 or 0 as `read`. @openssl BIO_nread0 */
  nread0(): number {
    return this.lib.ffi[C.BIO_nread0](this.ptr, this.lib.slot())
  }

  /** How many bytes one `nwrite` would take now; -1 if the pair is full. @openssl BIO_nwrite0 */
  nwrite0(): number {
    return this.#checked(this.lib.ffi[C.BIO_nwrite0](this.ptr, this.lib.slot()))
  }

  free(): void {
    this.#life.free()
  }

  /** After {@link BioPair.releaseBuffers} there must be memory for new buffers. */
  #checked(result: number): number {
    if (result === LSW_BIO_NO_MEMORY) throw outOfMemory(this.lib, 'BIO_make_bio_pair')
    return result
  }
}

/**
 * A pair of memory buffers: `internal` goes under an Ssl ({@link Ssl.setBio}), `network` is where its records come
 * out and the peer's go in.
 */
export class BioPair {
  /** The half that goes beneath an {@link Ssl}. */
  readonly internal: BioHalf
  /** The half that you move between it and the network. */
  readonly network: BioHalf

  /**
   * @param internalBytes how much the Ssl may write before it must wait; 0, the default, is OpenSSL's 17 KiB
   * @param networkBytes how much can wait to be read by the Ssl; the same default
   * @openssl BIO_new_bio_pair
   */
  constructor(lib: LibSsl, internalBytes = 0, networkBytes = 0) {
    for (const size of [internalBytes, networkBytes]) {
      demand(Number.isInteger(size) && size >= 0 && size <= 0x7fffffff, `a BIO pair cannot hold ${size} bytes`)
    }
    const halves = lib.memory.scope((scope) => {
      const out = scope.alloc<'BIO*'>(8)
      const made = lib.ffi[C.BIO_new_bio_pair](out, internalBytes, (out + 4) as typeof out, networkBytes)
      if (made !== 1) throw outOfMemory(lib, 'BIO_new_bio_pair')
      return [lib.memory.readPtr<'BIO'>(out), lib.memory.readPtr<'BIO'>(out + 4)] as Owned<'BIO'>[]
    })
    const [out, back] = [new FirstBytes(), new FirstBytes()]
    this.internal = new BioHalf(lib, halves[0]!, out, back)
    this.network = new BioHalf(lib, halves[1]!, back, out)
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
