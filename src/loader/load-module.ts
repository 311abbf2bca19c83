// From a WebAssembly.Module to an instance of it. No singleton: each call makes an instance with memory of its own.
// Only the compiled code is kept between calls: it has no state.

import { source, sourceSync } from '#source'
import { importsOf, moduleOf, type LibsslModule, type JsCallbacks } from '../ffi/ffi.gen.js'
import { requireEntropySource } from '../base/entropy.js'
import { ApiMisuseError } from '../base/errors.js'
import { brandOf, hasMethods } from '../base/realms.js'
import { noCode, whyNotCompiled } from './no-code.js'
import { platformOf } from './platform.js'

/** The WebAssembly code: compiled, or as bytes. (The types of a platform without DOM have no `WebAssembly.Module`.) */
export type WasmCode = CompiledModule | ArrayBufferView | ArrayBuffer
/** A compiled `WebAssembly.Module`, where the platform has that type. */
export type CompiledModule = typeof globalThis extends { readonly WebAssembly: { readonly Module: new (...args: any[]) => infer Module } }
  ? Module
  : never

/** Where the WebAssembly code comes from: itself, or a response that holds it. */
export type WasmSource = WasmCode | Response | PromiseLike<WasmCode | Response>

/** What WebAssembly begins with: a zero byte and `asm`. */
const MAGIC = 0x0061736d

let compiled: Promise<WebAssembly.Module> | undefined
let compiledAtOnce: WebAssembly.Module | undefined

/** Compiles `wasm`, or, once, the file that the platform finds beside this package, and instantiates it. */
export async function loadModule(callbacks: JsCallbacks, wasm?: WasmSource): Promise<LibsslModule> {
  requireEntropySource()
  return instantiate(await (wasm === undefined ? compileOwn() : compile(await wasm)), callbacks)
}

/**
 * As {@link loadModule}, without waiting. Without `wasm` throws `ERR_TLS_INVALID_STATE` where the platform has to wait for the
 * file, and {@link loadModule} has not come to its end before.
 */
export function loadModuleSync(callbacks: JsCallbacks, wasm?: WasmCode): LibsslModule {
  requireEntropySource()
  return instantiate(wasm === undefined ? compileOwnSync() : compileSync(wasm), callbacks)
}

function instantiate(module: WebAssembly.Module, callbacks: JsCallbacks): LibsslModule {
  const imports = importsOf(callbacks, platformOf(() => libssl.wasmMemory))
  const libssl = moduleOf(new WebAssembly.Instance(module, imports).exports as LibsslModule['exports'])
  libssl.initialize()
  return libssl
}

function compileOwn(): Promise<WebAssembly.Module> {
  compiled ??= source().then(compile)
  compiled.then((module) => { compiledAtOnce = module }, () => { compiled = undefined }) // the network may be back next time
  return compiled
}

function compileOwnSync(): WebAssembly.Module {
  if (compiledAtOnce) return compiledAtOnce
  const code = sourceSync()
  if (!code) throw new ApiMisuseError('ERR_TLS_INVALID_STATE', 'libssl is not loaded yet: await ready(), or load(), first')
  return compiledAtOnce = compileSync(code)
}

function compileSync(from: WasmCode): WebAssembly.Module {
  if (isModule(from)) return from as WebAssembly.Module
  try {
    return new WebAssembly.Module(from as BufferSource)
  } catch (error) {
    throw whyNotCompiled(error)
  }
}

const isModule = (from: unknown): boolean => brandOf(from) === 'WebAssembly.Module'

async function compile(from: WasmCode | Response): Promise<WebAssembly.Module> {
  try {
    return await compileAny(from)
  } catch (error) {
    throw whyNotCompiled(error)
  }
}

async function compileAny(from: WasmCode | Response): Promise<WebAssembly.Module> {
  if (isModule(from)) return from as WebAssembly.Module
  if (!isResponse(from)) return WebAssembly.compile(from as BufferSource)
  if (!from.ok) throw noCode(from.url, `HTTP status ${from.status}`)
  // Streaming wants the right content type; a server that does not send it costs only the streaming. Compiling and
  // instantiating are not made one (instantiateStreaming): the code is compiled once, for however many instances.
  const streams = from instanceof Response && typeof WebAssembly.compileStreaming === 'function'
  return streams && from.headers.get('content-type') === 'application/wasm'
    ? WebAssembly.compileStreaming(from)
    : WebAssembly.compile(await codeOf(from))
}

/** Reads the code, and checks that it is WebAssembly: the server of a single-page app answers with its page if there is no such file. */
async function codeOf(response: Response): Promise<ArrayBuffer> {
  const bytes = await response.arrayBuffer()
  if (bytes.byteLength >= 4 && new DataView(bytes).getUint32(0) === MAGIC) return bytes
  throw noCode(response.url, `what came is not WebAssembly (${response.headers.get('content-type') ?? 'without a Content-Type'})`)
}

/** Also one of a polyfill. Not by `instanceof`: Node loads Response when it is first named, which takes longer than all of this. */
function isResponse(from: unknown): from is Response {
  return hasMethods(from, 'arrayBuffer') && typeof from['ok'] === 'boolean'
}
