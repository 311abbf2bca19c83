import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { analyze } from '../../tools/constant-time/analyze.js'
import { notFollowed, roots, stackFields, type Parameters } from '../../tools/constant-time/list.js'
import { Disassembly } from '../../tools/constant-time/wat.js'

const repository = join(import.meta.dirname, '../..')
const NO_KERNELS = /^the \.wasm has no function .* LIBSSL_WASM_KERNELS=off\? .*build with them/

let ran: ReturnType<typeof tool> | undefined
/** What the tool says, once. It leaves the .wasm as text in build/constant-time. */
function tool(): { readonly stdout: string; readonly stderr: string } {
  return ran ??= spawnSync(join(repository, 'tools/constant-time.sh'), { encoding: 'utf8' })
}

describe('tools/constant-time.sh', () => {
  it('finds no secret that decides an address or a branch in the kernels of the shipped .wasm', () => {
    const { stdout, stderr } = tool()
    // Such a build is a comparison: of it the tool has to say that it cannot tell.
    if (process.env['LIBSSL_WASM_KERNELS'] === 'off') expect([stdout, stderr]).toEqual(['', expect.stringMatching(NO_KERNELS)])
    else expect([stdout, stderr])
      .toEqual([expect.stringMatching(/^constant time: \d+ functions and \d+ that they call: 0 problems\n$/), ''])
  }, 300_000)

  it('says in words that a .wasm has no kernels, and does not pass', () => {
    const work = mkdtempSync(join(tmpdir(), 'libssl-wasm-constant-time-'))
    onTestFinished(() => rmSync(work, { recursive: true }))
    const paths = Object.entries({ wat: '(module\n (func $0\n )\n)\n', symbols: '0:AES_encrypt\n', functions: '' }).map(([name, text]) => {
      writeFileSync(join(work, name), text)
      return join(work, name)
    })
    const main = ['--import', 'tsx', 'tools/constant-time/main.ts', ...paths]
    const { status, stdout, stderr } = spawnSync(process.execPath, main, { cwd: repository, encoding: 'utf8' })
    expect([status, stdout, stderr]).toEqual([2, '', expect.stringMatching(NO_KERNELS)])
    expect(stderr).not.toMatch(/AES_encrypt\b/)
  })
})

describe('a fault that is planted in the shipped .wasm', () => {
  // The products in fields of wasm/trim: both numbers are secret, their result's address is not.
  it.each([
    ['p384_square', 1], ['p384_multiply', 1], ['p384_multiply', 2], ['p521_square', 1], ['p521_multiply', 1], ['p521_multiply', 2],
    ['ossl_gf_sqr', 1], ['ossl_gf_mul', 1], ['ossl_gf_mul', 2],
  ] as const)('is found in %s: a branch by parameter %i', (name, parameter) => {
    tool()
    const symbols = readFileSync(join(repository, 'build/libssl.symbols'), 'utf8')
    const wat = readFileSync(join(repository, 'build/constant-time/libssl.wat'), 'utf8')
    const sound = new Disassembly(wat, symbols)
    const found = (code: Disassembly) => {
      const { findings } = analyze({ code, notFollowed, roots, stackFields }, name, roots[name]!)
      return [...findings.values()].map(({ kind }) => kind)
    }
    expect(found(sound)).toEqual([])
    const { line } = sound.byName(name).body[0]!
    const lines = wat.split('\n')
    lines.splice(line - 1, 0, `  (if (i32.wrap_i64 (i64.load (local.get $${parameter}))) (then (nop)))`)
    expect(found(new Disassembly(lines.join('\n'), symbols))).toEqual(['branch'])
  }, 300_000)
})

/** What is found in `$tried`, whose body is given as wasm-dis writes it. */
function kindsIn(body: string, parameters: Parameters, others = ''): string[] {
  const declared = parameters.split(',').map((_, index) => `(param $${index} i32)`).join(' ')
  const text = `(module\n (func $tried ${declared} (result i32)\n  (local $8 i32)\n  (local $9 i32)\n${body}\n )\n${others}\n)\n`
  const surroundings = { code: new Disassembly(text), notFollowed: {}, roots: {}, stackFields: {} }
  return [...analyze(surroundings, 'tried', parameters).findings.values()].map(({ kind }) => kind)
}

describe('analyze', () => {
  it('finds a load at an address that a secret decides', () => {
    expect(kindsIn('(i32.load8_u offset=1024 (i32.load8_u (local.get $0)))', 'key')).toEqual(['load'])
    expect(kindsIn('(i32.load8_u offset=1024 (local.get $0))', 'length')).toEqual([])
  })

  it('finds branches, selections, divisions and stores that a secret decides', () => {
    expect(kindsIn('(if (local.get $0) (then (nop))) (i32.const 0)', 'secret x')).toEqual(['branch'])
    expect(kindsIn('(block $a (br_if $a (i32.eqz (local.get $0)))) (i32.const 0)', 'secret x')).toEqual(['branch'])
    expect(kindsIn('(loop $a (br_if $a (local.tee $0 (i32.sub (local.get $0) (i32.const 1))))) (i32.const 0)', 'secret x'))
      .toEqual(['branch'])
    expect(kindsIn('(block $a (br_table $a $a (local.get $0))) (i32.const 0)', 'secret x')).toEqual(['table branch'])
    expect(kindsIn('(select (i32.const 1) (i32.const 2) (local.get $0))', 'secret x')).toEqual(['select'])
    expect(kindsIn('(i32.rem_u (local.get $0) (i32.const 10))', 'secret x')).toEqual(['division'])
    expect(kindsIn('(i32.store (local.get $0) (i32.const 0)) (i32.const 0)', 'secret x')).toEqual(['store'])
    expect(kindsIn('(memory.copy (local.get $0) (local.get $0) (i32.load (local.get $0))) (i32.const 0)', 'p')).toEqual(['load'])
  })

  it('takes for secret what comes from memory, unless the list says otherwise', () => {
    const body = '(if (i32.load offset=8 (local.get $0)) (then (nop))) (i32.const 0)'
    expect(kindsIn(body, 'ctx')).toEqual(['branch'])
    expect(kindsIn(body, 'ctx{4}')).toEqual(['branch'])
    expect(kindsIn(body, 'ctx{8}')).toEqual([])
    const behind = '(if (i32.load offset=4 (i32.load offset=8 (local.get $0))) (then (nop))) (i32.const 0)'
    expect(kindsIn(behind, 'ctx{8}')).toEqual(['branch'])
    expect(kindsIn(behind, 'ctx{8{4}}')).toEqual([])
  })

  it('finds a secret that is put where the list says that it is public', () => {
    expect(kindsIn('(i32.store offset=8 (local.get $0) (local.get $1)) (i32.const 0)', 'ctx{8}, secret x')).toEqual(['public field'])
    expect(kindsIn('(i32.store offset=2000 (i32.const 0) (local.get $0)) (i32.const 0)', 'secret x')).toEqual(['public field'])
  })

  it('follows secrets through locals, in loops too', () => {
    const body = `(loop $again
      (if (local.get $8) (then (nop)))
      (local.set $8 (local.get $9))
      (local.set $9 (local.get $1))
      (br_if $again (local.tee $0 (i32.sub (local.get $0) (i32.const 1)))))
      (i32.const 0)`
    expect(kindsIn(body, 'count, secret x')).toEqual(['branch'])
    expect(kindsIn(body, 'count, x')).toEqual([])
  })

  it('follows secrets through the stack, and takes what is public from there', () => {
    const stored = (value: string) => `(global.set $global$0 (local.tee $8 (i32.sub (global.get $global$0) (i32.const 16))))
      (i32.store offset=4 (local.get $8) ${value})
      (i32.store offset=8 (local.get $8) (local.get $1))
      (if (i32.load offset=4 (local.get $8)) (then (nop)))
      (i32.const 0)`
    expect(kindsIn(stored('(local.get $1)'), 'public, secret x')).toEqual(['branch'])
    expect(kindsIn(stored('(local.get $0)'), 'public, secret x')).toEqual([])
    // An index that is not known may be any.
    const indexed = stored('(local.get $0)').replace('(if', '(i32.store (i32.add (local.get $8) (local.get $0)) (local.get $1)) (if')
    expect(kindsIn(indexed, 'public, secret x')).toEqual(['branch'])
  })

  it('follows secrets into functions that are called, and out of them', () => {
    const called = ` (func $called (param $0 i32) (result i32)
      (i32.load8_u (local.get $0))
 )`
    expect(kindsIn('(call $called (local.get $0))', 'secret x', called)).toEqual(['load'])
    expect(kindsIn('(if (call $called (local.get $0)) (then (nop))) (i32.const 0)', 'x', called)).toEqual(['branch'])
    expect(kindsIn('(call_indirect (type $0) (local.get $0))', 'x')).toEqual(['indirect call'])
  })
})
