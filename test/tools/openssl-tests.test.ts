// What tools/openssl-tests says of wasm/trim is true of its lists as they are now.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readReasons } from '../../tools/openssl-tests/reasons.js'
import { opensslSource } from '../helpers/cuts.js'

const repository = join(import.meta.dirname, '../..')

it('kept.list keeps rules that there are', () => {
  const makefile = readFileSync(join(repository, 'wasm/Makefile'), 'utf8').replaceAll('\\\n', ' ')
  const lists = /^CUTS\s+:=.*/m.exec(makefile)![0].match(/[\w-]+\.list/g)!.map((name) => `wasm/trim/${name}`)
  const target = mkdtempSync(join(tmpdir(), 'kept-'))
  try {
    const args = ['wasm/trim/edit-sources.ts', opensslSource(), target, ...lists, 'tools/openssl-tests/kept.list']
    const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', ...args], { cwd: repository, encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(status).toBe(0)
  } finally { rmSync(target, { recursive: true, force: true }) }
})

it('reasons.txt names rules that there are', () => {
  expect([...readReasons().keys()]).toContain('test_aes_wrap')
})
