// That a fault is reported. Run in the copy that tools/sanitize.sh makes.

import { expect, it } from 'vitest'
import { load } from '../../src/core/load.js'
import * as C from '../../src/ffi/functions.gen.js'

it('a read of one byte too many is reported', async () => {
  const lib = await load()
  const hash = (length: number) => lib.memory.scope((scope) => lib.ffi[C.sha256](scope.alloc(64), length, scope.alloc(32)))
  hash(64)
  expect(() => hash(65)).toThrow(/heap-buffer-overflow/)
})
