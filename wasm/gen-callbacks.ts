// The callbacks of lsw.h → all that one of them needs on its way from C to JavaScript:
//
//   build/callbacks.gen.h       the bits by which a connection wants them
//   build/callbacks.gen.c       what C calls: keeps OpenSSL's errors, calls the import, tells a refusal
//   build/callbacks.lib.js      the imports, for the linker
//   src/ffi/callbacks.gen.ts    types, and what the imports call: finds the object, converts the arguments
//   src/ffi/callback-numbers.gen.ts   their numbers: minifiers leave the names of properties as they are

import { callbacks, camel, resultType, signature, wanted, write, type Callback, type Param } from './read-header.js'

const banner = '// Generated from wasm/shim/lsw.h by wasm/gen-callbacks.ts.\n'
const HANDLE: Param = { name: 'handle', c: 'int', type: 'number', kind: 'int', taken: false }

/** What an implementation of `JsCallbacks` has for each. */
export function jsCallback(callback: Callback): string {
  return `  [K.${callback.ts}]${signature({ ...callback, params: [HANDLE, ...callback.params] }, ':', resultType(callback))}`
}

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
    return `  [K.${callback.ts}]?: ((${params}) => ${callback.result.ts}) | undefined`
  }).join('\n')
}

function callbackBinding(callback: Callback): string {
  const names = ['handle', ...callback.params.map(({ name }) => name)].join(', ')
  const values = conversions(callback).map(({ value }) => value).join(', ')
  const failure = callback.failure === '' ? 'undefined' : callback.decides ? `refusing(${callback.failure})` : callback.failure
  const call = `${callback.object}(handle)[K.${callback.ts}]!(${values})`
  return `    [K.${callback.ts}]: (${names}) => border.callback(${failure}, () => ${call}),`
}

export function writeCallbacks(): void {
  const failures = new Set(callbacks.map(({ failure }) => failure).filter((failure) => /^[A-Z]/.test(failure)))
  // The bits of those that can be wanted are in their order.
  const others = callbacks.filter(({ ts }) => !wanted.some((one) => one.ts === ts))
  write('src/ffi/callback-numbers.gen.ts', `${banner}
// A connection's by their bits among LSW_WANT_*, and then those of a callback BIO.
${[...wanted, ...others].map(({ ts }, index) => `export const ${ts} = ${index}`).join('\n')}
`)
  write('src/ffi/callbacks.gen.ts', `${banner}import type { InternalError } from '../base/errors.js'
import { refusing, type Border } from './border.js'
import * as K from './callback-numbers.gen.js'
import { ${[...failures].sort().join(', ')} } from './constants.gen.js'
import type { Weak } from './collected.js'
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

/** A callback BIO, as C knows it. */
export interface BioCallbackOwner {
  readonly callbacks: RawBioCallbacks
}

/** A connection, as C knows it. */
export interface CallbackOwner {
  readonly callbacks: RawSslCallbacks
  /** Called once, when the instance ends by a trap, with the error that each later call throws. It must not throw. */
  onAbort?: ((error: InternalError) => void) | undefined
}

/** The JavaScript of objects that C knows by numbers. What nothing else refers to is collected. */
export class Handles {
  readonly SSL = new HandleTable<Weak<CallbackOwner>>('Ssl')
  readonly BIO = new HandleTable<Weak<BioCallbackOwner>>('BioCallback')
}

/** The LSW_WANT_* of those that are there. */
export function wantedOf(callbacks: RawSslCallbacks): number {
  return Object.entries(callbacks).reduce((bits, [number, callback]) => (callback ? bits | 1 << Number(number) : bits), 0)
}

/** @param memory asked for at call time: it is made later. */
export function bindCallbacks(border: Border, memory: () => Memory, handles: Handles): JsCallbacks {
  const SSL = (handle: number) => handles.SSL.live(handle).deref()!.callbacks
  const BIO = (handle: number) => handles.BIO.live(handle).deref()!.callbacks
  return {
${callbacks.map(callbackBinding).join('\n')}
  }
}
`)
  write('build/callbacks.gen.h', `/* Generated from lsw.h: a connection's callbacks, as bits. */
enum {
${wanted.map(({ constant, bit }) => `    ${constant} = ${bit},`).join('\n')}
};
`)
  write('build/callbacks.gen.c', `/* Generated from lsw.h. OpenSSL's errors are kept while JavaScript runs. */
#include "internal.h"
${callbacks.map(callbackInC).join('')}`)
  write('build/callbacks.lib.js', `${banner}// For the linker alone: importsOf of src/ffi/ffi.gen.ts has the functions.
addToLibrary({
${callbacks.map(({ base }) => `  lsw_import_${base}() {},`).join('\n')}
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
