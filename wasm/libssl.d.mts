/// <reference types="emscripten" />
// The type of what Emscripten writes. Copied to lib/ by wasm/Makefile.
import type { JsCallbacks, LibsslModule } from '../src/ffi/ffi.gen.js'

export default function createLibssl(module: {
  lsw: JsCallbacks
  printErr: (text: string) => void
  instantiateWasm: EmscriptenModule['instantiateWasm']
}): Promise<LibsslModule>
