// lsw.h → everything that would otherwise repeat its names:
//
//   gen-ffi.ts header           src/ffi/ffi.gen.ts (typed calls), build/exports.txt (for the linker),
//                               build/constants.c (asks the C compiler for the constants' values)
//   gen-ffi.ts constants WASM   src/ffi/constants.gen.ts, from build/constants.c compiled
//
// A line of the header that it does not understand ends it with an error: nothing is left out silently.

import { readFileSync, writeFileSync } from 'node:fs'

interface Param { name: string; type: string; kind: CType['kind']; taken: boolean }
interface Proto { c: string; ts: string; result: CType; owned: boolean; params: Param[]; imported: boolean }
type CType = { kind: 'void' | 'int' | 'uint' | 'i64' | 'u64' | 'pointer'; ts: string }

const repo = new URL('..', import.meta.url)
const header = readFileSync(new URL('wasm/shim/lsw.h', repo), 'utf8')
  .replace(/\/\*.*?\*\//gs, '')
  .replace(/^\s*#.*$/gm, '')
const banner = '// Generated from wasm/shim/lsw.h by wasm/gen-ffi.ts.\n'

const scalars: Record<string, CType> = {
  void: { kind: 'void', ts: 'void' },
  int: { kind: 'int', ts: 'number' },
  long: { kind: 'int', ts: 'number' },
  int32_t: { kind: 'int', ts: 'number' },
  'unsigned int': { kind: 'uint', ts: 'number' },
  'unsigned long': { kind: 'uint', ts: 'number' },
  uint32_t: { kind: 'uint', ts: 'number' },
  size_t: { kind: 'uint', ts: 'number' },
  int64_t: { kind: 'i64', ts: 'bigint' },
  uint64_t: { kind: 'u64', ts: 'bigint' },
}

function parseType(text: string): CType {
  const words = text.replace(/\bconst\b/g, '').replace(/\s+/g, ' ').trim()
  const stars = words.match(/\*/g)?.length ?? 0
  const base = words.replace(/\*/g, '').trim()
  if (stars === 0) {
    const scalar = scalars[base]
    if (!scalar) throw new Error(`lsw.h: unknown type '${text}'`)
    return scalar
  }
  return { kind: 'pointer', ts: `'${base}${'*'.repeat(stars - 1)}'` }
}

function parseParam(text: string): Param {
  const match = /^(LSW_TAKES\s+)?(.*?)(\w+)$/s.exec(text.trim())
  if (!match) throw new Error(`lsw.h: cannot read parameter '${text}'`)
  const type = parseType(match[2]!)
  const brand = match[1] ? 'Owned' : 'Ptr'
  return { name: match[3]!, type: type.kind === 'pointer' ? `${brand}<${type.ts}>` : type.ts, kind: type.kind, taken: Boolean(match[1]) }
}

function parseProto(text: string): Proto {
  const match = /^(LSW_OWNED\s+|LSW_IMPORT\s+)?([\w\s]+?[\s*]+)(\w+)\(([^)]*)\)$/s.exec(text)
  if (!match) throw new Error(`lsw.h: cannot read '${text}'`)
  const params = match[4]!.trim()
  return {
    c: match[3]!,
    ts: match[3]!.replace(/^lsw_/, ''),
    result: parseType(match[2]!),
    owned: match[1]?.trim() === 'LSW_OWNED',
    imported: match[1]?.trim() === 'LSW_IMPORT',
    params: params === 'void' ? [] : params.split(',').map(parseParam),
  }
}

const statements = header
  .replace(/LSW_CONSTANT\(\w+\)/g, '')
  .split(';')
  .map((text) => text.trim())
  .filter((text) => text !== '')
const protos = statements.map(parseProto)
const constants = [...header.matchAll(/LSW_CONSTANT\((\w+)\)/g)].map((match) => match[1]!)

function resultType({ result, owned }: Proto): string {
  if (result.kind !== 'pointer') return result.ts
  return `${owned ? 'Owned' : 'Ptr'}<${result.ts}> | 0`
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

// What is no number fails here, as it would at the border; there it could not be told from a trap.
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

function signature(proto: Proto, arrow: string, result: string): string {
  return `(${proto.params.map((param) => `${param.name}: ${param.type}`).join(', ')})${arrow} ${result}`
}

function writeHeaderOutputs(): void {
  const exported = protos.filter((proto) => !proto.imported)
  const imported = protos.filter((proto) => proto.imported)
  const rawResult = (proto: Proto) => (proto.result.kind === 'pointer' ? 'number' : proto.result.ts)
  writeFileSync(new URL('src/ffi/ffi.gen.ts', repo), `${banner}import type { Border } from './border.js'
import type { Owned, Ptr } from './pointers.js'

/** What the Emscripten module exports. Called in this file alone. */
export interface LibsslModule {
  readonly wasmMemory: { readonly buffer: ArrayBuffer }
  lsw: JsCallbacks
${exported.map((proto) => `  _${proto.c}${signature(proto, ':', rawResult(proto))}`).join('\n')}
}

/** What C calls. An implementation must not throw. */
export interface JsCallbacks {
${imported.map((proto) => `  ${camel(proto.ts.replace(/^js_/, ''))}${signature(proto, ':', resultType(proto))}`).join('\n')}
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
  writeFileSync(new URL('build/exports.txt', repo), exported.map((proto) => `_${proto.c}`).join('\n') + '\n')
  writeFileSync(new URL('build/constants.c', repo), `#include "lsw.h"

__attribute__((export_name("lsw_constant"))) int64_t lsw_constant(int index)
{
    switch (index) {
${constants.map((name, index) => `    case ${index}: return (int64_t)${name};`).join('\n')}
    default: return -1;
    }
}
`)
}

async function writeConstants(wasm: string): Promise<void> {
  const { instance } = await WebAssembly.instantiate(readFileSync(wasm))
  const valueOf = instance.exports['lsw_constant'] as (index: number) => bigint
  const values = constants.map((name, index) => [name, valueOf(index)] as const)
  // 64-bit option masks are bigint, as the calls that take them.
  const literal = (name: string, value: bigint) => (name.startsWith('SSL_OP_') ? `${value}n` : `${value}`)
  const names = (prefix: string) => values.filter(([name]) => name.startsWith(prefix)).map(([name, value]) => `  ${value}: '${name}',`).join('\n')
  writeFileSync(new URL('src/ffi/constants.gen.ts', repo), `${banner}
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

function camel(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
}

const [command, argument] = process.argv.slice(2)
if (command === 'header') writeHeaderOutputs()
else if (command === 'constants' && argument) await writeConstants(argument)
else throw new Error('usage: gen-ffi.ts header | constants FILE.wasm')
