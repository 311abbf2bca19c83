// lsw.h → everything that would otherwise repeat its names:
//
//   gen-ffi.ts header           src/ffi/ffi.gen.ts (typed calls), build/exports.txt (for the linker), build/constants.c
//                               (asks the C compiler for the constants' values), and of the callbacks: src/ffi/callbacks.gen.ts
//                               (types, conversions), build/callbacks.gen.h (bits), build/callbacks.gen.c (what C calls),
//                               build/callbacks.lib.js (the imports, for the linker)
//   gen-ffi.ts constants WASM   src/ffi/constants.gen.ts, from build/constants.c compiled
//
// A line of the header that it does not understand ends it with an error: nothing is left out silently.

import { readFileSync, writeFileSync } from 'node:fs'

interface Param { name: string; c: string; type: string; kind: CType['kind']; taken: boolean }
interface Proto { c: string; ts: string; result: CType; owned: boolean; params: Param[] }
interface Callback extends Proto { base: string; object: 'SSL' | 'BIO'; objectInC: string; failure: string; decides: boolean }
type CType = { kind: 'void' | 'int' | 'uint' | 'i64' | 'u64' | 'pointer'; ts: string }

const repo = new URL('..', import.meta.url)
const header = readHeader('lsw.h')
const banner = '// Generated from wasm/shim/lsw.h by wasm/gen-ffi.ts.\n'

/** Without comments and directives, and with the headers of this folder that it includes. */
function readHeader(name: string): string {
  return readFileSync(new URL(`wasm/shim/${name}`, repo), 'utf8')
    .replace(/\/\*.*?\*\//gs, '')
    .replace(/^#include "(.*)"$/gm, (_, included: string) => readHeader(included))
    .replace(/^\s*#.*$/gm, '')
}

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
  return {
    name: match[3]!,
    c: match[2]!.replace(/\s+/g, ' ').trim(),
    type: type.kind === 'pointer' ? `${brand}<${type.ts}>` : type.ts,
    kind: type.kind,
    taken: match[1] !== undefined,
  }
}

function parseProto(text: string): Proto {
  const match = /^(LSW_OWNED\s+)?([\w\s]+?[\s*]+)(\w+)\(([^)]*)\)$/s.exec(text)
  if (!match) throw new Error(`lsw.h: cannot read '${text}'`)
  const params = match[4]!.trim()
  return {
    c: match[3]!,
    ts: match[3]!.replace(/^lsw_/, ''),
    result: parseType(match[2]!),
    owned: match[1] !== undefined,
    params: params === 'void' ? [] : params.split(',').map(parseParam),
  }
}

function parseCallback(text: string): Callback {
  const match = /^LSW_(CALLBACK|DECIDES)\((\S*)\)\s+(.*)$/s.exec(text)!
  const { params: [object, ...params], ...proto } = parseProto(match[3]!)
  const base = /^lsw_js_(\w+)$/.exec(proto.c)?.[1]
  const kind = object && /^(?:const )?(SSL|BIO) \*$/.exec(object.c)?.[1]
  if (!base || !kind) throw new Error(`lsw.h: a callback is called lsw_js_* and begins with an SSL or a BIO: '${text}'`)
  if ((proto.result.kind === 'void') !== (match[2] === '')) throw new Error(`lsw.h: a callback has a FAILURE if it answers: '${text}'`)
  return {
    ...proto,
    params,
    base,
    ts: camel(base),
    object: kind as Callback['object'],
    objectInC: object.c,
    failure: match[2]!,
    decides: match[1] === 'DECIDES',
  }
}

const statements = header
  .replace(/LSW_CONSTANT\(\w+\)/g, '')
  .split(';')
  .map((text) => text.trim())
  .filter((text) => text !== '')
const isCallback = (text: string) => /^LSW_(CALLBACK|DECIDES)\b/.test(text)
const exported = statements.filter((text) => !isCallback(text)).map(parseProto)
const callbacks = statements.filter(isCallback).map(parseCallback)
/** Those of a connection are called only if it wants them. */
const wanted = callbacks.filter(({ object }) => object === 'SSL')
  .map(({ base, ts }, index) => ({ ts, constant: `LSW_WANT_${base.toUpperCase()}`, bit: 1 << index }))
const constants = [...[...header.matchAll(/LSW_CONSTANT\((\w+)\)/g)].map((match) => match[1]!), ...wanted.map(({ constant }) => constant)]

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

function signature(proto: Proto, arrow: string, result: string): string {
  return `(${proto.params.map((param) => `${param.name}: ${param.type}`).join(', ')})${arrow} ${result}`
}

function writeHeaderOutputs(): void {
  const rawResult = (proto: Proto) => (proto.result.kind === 'pointer' ? 'number' : proto.result.ts)
  writeFileSync(new URL('src/ffi/ffi.gen.ts', repo), `${banner}import type { Border } from './border.js'
import type { Owned, Ptr } from './pointers.js'

/** The exports of the Emscripten module. Called in this file alone. */
export interface LibsslModule {
  readonly wasmMemory: { readonly buffer: ArrayBuffer }
  lsw: JsCallbacks
${exported.map((proto) => `  _${proto.c}${signature(proto, ':', rawResult(proto))}`).join('\n')}
}

/** The functions that C calls, by handles. */
export interface JsCallbacks {
${callbacks.map((callback) => `  ${callback.ts}${signature(byHandle(callback), ':', resultType(callback))}`).join('\n')}
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

const HANDLE: Param = { name: 'handle', c: 'int', type: 'number', kind: 'int', taken: false }
const byHandle = (callback: Callback): Proto => ({ ...callback, params: [HANDLE, ...callback.params] })

/** The values that JavaScript gets: bytes for an address with a length, text for a `const char *`, else the number itself. */
function conversions({ params }: Callback): { name: string; type: string; value: string }[] {
  return params.flatMap(({ name, c, type }, index) => {
    const before = params[index - 1]
    if (before?.c === 'const uint8_t *') return []
    if (c === 'const uint8_t *') {
      return [{ name, type: 'Uint8Array<ArrayBuffer>', value: `memory().copyOut(${name}, ${params[index + 1]!.name})` }]
    }
    if (c === 'const char *') {
      return [{ name, type: 'string | undefined', value: `${name} === 0 ? undefined : memory().readCString(${name})` }]
    }
    return [{ name: camel(name), type, value: name }]
  })
}

function callbackTypes(object: Callback['object']): string {
  return callbacks.filter((callback) => callback.object === object).map((callback) => {
    const params = conversions(callback).map(({ name, type }) => `${name}: ${type}`).join(', ')
    return `  ${callback.ts}?: ((${params}) => ${callback.result.ts}) | undefined`
  }).join('\n')
}

function callbackBinding(callback: Callback): string {
  const names = ['handle', ...callback.params.map(({ name }) => name)].join(', ')
  const values = conversions(callback).map(({ value }) => value).join(', ')
  const failure = callback.failure === '' ? 'undefined' : callback.decides ? `refusing(${callback.failure})` : callback.failure
  const call = `handles.${callback.object}.live(handle).${callback.ts}!(${values})`
  return `    ${callback.ts}: (${names}) => border.callback(${failure}, () => ${call}),`
}

function writeCallbacks(): void {
  const failures = new Set(callbacks.map(({ failure }) => failure).filter((failure) => /^[A-Z]/.test(failure)))
  writeFileSync(new URL('src/ffi/callbacks.gen.ts', repo), `${banner}import { refusing, type Border } from './border.js'
import { ${[...failures].sort().join(', ')} } from './constants.gen.js'
import type { JsCallbacks } from './ffi.gen.js'
import { HandleTable } from './handles.js'
import type { Memory } from './memory.js'
import type { Ptr } from './pointers.js'

/** A connection's callbacks. Those that are there are wanted. */
export interface RawSslCallbacks {
${callbackTypes('SSL')}
}

/** A callback BIO's functions. All must be there. */
export interface RawBioCallbacks {
${callbackTypes('BIO')}
}

/** The JavaScript of objects that C knows by numbers. */
export class Handles {
  readonly SSL = new HandleTable<RawSslCallbacks>('Ssl')
  readonly BIO = new HandleTable<RawBioCallbacks>('BioCallback')
}

/** The LSW_WANT_* of those that are there. */
export function wantedOf(callbacks: RawSslCallbacks): number {
  return ${wanted.map(({ ts, bit }) => `(callbacks.${ts} ? ${bit} : 0)`).join(' | ')}
}

/** @param memory asked for at call time: it is made later. */
export function bindCallbacks(border: Border, memory: () => Memory, handles: Handles): JsCallbacks {
  return {
${callbacks.map(callbackBinding).join('\n')}
  }
}
`)
  writeFileSync(new URL('build/callbacks.gen.h', repo), `/* Generated from lsw.h: a connection's callbacks, as bits. */
enum {
${wanted.map(({ constant, bit }) => `    ${constant} = ${bit},`).join('\n')}
};
`)
  writeFileSync(new URL('build/callbacks.gen.c', repo), `/* Generated from lsw.h. OpenSSL's errors are kept while JavaScript runs. */
#include "internal.h"
${callbacks.map(callbackInC).join('')}`)
  writeFileSync(new URL('build/callbacks.lib.js', repo), `${banner}// Each goes to the result of bindCallbacks, which stands at Module.lsw.
addToLibrary({
${callbacks.map((callback) => {
    const names = ['handle', ...callback.params.map(({ name }) => name)].join(', ')
    return `  lsw_import_${callback.base}: (${names}) => Module['lsw'].${callback.ts}(${names}),`
  }).join('\n')}
});
`)
}

function callbackInC({ c, base, object, objectInC, result, params, decides, failure }: Callback): string {
  const type = result.kind === 'void' ? 'void' : 'int'
  const list = (first: string) => [first, ...params.map(({ c, name }) => `${c}${c.endsWith('*') ? '' : ' '}${name}`)].join(', ')
  const call = `lsw_import_${base}(${[`lsw_${object}_handle(object)`, ...params.map(({ name }) => name)].join(', ')})`
  const returned = decides ? `lsw_refused(object, answer) ? ${failure} : answer` : 'answer'
  return `
${type} lsw_import_${base}(${list('int handle')});

${type} ${c}(${list(`${objectInC}object`)})
{
    ERR_STATE *errors = lsw_errors_save();
${type === 'void' ? `
    ${call};
    lsw_errors_restore(errors);
` : `    int answer = ${call};

    lsw_errors_restore(errors);
    return ${returned};
`}}
`
}

async function writeConstants(wasm: string): Promise<void> {
  const { instance } = await WebAssembly.instantiate(readFileSync(wasm))
  const valueOf = instance.exports['lsw_constant'] as (index: number) => bigint
  const values = constants.map((name, index) => [name, valueOf(index)] as const)
  // 64-bit option masks are bigint, as the calls that take them.
  const literal = (name: string, value: bigint) => (name.startsWith('SSL_OP_') ? `${value}n` : `${value}`)
  const names = (prefix: string) =>
    values.filter(([name]) => name.startsWith(prefix)).map(([name, value]) => `  ${value}: '${name}',`).join('\n')
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
if (command === 'header') {
  writeHeaderOutputs()
  writeCallbacks()
} else if (command === 'constants' && argument) await writeConstants(argument)
else throw new Error('usage: gen-ffi.ts header | constants FILE.wasm')
