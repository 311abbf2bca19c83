// lsw.h → everything that would otherwise repeat its names:
//
//   gen-ffi.ts header           build/exports.txt (for the linker), build/constants.c (asks the C compiler for the constants' values), and
//                               the outputs of gen-callbacks.ts
//   gen-ffi.ts calls            src/ffi/ffi.gen.ts (typed calls), src/ffi/functions.gen.ts (their numbers) and src/ffi/platform.gen.ts
//                               (those of what C calls of its platform), with the short names that wasm/short-names.ts has found, and the
//                               order of the exports of the linked .wasm
//   gen-ffi.ts constants WASM   src/ffi/constants.gen.ts, from build/constants.c compiled

import { readFileSync } from 'node:fs'
import { jsCallback, writeCallbacks } from './gen-callbacks.js'
import { constantText } from './constant-texts.js'
import { callbacks, constants, exported, resultType, signature, write, type Proto } from './read-header.js'
import type { ShortNames } from './short-names.js'

const banner = '// Generated from wasm/shim/lsw.h by wasm/gen-ffi.ts.\n'

const [command, argument] = process.argv.slice(2)
if (command === 'header') {
  writeHeaderOutputs()
  writeCallbacks()
} else if (command === 'calls') await writeCalls()
else if (command === 'constants' && argument) await writeConstants(argument)
else throw new Error('usage: gen-ffi.ts header | calls | constants FILE.wasm')

function writeHeaderOutputs(): void {
  write('build/exports.txt', exported.map((proto) => `_${proto.c}`).join('\n') + '\n')
  write('build/constants.c', `#include "lsw.h"
#include "callbacks.gen.h"

__attribute__((export_name("lsw_constant"))) int64_t lsw_constant(int index)
{
    switch (index) {
${constants.map((name, index) => `    case ${index}: return (int64_t)${name};`).join('\n')}
    default: return -1;
    }
}
`)
}

async function writeCalls(): Promise<void> {
  const short = JSON.parse(readFileSync(new URL('../build/short-names.json', import.meta.url), 'utf8')) as ShortNames
  const callbackNames = new Map(callbacks.map((callback) => [`lsw_import_${callback.base}`, callback.ts]))
  const platformNames = Object.keys(short.imports).filter((name) => !callbackNames.has(name))
  const kinds = new Map(exported.map((proto) => [short.exports[proto.c]!, kindOf(proto)]))
  const code = await WebAssembly.compile(readFileSync(new URL('../lib/libssl-wasm/libssl.wasm', import.meta.url)))
  const places = WebAssembly.Module.exports(code).map(({ name }) => name)
  write('src/ffi/functions.gen.ts', `${banner}
// Each function's place among the exports of the WebAssembly.
${exported.map((proto) => `export const ${proto.ts} = ${places.indexOf(short.exports[proto.c]!)}`).join('\n')}
`)
  write('src/ffi/platform.gen.ts', `${banner}
// The functions of its platform that C calls, by the names of Emscripten's system libraries.
${platformNames.map((name, index) => `export const ${name} = ${index}`).join('\n')}
`)
  write('src/ffi/ffi.gen.ts', `${banner}import type { Border } from './border.js'
import * as K from './callback-numbers.gen.js'
import { bindCalls, type RawCall } from './calls.js'
import type * as C from './functions.gen.js'
import * as P from './platform.gen.js'
import type { Owned, Ptr } from './pointers.js'

/** An instance of the code. */
export interface LibsslModule {
  readonly wasmMemory: { readonly buffer: ArrayBuffer, grow(pages: number): number }
  /** To be called first. */
  readonly initialize: () => void
  /** By the linker's short names. Called by the functions of {@link Ffi} alone. */
  readonly exports: Readonly<Record<string, RawCall>>
}

/** The functions of its platform that C calls. */
export interface Platform {
${platformNames.map((name) => `  readonly [P.${name}]: RawCall`).join('\n')}
}

/** The functions that C calls, by handles. */
export interface JsCallbacks {
${callbacks.map(jsCallback).join('\n')}
}

/**
 * The calls that cross the border, typed: \`ffi[C.SSL_new](…)\`. They go by numbers, as minifiers put a constant's value in the place
 * of its name, and leave the names of properties as they are.
 */
export interface Ffi {
${exported.map((proto) => `  [C.${proto.ts}]${signature(proto, ':', resultType(proto))}`).join('\n')}
}

/** What the code is instantiated with. */
export function importsOf(callbacks: JsCallbacks, platform: Platform): Record<string, Record<string, RawCall>> {
  return {
    a: {
${Object.entries(short.imports).map(([name, import_]) => `      ${import_}: ${
  callbackNames.has(name) ? `callbacks[K.${callbackNames.get(name)}]` : `platform[P.${name}]`},`).join('\n')}
    },
  }
}

/** What has these exports. */
export function moduleOf(exports: LibsslModule['exports']): LibsslModule {
  const memory: unknown = exports['${short.memory}']
  return { wasmMemory: memory as LibsslModule['wasmMemory'], initialize: exports['${short.initialize}']!, exports }
}

export function bindFfi({ exports }: LibsslModule, border: Border): Ffi {
  return bindCalls(exports, border, '${places.map((name) => kinds.get(name) ?? '-').join('')}') as unknown as Ffi
}
`)
}

/** How a call goes: the letter by which src/ffi/calls.ts knows it. */
function kindOf({ c, params, result }: Proto): string {
  if (params.length > 8) throw new Error(`${c} has more than 8 parameters: see src/ffi/calls.ts`)
  const wide = params.flatMap(({ kind }, index) => (/64$/.test(kind) ? [index] : []))
  if (wide.some((index) => index !== 1)) throw new Error(`${c} has a parameter of 64 bits which is not the second: see src/ffi/calls.ts`)
  if (wide.length > 0) return result.kind === 'u64' ? 'W' : 'w'
  if (params.some(({ taken }) => taken)) return 'f'
  return result.kind === 'u64' ? 'U' : result.kind === 'uint' || result.kind === 'pointer' ? 'u' : 'p'
}

async function writeConstants(wasm: string): Promise<void> {
  const { instance } = await WebAssembly.instantiate(readFileSync(wasm))
  const valueOf = instance.exports['lsw_constant'] as (index: number) => bigint
  const values = constants.map((name, index) => [name, valueOf(index)] as const)
  // 64-bit option masks are bigint, as the calls that take them.
  const literal = (name: string, value: bigint) => (name.startsWith('SSL_OP_') ? `${value}n` : `${value}`)
  const named = (pattern: RegExp) => values.filter(([name]) => pattern.test(name))
  const inOrder = (pattern: RegExp) => named(pattern).sort(([, a], [, b]) => Number(a - b)).map(([name, value], index) => {
    if (value !== BigInt(index)) throw new Error(`${name} is ${value}, and the one before it is not one less`)
    return name
  })
  const verifyResults = inOrder(/^X509_V_(OK$|ERR_)/)
  write('src/ffi/constants.gen.ts', `${banner}
${values.map(([name, value]) => `/** ${constantText(name)} */\nexport const ${name} = ${literal(name, value)}`).join('\n')}

/** SSL_get_error's answers by value. */
export const SSL_ERROR_NAMES = {
${named(/^SSL_ERROR_/).map(([name, value]) => `  ${value}: '${name}',`).join('\n')}
} as const

/** Verification results. */
export type X509VName =
${verifyResults.map((name) => `  | '${name}'`).join('\n')}

/** What stands behind \`X509_V_ERR_\` for 1, 2 and so on. One text: the beginning of each name would be loaded with each. */
export const X509_V_ERR_NAMES =
  '${verifyResults.slice(1).map((name) => name.slice('X509_V_ERR_'.length)).join(' ')}'
`)
}
