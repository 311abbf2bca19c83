// Real traps: instances of which one call can be made to run WebAssembly that the engine ends.

import { readFileSync } from 'node:fs'
import { LibSsl } from '../../src/core/lib-ssl.js'
import type { LibsslModule } from '../../src/ffi/ffi.gen.js'
import { loadModule } from '../../src/loader/load-module.js'

/** A module with one exported function, `f`, without parameters or result. */
function run(...instructions: number[]): never {
  const body = [0x00, ...instructions, 0x0b]
  const bytes = Uint8Array.of(
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, // \0asm, version 1
    0x01, 0x04, 0x01, 0x60, 0x00, 0x00, // types: () → ()
    0x03, 0x02, 0x01, 0x00, // functions: one of that type
    0x07, 0x05, 0x01, 0x01, 0x66, 0x00, 0x00, // exports: it, as `f`
    0x0a, body.length + 2, 0x01, body.length, ...body)
  const { f } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as { f(): never }
  return f()
}

/** What ends a call for good. Each runs in the engine. */
export const traps = {
  unreachable: () => run(0x00),
  'the end of the stack': () => run(0x10, 0x00), // call itself
} as const

const { exports: shortNames } =
  JSON.parse(readFileSync(new URL('../../build/short-names.json', import.meta.url), 'utf8')) as
  { readonly exports: Readonly<Record<string, string>> }

/** An instance whose export `call`, a function of lsw.h, runs `trap` from {@link arm} on. */
export async function trappingInstance(
  call: string, trap: () => never,
): Promise<{ lib: LibSsl; memory: LibsslModule['wasmMemory']; arm(): void }> {
  let armed = false
  let memory!: LibsslModule['wasmMemory']
  const lib = await LibSsl.create(async (callbacks) => {
    const module = await loadModule(callbacks)
    memory = module.wasmMemory
    const name = shortNames[call]!
    const real = module.exports[name]!
    return { ...module, exports: { ...module.exports, [name]: (...args: unknown[]) => (armed ? trap() : real(...args)) } }
  })
  return { lib, memory, arm: () => { armed = true } }
}

export function caught(body: () => unknown): unknown {
  try {
    body()
  } catch (error) {
    return error
  }
  return undefined
}
