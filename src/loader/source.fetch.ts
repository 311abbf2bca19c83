// Browsers, Deno and whatever else has `fetch` and URLs of its modules: a page's server, a CDN or, in Deno, the file
// (--allow-read). Bundlers follow the URL and emit the .wasm as an asset.

import { wasmUrl } from '../../lib/libssl-url.mjs'
import { orNoCode, orNoCodeSync } from './no-code.js'

export function source(): Promise<Response> {
  return orNoCode(wasmUrl(), (url) => fetch(url), " (a page's Content-Security-Policy must have it in connect-src)")
}

/** Nothing where it must be fetched. */
export function sourceSync(): BufferSource | undefined {
  const { Deno } = globalThis as { Deno?: { readFileSync(url: URL): Uint8Array<ArrayBuffer> } }
  const url = wasmUrl()
  return Deno && url.protocol === 'file:' ? orNoCodeSync(url, (file) => Deno.readFileSync(file)) : undefined
}
