// Cloudflare-style edge workers may not compile bytes: there the .wasm is a module that is imported, and compiled when
// the worker is deployed. wrangler and its like know this form unasked.

import module from '../../lib/libssl-wasm/libssl.wasm'

export const source = async (): Promise<WebAssembly.Module> => module
export const sourceSync = (): WebAssembly.Module => module
