// What a page downloads, held against tools/sizes.budget.json: `npx tsx tools/sizes.ts`, at the end of each build.
//
// Prints bytes raw, by gzip and by Brotli at their highest levels: of libssl.wasm, and of a page that uses each entry point, bundled and
// minified by esbuild; for `.` it uses connect() alone. Exits 1 if something is larger than its budget; with --update-budget it writes
// today's sizes as the budget. A build without the kernels (LIBSSL_WASM_KERNELS=off) is there for comparison and has no budget.
// With --write the figures go into README.md and docs/performance.md, each between its marks; a test allows them to be a tenth off.

import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { markedPart } from './marked-part.js'

interface Sizes { readonly raw: number; readonly gzip: number; readonly brotli: number }

/** A page of one call, by entry point. */
const PAGES = {
  '.': "import { connect } from './dist/index.js'; connect()",
  './core': "import { load } from './dist/core.js'; load()",
  './node/tls': "import { connect } from './dist/node/tls/index.js'; connect()",
  './wisp': "import { connectWisp } from './dist/wisp.js'; connectWisp()",
  './worker': "import { createWorker } from './dist/worker.js'; createWorker()",
}

const repository = fileURLToPath(new URL('..', import.meta.url))
const budgetFile = join(repository, 'tools/sizes.budget.json')
const wasm = readFileSync(join(repository, 'lib/libssl-wasm/libssl.wasm'))
const sha256 = createHash('sha256').update(wasm).digest('hex')
const kb = (bytes: number) => `${bytes < 100_000 ? (bytes / 1000).toFixed(1) : Math.round(bytes / 1000).toLocaleString('en')} KB`

const sizes: Record<string, Sizes> = { 'libssl.wasm': sizesOfModule() }
for (const [entry, contents] of Object.entries(PAGES)) sizes[entry] = sizesOf(await bundle(contents))
if (process.argv.includes('--update-budget')) {
  const lines = Object.entries(sizes).map(([name, { raw, brotli }]) => `  ${JSON.stringify(name)}: { "raw": ${raw}, "brotli": ${brotli} }`)
  writeFileSync(budgetFile, `{\n${lines.join(',\n')}\n}\n`)
}
console.log(`libssl.wasm: SHA-256 ${sha256}`)
const budget = JSON.parse(readFileSync(budgetFile, 'utf8')) as Partial<Record<string, Pick<Sizes, 'raw' | 'brotli'>>>
for (const [name, size] of Object.entries(sizes)) {
  console.log(`${name.padEnd(12)} ${kb(size.raw)} raw, ${kb(size.gzip)} gzip, ${kb(size.brotli)} Brotli`)
  // A hundredth more is for a compiler's moods; what grows further is to be looked at, and the budget moved on purpose.
  for (const form of process.env['LIBSSL_WASM_KERNELS'] === 'off' ? [] : ['raw', 'brotli'] as const) {
    const allowed = budget[name]?.[form]
    if (allowed !== undefined && size[form] <= allowed * 1.01) continue
    console.log(`  too large: ${size[form]} bytes ${form}, the budget is ${allowed} (npx tsx tools/sizes.ts --update-budget moves it)`)
    process.exitCode = 1
  }
}
if (process.argv.includes('--write')) await write()

/** Compressing it takes seconds, so that is kept beside the build for as long as the file stays the same. */
function sizesOfModule(): Sizes {
  const kept = join(repository, 'build/sizes.json')
  const before = existsSync(kept) ? JSON.parse(readFileSync(kept, 'utf8')) as Sizes & { readonly sha256: string } : undefined
  if (before?.sha256 === sha256) return before
  const found = sizesOf(wasm)
  writeFileSync(kept, JSON.stringify({ sha256, ...found }))
  return found
}

function sizesOf(bytes: Uint8Array): Sizes {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 }
  return { raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotliCompressSync(bytes, { params }).length }
}

async function bundle(contents: string): Promise<Uint8Array> {
  const { outputFiles: [file] } = await build({
    stdin: { contents, resolveDir: repository }, bundle: true, minify: true, format: 'esm', target: 'es2022', conditions: ['browser'],
    write: false,
  })
  return file!.contents
}

async function write(): Promise<void> {
  const page = sizesOf(await bundle("import { connect, openTunnel } from './dist/index.js'\nconsole.log(connect, openTunnel)"))
  const rows: readonly (readonly [string, Sizes])[] = [
    ['`libssl.wasm`, once for all connections', sizes['libssl.wasm']!],
    ['script of a page that uses `connect()` alone', sizes['.']!],
    ['script of a page that uses `connect()` and `openTunnel()`', page],
    ['script of a page in worker mode', sizes['./worker']!],
  ]
  const whole = (bytes: number) => `${Math.round(bytes / 1000).toLocaleString('en')} KB`
  const lines = rows.map(([what, { raw, gzip, brotli }]) => `| ${what} | ${whole(raw)} | ${whole(gzip)} | ${whole(brotli)} |\n`)
  const table = `| what a page downloads | as it is | gzip | Brotli |\n| --- | ---: | ---: | ---: |\n${lines.join('')}`
  for (const name of ['README.md', 'docs/performance.md']) {
    const path = join(repository, name)
    writeFileSync(path, markedPart(path, 'sizes', 'npx tsx tools/sizes.ts --write', table).wanted)
  }
}
