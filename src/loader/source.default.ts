// Browsers: fetched from beside this file. Bundlers know this form and emit the .wasm as an asset.

export async function source(): Promise<Response> {
  return fetch(new URL('../../lib/libssl.wasm', import.meta.url))
}
