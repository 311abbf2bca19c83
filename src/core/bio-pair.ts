// BIO_s_bio(3): two bounded buffers back to back. One half goes under an Ssl, the other is the network. What connect() and accept() need
// of it is in basic-bio-pair.ts.

import * as C from '../ffi/functions.gen.js'
import type { Ptr } from '../ffi/pointers.js'
import { BasicBioHalf, BasicBioPair, written } from './basic-bio-pair.js'
import type { LibSsl } from './lib-ssl.js'
import { demand } from './setters.js'

/** One half of a {@link BioPair}: bytes written to it are read from the other half. */
export class BioHalf extends BasicBioHalf {
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
      const count = written(this.lib, this.lib.ffi[C.BIO_write](this.ptr, buf as Ptr<string> as Ptr<'void'>, size))
      if (count > 0) this.firstWritten.note(bytes.subarray(0, count))
      return count
    })
  }

  /** How many bytes one `nread` would give now; -1 or 0 as `read`. @openssl BIO_nread0 */
  nread0(): number {
    return this.lib.ffi[C.BIO_nread0](this.ptr, this.lib.slot())
  }

  /** How many bytes one `nwrite` would take now; -1 if the pair is full. @openssl BIO_nwrite0 */
  nwrite0(): number {
    return written(this.lib, this.lib.ffi[C.BIO_nwrite0](this.ptr, this.lib.slot()))
  }
}

/**
 * A pair of memory buffers: `internal` goes under an Ssl ({@link Ssl.setBio}), `network` is where its records come
 * out and the peer's go in.
 */
export class BioPair extends BasicBioPair<BioHalf> {
  /**
   * @param internalBytes how much the Ssl may write before it must wait; 0, the default, is OpenSSL's 17 KiB
   * @param networkBytes how much can wait to be read by the Ssl; the same default
   * @openssl BIO_new_bio_pair
   */
  constructor(lib: LibSsl, internalBytes = 0, networkBytes = 0) {
    for (const size of [internalBytes, networkBytes]) {
      demand(Number.isInteger(size) && size >= 0 && size <= 0x7fffffff, `a BIO pair cannot hold ${size} bytes`)
    }
    super(lib, internalBytes, networkBytes, BioHalf)
  }
}
