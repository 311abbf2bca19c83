// lsw.h → everything that would otherwise repeat its names:
//
//   gen-ffi.ts header           src/ffi/ffi.gen.ts (typed calls), build/exports.txt (for the linker), build/constants.c
//                               (asks the C compiler for the constants' values), and the outputs of gen-callbacks.ts
//   gen-ffi.ts constants WASM   src/ffi/constants.gen.ts, from build/constants.c compiled

import { readFileSync } from 'node:fs'
import { jsCallback, writeCallbacks } from './gen-callbacks.js'
import { callbacks, constants, exported, resultType, signature, write, type Param, type Proto } from './read-header.js'

const banner = '// Generated from wasm/shim/lsw.h by wasm/gen-ffi.ts.\n'

const [command, argument] = process.argv.slice(2)
if (command === 'header') {
  writeHeaderOutputs()
  writeCallbacks()
} else if (command === 'constants' && argument) await writeConstants(argument)
else throw new Error('usage: gen-ffi.ts header | constants FILE.wasm')

function writeHeaderOutputs(): void {
  const rawResult = (proto: Proto) => (proto.result.kind === 'pointer' ? 'number' : proto.result.ts)
  write('src/ffi/ffi.gen.ts', `${banner}import type { Border } from './border.js'
import type { Owned, Ptr } from './pointers.js'

/** The exports of the Emscripten module. Called in this file alone. */
export interface LibsslModule {
  readonly wasmMemory: { readonly buffer: ArrayBuffer }
  lsw: JsCallbacks
${exported.map((proto) => `  _${proto.c}${signature(proto, ':', rawResult(proto))}`).join('\n')}
}

/** The functions that C calls, by handles. */
export interface JsCallbacks {
${callbacks.map(jsCallback).join('\n')}
}

/** The calls that cross the border, typed. */
export interface Ffi {
${exported.map((proto) => `  ${proto.ts}${signature(proto, ':', resultType(proto))}`).join('\n')}
}

/**
 * What ends C ends the instance: a trap makes this call and each later one throw ERR_TLS_WASM_ABORT, except what frees:
 * there is nothing left to free.
 */
export function bindFfi(raw: LibsslModule, border: Border): Ffi {
  const {
${exported.map((proto) => `    _${proto.c},`).join('\n')}
  } = raw
  return {
${exported.map(binding).join('\n')}
  }
}
`)
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

// Raw WebAssembly answers with signed numbers; C's unsigned types and addresses are put right here, once.
function answer(proto: Proto, call: string): string {
  switch (proto.result.kind) {
    case 'uint': return `${call} >>> 0`
    case 'pointer': return `(${call} >>> 0) as ${resultType(proto)}`
    case 'u64': return `BigInt.asUintN(64, ${call})`
    default: return call
  }
}

// A value that is no number fails here, as it would at the border; there it could not be told from a trap.
function conversion({ name, kind }: Param): string | undefined {
  switch (kind) {
    case 'int': return `${name} |= 0`
    case 'uint': return `${name} >>>= 0`
    case 'i64': case 'u64': return `${name} = BigInt.asIntN(64, ${name})`
    default: return undefined
  }
}

// One closure a function, so that engines may compile each call for its target.
function binding(proto: Proto): string {
  const names = proto.params.map((param) => param.name).join(', ')
  const frees = proto.params.some((param) => param.taken)
  const nothing = proto.result.kind === 'void' ? 'return' : 'return 0'
  const before = [
    ...proto.params.map(conversion).filter((line) => line !== undefined),
    ...(frees ? [`if (border.aborted) ${nothing}`] : []),
    'const outer = border.enter()',
  ].join('; ')
  const call = `${proto.result.kind === 'void' ? '' : 'return '}${answer(proto, `_${proto.c}(${names})`)}`
  return `    ${proto.ts}(${names}) { ${before}; try { ${call} } catch (cause) { border.trap(cause) } finally { border.leave(outer) } },`
}

async function writeConstants(wasm: string): Promise<void> {
  const { instance } = await WebAssembly.instantiate(readFileSync(wasm))
  const valueOf = instance.exports['lsw_constant'] as (index: number) => bigint
  const values = constants.map((name, index) => [name, valueOf(index)] as const)
  // 64-bit option masks are bigint, as the calls that take them.
  const literal = (name: string, value: bigint) => (name.startsWith('SSL_OP_') ? `${value}n` : `${value}`)
  const names = (prefix: string) =>
    values.filter(([name]) => name.startsWith(prefix)).map(([name, value]) => `  ${value}: '${name}',`).join('\n')
  write('src/ffi/constants.gen.ts', `${banner}
${values.map(([name, value]) => `export const ${name} = ${literal(name, value)}`).join('\n')}

/** SSL_get_error's answers by value. */
export const SSL_ERROR_NAMES = {
${names('SSL_ERROR_')}
} as const

/** Verification results by value. */
export const X509_V_NAMES = {
${names('X509_V_OK')}
${names('X509_V_ERR_')}
} as const
`)
}
