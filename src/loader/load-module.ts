// From a WebAssembly.Module to an instance of it. No singleton: each call makes an instance with memory of its own.
// Only the compiled code is kept between calls: it has no state.

import createLibssl from '../../lib/libssl.mjs'
import { source } from '#source'
import type { LibsslModule, JsCallbacks } from '../ffi/ffi.gen.js'
import { requireEntropySource } from '../base/entropy.js'
import { brandOf, hasMethods } from '../base/realms.js'
import { noCode } from './no-code.js'

/** The WebAssembly code: compiled, or as bytes. (The types of a platform without DOM have no `WebAssembly.Module`.) */
export type WasmCode = CompiledModule | ArrayBufferView | ArrayBuffer
type CompiledModule = typeof globalThis extends { readonly WebAssembly: { readonly Module: new (...args: any[]) => infer Module } }
  ? Module
  : never

/** Where the WebAssembly code comes from: itself, or a response that holds it. */
export type WasmSource = WasmCode | Response | PromiseLike<WasmCode | Response>

/** What WebAssembly begins with: a zero byte and `asm`. */
const MAGIC = 0x0061736d

let compiled: Promise<WebAssembly.Module> | undefined

/** Compiles `wasm`, or, once, the file that the platform finds beside this package, and instantiates it. */
export async function loadModule(callbacks: JsCallbacks, wasm?: WasmSource): Promise<LibsslModule> {
  requireEntropySource()
  const module = await (wasm === undefined ? compileOwn() : compile(await wasm))
  return new Promise((resolve, reject) => {
    const incoming: Pick<EmscriptenModule, 'instantiateWasm' | 'printErr'> & { lsw: JsCallbacks } = {
      lsw: callbacks,
      // What Emscripten prints before it traps would be about us, not about the user's program: the error says it.
      printErr: () => {},
      instantiateWasm(imports, receive) {
        // Emscripten never learns of a failure here, so the outer promise must; receive fails for a module that is not ours.
        WebAssembly.instantiate(module, imports).then(receive).catch(reject)
        return {}
      },
    }
    createLibssl(incoming).then((instance) => resolve(instance as LibsslModule), reject)
  })
}

function compileOwn(): Promise<WebAssembly.Module> {
  compiled ??= source().then(compile)
  compiled.catch(() => { compiled = undefined }) // the network may be back next time
  return compiled
}

async function compile(from: WasmCode | Response): Promise<WebAssembly.Module> {
  if (brandOf(from) === 'WebAssembly.Module') return from as WebAssembly.Module
  if (!isResponse(from)) return WebAssembly.compile(from as BufferSource)
  if (!from.ok) throw noCode(from.url, `HTTP status ${from.status}`)
  // Streaming wants the right content type; a server that does not send it costs only the streaming. Compiling and
  // instantiating are not made one (instantiateStreaming): the code is compiled once, for however many instances.
  const streams = from instanceof Response && typeof WebAssembly.compileStreaming === 'function'
  return streams && from.headers.get('content-type') === 'application/wasm'
    ? WebAssembly.compileStreaming(from)
    : WebAssembly.compile(await codeOf(from))
}

/** Where there is no file, the server of a single-page app answers with the page. */
async function codeOf(response: Response): Promise<ArrayBuffer> {
  const bytes = await response.arrayBuffer()
  if (bytes.byteLength >= 4 && new DataView(bytes).getUint32(0) === MAGIC) return bytes
  throw noCode(response.url, `what came is not WebAssembly (${response.headers.get('content-type') ?? 'without a Content-Type'})`)
}

/** Also one of a polyfill. Not by `instanceof`: Node loads Response when it is first named, which takes longer than all of this. */
function isResponse(from: unknown): from is Response {
  return hasMethods(from, 'arrayBuffer') && typeof from['ok'] === 'boolean'
}
