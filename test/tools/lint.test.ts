import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'

it('tools/lint.sh finds nothing', () => {
  const { status, stdout } = spawnSync(join(import.meta.dirname, '../../tools/lint.sh'), { encoding: 'utf8' })
  expect([stdout, status]).toEqual(['', 0])
}, 600_000) // with types, on a machine that may be busy, and an install before
