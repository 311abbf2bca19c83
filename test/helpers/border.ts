// The border between JavaScript and C, without C.

import type { Border } from '../../src/ffi/border.js'

/** As a generated call does, with `call` in the place of C. */
export function within<R>(border: Border, call: () => R): R {
  const outer = border.enter()
  try {
    return call()
  } finally {
    border.leave(outer)
  }
}
