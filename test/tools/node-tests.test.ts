// The runner of Node's own tests, with tests of ours in the place of Node's: what a module gets that stands in for `node:tls`.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { classNames, readList } from '../../tools/node-tests/lists.js'
import { docsText } from '../../tools/node-tests/report.js'
import { runTest } from '../../tools/node-tests/run.js'
import { findNode } from '../conformance/runtimes/node.js'

const repository = join(import.meta.dirname, '../..')
const dir = realpathSync(mkdtempSync(join(tmpdir(), 'libssl-wasm-node-tests-')))
afterAll(() => rmSync(dir, { recursive: true }))

const obtained = join(dir, 'obtained')
const parallel = join(obtained, 'test/parallel')
mkdirSync(parallel, { recursive: true })
mkdirSync(join(obtained, 'node/bin'), { recursive: true })
mkdirSync(join(dir, 'module'))
const node = findNode(22)
if (!node) throw new Error('Node 22 is not installed: run tools/install-runtimes.sh')
symlinkSync(node, join(obtained, 'node/bin/node'))

const write = (path: string, text: string) => {
  writeFileSync(path, text)
  return path
}
/** Runs a test of this text, with a module of that text in the place of `node:tls`. */
function run(test: string, module: string, { file = 'test.cjs', moduleFile = 'tls.cjs', timeoutMs = 30_000 } = {}) {
  write(join(parallel, file), test)
  return runTest(obtained, file, write(join(dir, 'module', moduleFile), module), 0, timeoutMs)
}

const esm =
  "const tls = { whose: 'ours', connect() { throw new Error('our connect') } }\nexport default tls\nexport const { whose, connect } = tls\n"

describe('a test', () => {
  it.each<[string, string, string?]>([
    ['require()', "console.log(require('tls').whose, require('node:tls') === require('tls'))"],
    ['import', "import tls, { whose } from 'node:tls'\nconsole.log(whose, tls.whose === whose)", 'test.mjs'],
    ['import()', "import('tls').then(({ default: tls, whose }) => console.log(whose, tls.whose === whose))"],
    ['getBuiltinModule()', "console.log(process.getBuiltinModule('tls').whose, true)"],
  ])('gets the module by %s', async (_, test, file = 'test.cjs') => {
    expect(await run(test, esm, { file, moduleFile: 'tls.mjs' })).toEqual({ outcome: 'passed', output: 'ours true\n' })
    const commonJs = "module.exports = { whose: 'ours' }"
    expect(await run(test, commonJs, { file })).toEqual({ outcome: 'passed', output: 'ours true\n' })
  })

  it('finds it under https, with what it assigned itself', async () => {
    const test = `
      const tls = require('tls')
      const https = require('https')
      const tell = (error) => console.log(error.message)
      const connect = () => {
        try { https.request('https://127.0.0.1:1/').on('error', tell) } catch (error) { tell(error) }
      }
      connect()
      tls.connect = () => { throw new Error('as assigned') }
      connect()`
    const { output } = await run(test, esm, { moduleFile: 'tls.mjs' })
    expect(output).toBe('our connect\nas assigned\n')
  })

  it('gets nothing of what is beneath', async () => {
    const { outcome, why } = await run("require('_tls_wrap').connect()", esm, { moduleFile: 'tls.mjs' })
    expect([outcome, why]).toEqual(['failed', expect.stringMatching(/BORROWED/)])
  })

  it('leaves its processes and workers with the module', async () => {
    const test = `
      if (process.argv[2] === 'child') console.log(require('tls').whose)
      else {
        require('child_process').spawnSync(process.execPath, [__filename, 'child'], { stdio: 'inherit' })
        new (require('worker_threads').Worker)("console.log(require('tls').whose)", { eval: true })
      }`
    expect(await run(test, esm, { moduleFile: 'tls.mjs' })).toEqual({ outcome: 'passed', output: 'ours\nours\n' })
  })
})

describe('the module borrows nothing of Node', () => {
  it.each<[string, string, string?]>([
    ['require()', "exports.connect = () => require('tls').connect()"],
    ['require(), while it loads', "exports.connect = require('node:tls').connect"],
    ['a value', "exports.connect = () => require('tls').rootCertificates"],
    ['a class', "exports.connect = () => new (require('tls').TLSSocket)()"],
    ['a base class', "exports.connect = class extends require('tls').TLSSocket {}"],
    ['what is beneath', "exports.connect = () => require('_tls_wrap').connect()"],
    ['import', "import { connect } from 'node:tls'\nexport default { connect }", 'tls.mjs'],
    ['import of all', "import * as tls from 'node:tls'\nexport default { connect: () => tls.getCACertificates('default') }", 'tls.mjs'],
    ['import()', "export default { connect: () => import('tls').then((tls) => tls.connect()) }", 'tls.mjs'],
    ['getBuiltinModule()', "exports.connect = () => process.getBuiltinModule('tls').connect()"],
    ['process.binding()', "exports.connect = () => process.binding('tls_wrap')"],
    ['internals', "exports.connect = () => require('internal/tls/wrap').connect()"],
    ['a package of its own', "exports.connect = () => require('./dependency.cjs')()"],
  ])('by %s', async (_, module, moduleFile = 'tls.cjs') => {
    write(join(dir, 'module/dependency.cjs'), "module.exports = () => require('tls').connect()")
    const { outcome, output } = await run("require('tls').connect()", module, { moduleFile })
    expect([outcome, output]).toEqual(['failed', expect.stringMatching(/BORROWED/)])
  })

  it('nor do the sources of src/node ask for it, but for what replaces it', () => {
    const src = join(repository, 'src')
    const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => /^node\/.*\.ts$/.test(file))
    const asks = /['"](node:)?(tls|_tls_\w+|internal\/.*)['"]|process\.binding|internalBinding/
    const imported = (file: string) => readFileSync(join(src, file), 'utf8').replaceAll(/^import type .*$/gm, '')
    expect(files.filter((file) => asks.test(imported(file)))).toEqual(['node/register.ts'])
  })
})

describe('runTest', () => {
  const ofNode = (test: string, timeoutMs = 30_000) => run(test, 'exports.connect = () => {}', { timeoutMs })

  it('honours the flags of a test', async () => {
    const test = '// Flags: --expose-gc --title=flagged\nconsole.log(typeof gc, process.title)'
    expect(await ofNode(test)).toEqual({ outcome: 'passed', output: 'function flagged\n' })
  })

  it('tells the first line of an error', async () => {
    const { outcome, why } = await ofNode("throw new RangeError('too far')")
    expect([outcome, why]).toEqual(['failed', 'RangeError: too far'])
    const compared = await ofNode("require('assert').strictEqual(1, 2)")
    expect(compared.why).toBe('AssertionError [ERR_ASSERTION]: Expected values to be strictly equal: 1 !== 2')
  })

  it('tells why a test was skipped', async () => {
    expect(await ofNode("console.log('1..0 # Skipped: no luck')")).toMatchObject({ outcome: 'skipped', why: 'no luck' })
  })

  it('ends one that does not, and its processes', async () => {
    const test = `
      const child = require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' })
      console.log(child.pid)
      setInterval(() => {}, 1000)`
    // It ends when all have closed the pipe that is their output.
    expect(await ofNode(test, 3_000)).toMatchObject({ outcome: 'timed out' })
  })

  it("keeps the machine's own settings of Node from it", async () => {
    process.env['NODE_EXTRA_CA_CERTS'] = join(dir, 'nothing')
    try {
      expect(await ofNode('console.log(process.env.NODE_EXTRA_CA_CERTS)')).toEqual({ outcome: 'passed', output: 'undefined\n' })
    } finally {
      delete process.env['NODE_EXTRA_CA_CERTS']
    }
  })
})

describe('obtain.sh', () => {
  it('takes no other tarball than the pinned one, and leaves nothing', () => {
    const cache = join(dir, 'cache')
    const env = { ...process.env, XDG_CACHE_HOME: cache, NODE_TESTS_TARBALL: write(join(dir, 'other.tar.xz'), 'something else') }
    const { status, stdout, stderr } = spawnSync(join(repository, 'tools/node-tests/obtain.sh'), ['22'], { encoding: 'utf8', env })
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toMatch(/^obtain\.sh: .* has not the SHA-256 [0-9a-f]{64}.*\n$/)
    expect(readdirSync(join(cache, 'libssl-wasm'))).toEqual(['node-tests.lock'])
  })
})

describe('the lists', () => {
  it('name each test once, and have reasons for none but those', () => {
    const all = classNames.flatMap((name) => [...readList(name).keys()])
    expect(new Set(all).size).toBe(all.length)
    const reasons = readList('reasons')
    expect([...reasons.keys()].filter((file) => !all.includes(file))).toEqual([])
    expect([...reasons.values()].filter((reason) => reason === '')).toEqual([])
  })
})

describe('the counts in docs/node.md', () => {
  it('stand by class and version, with what fails by its reason', () => {
    const passed = { outcome: 'passed' } as const
    const failed = { outcome: 'failed', why: 'Error: no' } as const
    const of22 = { 'test-a.js': passed, 'test-b.js': failed, 'test-c.js': failed, 'test-d.js': { outcome: 'empty' } } as const
    const of24 = { 'test-a.js': passed, 'test-b.js': passed, 'test-c.js': { outcome: 'timed out' } } as const
    const results = [{ node: 'v22.1.0', classes: { 'public-api-tls': of22 } }, { node: 'v24.2.0', classes: { 'public-api-tls': of24 } }]
    const text = docsText(results, new Map([['test-b.js', 'There is no b'], ['test-c.js', 'There is no b']]))
    expect(text).toMatch(/^\| {2}\| {2}\| Node 22\.1\.0 \| Node 24\.2\.0 \|\n\| --- \| --- \| ---: \| ---: \|\n/)
    expect(text).toMatch(/^\| `public-api-tls` \| .* \| 1 of 3 \| 2 of 3 \|$/m)
    expect(text).toMatch(/^\| `http2` \| .* \| – \| – \|$/m)
    expect(text).toMatch(/^- There is no b: `test-b` \(Node 22\.1\.0\), `test-c`$/m)
  })
})
