// What Emscripten has written into lib/libssl.mjs, less what is not ours to have: `tsx wasm/glue.ts`. Each change must find its place:
// with another Emscripten the build ends here and says which does not.
//
// The names of the exports, which the linker makes as short as can be, go to build/export-names.json, for wasm/gen-ffi.ts.

import { readFileSync, writeFileSync } from 'node:fs'

const file = new URL('../lib/libssl.mjs', import.meta.url)
let glue = readFileSync(file, 'utf8')

const names: Record<string, string> = {}
change('a variable and a property for each export: they are called by the generated TypeScript alone',
  /var \w+(?:,\w+)*;function assignWasmExports\(wasmExports\)\{((?:\w+=Module\["\w+"\]=wasmExports\["[\w$]+"\];)+)memory=wasmMemory=Module\["wasmMemory"\]=(wasmExports\["\w+"\]);[^}]*\}/,
  (_, assignments: string, memory: string) => {
    for (const [, name, short] of assignments.matchAll(/Module\["_(\w+)"\]=wasmExports\["([\w$]+)"\]/g)) names[name!] = short!
    return `var wasmMemory;function assignWasmExports(wasmExports){Module["exports"]=wasmExports;wasmMemory=Module["wasmMemory"]=${memory}}`
  })
change('a download of its own', /if\(ENVIRONMENT_IS_WEB\|\|ENVIRONMENT_IS_WORKER\)\{try\{.*?\}\}else\{\}/, () => '')
change(
  'a URL of the .wasm, which is never asked for: bundlers would emit the file for it',
  /new URL\("libssl\.wasm",import\.meta\.url\)\.href/, () => '""',
)
change('the URL of the script', /import\.meta\.url/, () => '""')
// Without asynchronous compilation there is nothing to wait for.
change('an asynchronous factory', /async function createLibssl\(/, () => 'function createLibssl(')
change('an asynchronous start', /async function run\(/, () => 'function run(')
change('waiting for the start', /await run\(\)/, () => 'run()')
change('a promise of the instance, and a way to compile',
  /if\(instantiateWasm\)\{return new Promise\(.*?\)\}wasmBinaryFile\?\?=.*?receiveInstance\(result\[0\]\)/,
  () => 'return instantiateWasm(info,receiveInstance)')
if (/import\.meta|async function|new Promise/.test(glue)) throw new Error('lib/libssl.mjs: something is left to wait for or to look up')

writeFileSync(file, glue)
writeFileSync(new URL('../build/export-names.json', import.meta.url), JSON.stringify(names))

function change(what: string, from: RegExp, to: (...found: string[]) => string): void {
  if (!from.test(glue)) throw new Error(`lib/libssl.mjs has no longer ${what}: look at what Emscripten writes, and at wasm/glue.ts`)
  glue = glue.replace(from, to)
}
