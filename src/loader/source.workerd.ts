// Cloudflare-style edge workers may not compile bytes: there the .wasm is a module that is imported, and compiled when
// the worker is deployed. wrangler and its like know this form unasked.

import module from '../../lib/libssl-wasm/libssl.wasm'

export async function source(): Promise<WebAssembly.Module> {
  return module
}
