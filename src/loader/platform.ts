// What C asks of its platform: time, random bytes, and more memory.

import type { LibsslModule, Platform } from '../ffi/ffi.gen.js'
import * as P from '../ffi/platform.gen.js'

const PAGE_BYTES = 65_536
/** By how much memory grows at most beyond what is needed. */
const SPARE_BYTES = 96 * 1024 * 1024

/** @param memory asked for at call time: it is the instance's own, which is made with these. */
export function platformOf(memory: () => LibsslModule['wasmMemory']): Platform {
  return {
    [P.emscripten_date_now]: () => Date.now(), // asked for at each call: a test may have another clock in its place
    /** In nanoseconds; 0 is the clock on the wall. */
    [P.clock_time_get](clock: number, _precision: bigint, time: number) {
      const ms = clock === 0 ? Date.now() : performance.now()
      new DataView(memory().buffer).setBigInt64(time, BigInt(Math.round(ms * 1e6)), true)
      return 0
    },
    /** WASI's EIO where the platform refuses: that fails what OpenSSL was asked for. A throw would end the instance. */
    [P.random_get](buf: number, length: number) {
      try {
        crypto.getRandomValues(new Uint8Array(memory().buffer, buf, length))
        return 0
      } catch {
        return 29
      }
    },
    /** A fifth more than there is, so that it seldom grows; else just what is needed. 0: there is no more, and malloc fails. */
    [P.emscripten_resize_heap](wanted: number) {
      const needed = wanted >>> 0
      const now = memory().buffer.byteLength
      return grow(Math.min(Math.max(needed, now * 1.2), needed + SPARE_BYTES) - now) || grow(needed - now)
    },
    [P._abort_js]() {
      throw new WebAssembly.RuntimeError('abort() was called')
    },
  }

  function grow(bytes: number): 0 | 1 {
    try {
      memory().grow(Math.ceil(bytes / PAGE_BYTES))
      return 1
    } catch {
      return 0
    }
  }
}
