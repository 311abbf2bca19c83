// Node and Bun: the file beside this package.

import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { wasmUrl } from '../../lib/libssl-url.mjs'
import { orNoCode, orNoCodeSync } from './no-code.js'

export function source(): Promise<BufferSource> {
  return orNoCode(file(), (there) => readFile(there)) as Promise<Uint8Array<ArrayBuffer>>
}

export function sourceSync(): BufferSource {
  return orNoCodeSync(file(), (there) => readFileSync(there)) as Uint8Array<ArrayBuffer>
}

function file(): URL {
  const url = wasmUrl()
  return url.protocol === 'file:' ? url : besideThisModule(import.meta.url)
}

/**
 * Vitest, when it simulates a page (jsdom) and this package is linked, rewrites the URL of an asset to one of a server that need
 * not be running. It rewrites only URLs that are written as `wasmUrl` writes its own.
 */
function besideThisModule(module: string): URL {
  return new URL('../../lib/libssl-wasm/libssl.wasm', module)
}
