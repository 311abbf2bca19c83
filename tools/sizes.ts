// Prints the size of what a page would download: raw, gzip and Brotli at their highest levels. Compressing takes
// seconds, so the figures are kept beside the build for as long as the file stays the same. In worker mode the page itself has the
// streams and the messages alone: what is counted is a page that imports libssl-wasm/worker, bundled and minified by esbuild.
// With --write the figures go into README.md and docs/performance.md, each between its marks; a test allows them to be a tenth off.

import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { markedPart } from './marked-part.js'

interface Sizes { readonly raw: number; readonly gzip: number; readonly brotli: number }

const repository = fileURLToPath(new URL('..', import.meta.url))
const wasm = readFileSync(join(repository, 'lib/libssl-wasm/libssl.wasm'))
const sha256 = createHash('sha256').update(wasm).digest('hex')
const kb = (bytes: number) => `${Math.round(bytes / 1000).toLocaleString('en')} KB`

const module = sizesOfModule()
const script = sizesOf(await bundle("import { createWorker } from './dist/worker.js'\ncreateWorker()"))
console.log(`lib/libssl-wasm/libssl.wasm: ${words(module)}; SHA-256 ${sha256}`)
console.log(`a page that imports libssl-wasm/worker: ${words(script)}`)
if (process.argv.includes('--write')) await write()

function sizesOfModule(): Sizes {
  const kept = join(repository, 'build/sizes.json')
  const before = existsSync(kept) ? JSON.parse(readFileSync(kept, 'utf8')) as Sizes & { readonly sha256: string } : undefined
  if (before?.sha256 === sha256) return before
  const sizes = sizesOf(wasm)
  writeFileSync(kept, JSON.stringify({ sha256, ...sizes }))
  return sizes
}

function sizesOf(bytes: Uint8Array): Sizes {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 }
  return { raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotliCompressSync(bytes, { params }).length }
}

function words({ raw, gzip, brotli }: Sizes): string {
  return `${kb(raw)} raw, ${kb(gzip)} gzip, ${kb(brotli)} Brotli`
}

async function bundle(contents: string): Promise<Uint8Array> {
  const { outputFiles: [file] } = await build({
    stdin: { contents, resolveDir: repository }, bundle: true, minify: true, format: 'esm', conditions: ['browser'], write: false,
  })
  return file!.contents
}

async function write(): Promise<void> {
  const page = sizesOf(await bundle("import { connect, openTunnel } from './dist/index.js'\nconsole.log(connect, openTunnel)"))
  const rows: readonly (readonly [string, Sizes])[] = [
    ['`libssl.wasm`, once for all connections', module],
    ['script of a page that uses `connect()` and `openTunnel()`', page],
    ['script of a page in worker mode', script],
  ]
  const lines = rows.map(([what, { raw, gzip, brotli }]) => `| ${what} | ${kb(raw)} | ${kb(gzip)} | ${kb(brotli)} |\n`)
  const table = `| what a page downloads | as it is | gzip | Brotli |\n| --- | ---: | ---: | ---: |\n${lines.join('')}`
  for (const name of ['README.md', 'docs/performance.md']) {
    const path = join(repository, name)
    writeFileSync(path, markedPart(path, 'sizes', 'npx tsx tools/sizes.ts --write', table).wanted)
  }
}
