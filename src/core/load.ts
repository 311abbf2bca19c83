// The first step before everything else: asynchronous, unless the platform has the code at hand.

import { knownOptions } from '../base/options.js'
import { LibSsl } from './lib-ssl.js'
import { loadModule, loadModuleSync, type WasmCode, type WasmSource } from '../loader/load-module.js'

/** Options of {@link load}. */
export interface LoadOptions {
  /** The WebAssembly code, where the platform cannot find or compile it itself. Default: the file beside this package. */
  readonly wasm?: WasmSource | undefined
}

/**
 * Loads an instance of libssl, with memory of its own. The code is compiled once, however many instances there are.
 * Throws `ERR_TLS_NO_ENTROPY` where the platform has no `crypto.getRandomValues`. No random bytes are asked for yet: an
 * edge worker may load while it starts, outside of a handler.
 */
export async function load(options: LoadOptions = {}): Promise<LibSsl> {
  const { wasm } = knownOptions(options, 'load()', 'wasm')
  return LibSsl.create((callbacks) => loadModule(callbacks, wasm))
}

/**
 * As {@link load}, at once: in Node, Deno, Bun and edge workers, and wherever `load()` has been awaited before, or `wasm` is
 * given. Else `ERR_TLS_INVALID_STATE`. Compiling takes some 80 ms, once, in which nothing else runs.
 */
export function loadSync(options: { readonly wasm?: WasmCode | undefined } = {}): LibSsl {
  const { wasm } = knownOptions(options, 'loadSync()', 'wasm')
  return LibSsl.createSync((callbacks) => loadModuleSync(callbacks, wasm))
}
