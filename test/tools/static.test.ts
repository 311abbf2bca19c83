import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, cpSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const repo = join(import.meta.dirname, '../..')
const run = (command: string, ...args: string[]) =>
  spawnSync(join(repo, 'node_modules/.bin', command), args, { cwd: repo, encoding: 'utf8' })

describe('tools/check-floors.ts', () => {
  it('finds no import that goes up, and no circle', () => {
    const result = run('tsx', 'tools/check-floors.ts')
    expect(result.stderr).toBe('')
    expect(result.status).toBe(0)
  })

  it('finds one that was put there', () => {
    const result = runOnCopy((copy) => writeFileSync(join(copy, 'src/base/bytes.ts'), "export * from '../core/ssl.js'\n"))
    expect(result.status).toBe(1)
    expect(result.stderr).toMatch(/base\/bytes\.ts \(base\) imports core\/ssl\.ts \(core\), which is above it/)
    expect(result.stderr).toMatch(/circle: .*bytes\.ts/)
  })

  it.each([
    ['a call', 'void lsw_planted(SSL *ssl)\n{\n    lsw_rpk_verdict(lsw_conn_of(ssl), NULL, 0);\n}\n'],
    ['an address', 'static int (*const planted)(const struct lsw_conn *, X509_STORE_CTX *, int) = lsw_rpk_verdict;\n'],
  ])('finds a circle among C files that was put there, by %s', (_, planted) => {
    // rpk.c uses conn.c.
    const result = runOnCopy((copy) => appendFileSync(join(copy, 'wasm/shim/conn.c'), planted))
    expect(result.status).toBe(1)
    expect(result.stderr).toMatch(/circle: (conn\.c → rpk\.c → conn\.c|rpk\.c → conn\.c → rpk\.c)/)
  })

  it('takes no word in a comment or a text for a use', () => {
    const result = runOnCopy((copy) =>
      appendFileSync(join(copy, 'wasm/shim/conn.c'), '/* lsw_rpk_verdict(conn) */\nstatic const char words[] = "lsw_rpk_verdict";\n'))
    expect([result.stderr, result.status]).toEqual(['', 0])
  })
})

function runOnCopy(change: (copy: string) => void) {
  const copy = mkdtempSync(join(tmpdir(), 'libssl-wasm-floors-'))
  try {
    for (const part of ['src', 'wasm/shim', 'tools/check-floors.ts']) cpSync(join(repo, part), join(copy, part), { recursive: true })
    change(copy)
    return run('tsx', join(copy, 'tools/check-floors.ts'))
  } finally {
    rmSync(copy, { recursive: true })
  }
}

describe('tsc', () => {
  it('finds nothing wrong in sources, tests, tools, benchmarks and generator', () => {
    expect(run('tsc', '-p', 'tsconfig.check.json').stdout).toBe('')
  })
})

describe('tools/test-table.ts', () => {
  it('has a row for each folder of tests, and CONTRIBUTING has them', () => {
    expect(run('tsx', 'tools/test-table.ts', '--check').stderr).toBe('')
  })
})
