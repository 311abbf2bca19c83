// dist/inline.js, one file: the library as tsc wrote it, and the WebAssembly inside. Run by build.sh after tsc.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const root = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const { version } = JSON.parse(readFileSync(root('package.json'), 'utf8')) as { version: string }

await build({
  entryPoints: [root('dist/inline.js')],
  outfile: root('dist/inline.js'),
  allowOverwrite: true,
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  target: 'es2022',
  minifyWhitespace: true,
  minifySyntax: true,
  alias: {
    '#source': root('wasm/inline/source.ts'), '#roots': root('dist/loader/roots.any.js'), '#keylog': root('dist/loader/keylog.any.js'),
    '#sockets': root('dist/transports/sockets.any.js'),
  },
  banner: {
    js: `// libssl-wasm ${version}, with OpenSSL's libssl in WebAssembly inside. `
      + `Apache-2.0: see LICENSE and NOTICE of the package libssl-wasm.`,
  },
  logLevel: 'warning',
  plugins: [{
    name: 'libssl.wasm.gz',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^libssl\.wasm\.gz$/ }, () => ({ path: root('lib/libssl-wasm/libssl.wasm'), namespace: 'gzip' }))
      onLoad(
        { filter: /.*/, namespace: 'gzip' }, ({ path }) => ({ contents: gzipSync(readFileSync(path), { level: 9 }), loader: 'base64' }),
      )
    },
  }],
})
