import { spawnSync } from 'node:child_process'
import { mkdtempSync, cpSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const repo = join(import.meta.dirname, '../..')
const run = (command: string, ...args: string[]) => spawnSync(join(repo, 'node_modules/.bin', command), args, { cwd: repo, encoding: 'utf8' })

describe('tools/check-floors.ts', () => {
  it('finds no import that goes up, and no circle', () => {
    const result = run('tsx', 'tools/check-floors.ts')
    expect(result.stderr).toBe('')
    expect(result.status).toBe(0)
  })

  it('finds one that was put there', () => {
    const copy = mkdtempSync(join(tmpdir(), 'libssl-wasm-floors-'))
    try {
      cpSync(join(repo, 'src'), join(copy, 'src'), { recursive: true })
      cpSync(join(repo, 'tools/check-floors.ts'), join(copy, 'tools/check-floors.ts'))
      writeFileSync(join(copy, 'src/base/bytes.ts'), "export * from '../core/ssl.js'\n")
      const result = run('tsx', join(copy, 'tools/check-floors.ts'))
      expect(result.status).toBe(1)
      expect(result.stderr).toMatch(/base\/bytes\.ts \(base\) imports core\/ssl\.ts \(core\), which is above it/)
      expect(result.stderr).toMatch(/circle: /)
    } finally {
      rmSync(copy, { recursive: true })
    }
  })
})

describe('tsc', () => {
  it('finds nothing wrong in sources, tests, tools, benchmarks and generator', () => {
    expect(run('tsc', '-p', 'tsconfig.check.json').stdout).toBe('')
  })
})
