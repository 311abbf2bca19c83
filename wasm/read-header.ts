// Reads wasm/shim/lsw.h, and the headers of its folder that it includes. A line that it does not understand ends it with an
// error: nothing is left out silently.

import { readFileSync, writeFileSync } from 'node:fs'

export interface Param { name: string; c: string; type: string; kind: CType['kind']; taken: boolean }
export interface Proto { c: string; ts: string; result: CType; owned: boolean; params: Param[] }
export interface Callback extends Proto { base: string; object: 'SSL' | 'BIO'; objectInC: string; failure: string; decides: boolean }
export type CType = { kind: 'void' | 'int' | 'uint' | 'i64' | 'u64' | 'pointer'; ts: string }

const repo = new URL('..', import.meta.url)
const header = readHeader('lsw.h')

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
/** Functions of C. */
export const exported = statements.filter((text) => !isCallback(text)).map(parseProto)
/** Functions of JavaScript. */
export const callbacks = statements.filter(isCallback).map(parseCallback)
/** Those of a connection are called only if it wants them. */
export const wanted = callbacks.filter(({ object }) => object === 'SSL')
  .map(({ base, ts }, index) => ({ ts, constant: `LSW_WANT_${base.toUpperCase()}`, bit: 1 << index }))
export const constants = [
  ...[...header.matchAll(/LSW_CONSTANT\((\w+)\)/g)].map((match) => match[1]!),
  ...wanted.map(({ constant }) => constant),
]

/** The type of what a function answers, in TypeScript. */
export function resultType({ result, owned }: Proto): string {
  if (result.kind !== 'pointer') return result.ts
  return `${owned ? 'Owned' : 'Ptr'}<${result.ts}> | 0`
}

export function signature(proto: Proto, arrow: string, result: string): string {
  return `(${proto.params.map((param) => `${param.name}: ${param.type}`).join(', ')})${arrow} ${result}`
}

export function camel(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
}

/** Writes a generated file, by its path in the repository. */
export function write(path: string, text: string): void {
  writeFileSync(new URL(path, repo), text)
}

/** Without comments and directives, and with the headers of this folder that it includes. */
function readHeader(name: string): string {
  return readFileSync(new URL(`wasm/shim/${name}`, repo), 'utf8')
    .replace(/\/\*.*?\*\//gs, '')
    .replace(/^#include "(.*)"$/gm, (_, included: string) => readHeader(included))
    .replace(/^\s*#.*$/gm, '')
}
