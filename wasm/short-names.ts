// The names of imports and exports, which the linker makes as short as can be: `tsx wasm/short-names.ts`, from the JavaScript that
// Emscripten writes beside the .wasm, build/libssl.mjs. Nothing else of it is used: src/loader instantiates the code itself.
//
// They go to build/short-names.json, for wasm/gen-ffi.ts: by a function's name in C.

import { readFileSync, writeFileSync } from 'node:fs'

export interface ShortNames {
  readonly imports: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string>>
  /** The export that must be called first. */
  readonly initialize: string
  readonly memory: string
}

const written = readFileSync(new URL('../build/libssl.mjs', import.meta.url), 'utf8')
const imports = pairs(found(/var wasmImports=\{([^}]*)\}/), /([\w$]+):_(\w+)/g, (short, name) => [name, short])
const assigned = found(/function assignWasmExports\(wasmExports\)\{([^}]*)\}/)
const names: ShortNames = {
  imports,
  exports: pairs(assigned, /Module\["_(\w+)"\]=wasmExports\["([\w$]+)"\]/g, (name, short) => [name, short]),
  initialize: found(/function initRuntime\(\)\{[^}]*wasmExports\["([\w$]+)"\]\(\)\}/),
  memory: found(/Module\["wasmMemory"\]=wasmExports\["([\w$]+)"\]/),
}
writeFileSync(new URL('../build/short-names.json', import.meta.url), JSON.stringify(names))

function found(pattern: RegExp): string {
  const part = pattern.exec(written)?.[1]
  if (part === undefined) throw new Error(`build/libssl.mjs has nothing like ${pattern}: look at it, and at wasm/short-names.ts`)
  return part
}

function pairs(text: string, pattern: RegExp, pair: (first: string, second: string) => [string, string]): Record<string, string> {
  return Object.fromEntries([...text.matchAll(pattern)].map(([, first, second]) => pair(first!, second!)))
}
