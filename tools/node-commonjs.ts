// dist/node/tls.cjs: `libssl-wasm/node/tls` for those who require() it in a Node that cannot require() modules (20 before 20.19), in one
// file. Run by build.sh after tsc.

import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))

await build({
  entryPoints: [root('dist/node/tls/index.js')],
  outfile: root('dist/node/tls.cjs'),
  bundle: true,
  format: 'cjs',
  platform: 'node',
  conditions: ['node'],
  target: 'node20',
  // Where libssl.wasm is found from: lib/libssl-url.mjs.
  define: { 'import.meta.url': 'urlOfLib' },
  banner: {
    js: "const urlOfLib = require('node:url').pathToFileURL(require('node:path').join(__dirname, '../../lib/libssl-url.mjs')).href",
  },
  footer: { js: 'module.exports = module.exports.default' },
  logLevel: 'error',
})

writeFileSync(root('dist/node/tls.d.cts'), `import type { default as tls } from './tls/index.js' with { 'resolution-mode': 'import' }
declare const exported: typeof tls
export = exported
`)
