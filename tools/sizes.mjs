// Prints the size of what a page would download: raw, gzip and Brotli at their highest levels. Compressing takes
// seconds, so the figures are kept beside the build for as long as the file stays the same. In worker mode the page itself has the
// streams and the messages alone: what is counted is a page that imports libssl-wasm/worker, bundled and minified by esbuild.

import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const wasm = readFileSync(new URL('../lib/libssl-wasm/libssl.wasm', import.meta.url))
const sha256 = createHash('sha256').update(wasm).digest('hex')
const kept = new URL('../build/sizes.json', import.meta.url)

let sizes = existsSync(kept) ? JSON.parse(readFileSync(kept, 'utf8')) : {}
if (sizes.sha256 !== sha256) {
  sizes = {
    sha256,
    raw: wasm.length,
    gzip: gzipSync(wasm, { level: 9 }).length,
    brotli: brotliCompressSync(wasm, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 } }).length,
  }
  writeFileSync(kept, JSON.stringify(sizes))
}
const { outputFiles: [page] } = await build({
  stdin: { contents: "import { createWorker } from './dist/worker.js'\ncreateWorker()", resolveDir: fileURLToPath(new URL('..', import.meta.url)) },
  bundle: true, minify: true, format: 'esm', conditions: ['browser'], write: false,
})
const kb = (/** @type {number} */ bytes) => `${Math.round(bytes / 1000).toLocaleString('en')} KB`
console.log(`lib/libssl-wasm/libssl.wasm: ${kb(sizes.raw)} raw, ${kb(sizes.gzip)} gzip, ${kb(sizes.brotli)} Brotli; SHA-256 ${sizes.sha256}`)
const script = page?.contents ?? new Uint8Array()
console.log(`a page that imports libssl-wasm/worker: ${kb(script.length)} raw, ${kb(gzipSync(script, { level: 9 }).length)} gzip, ${kb(brotliCompressSync(script).length)} Brotli`)
