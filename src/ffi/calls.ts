// The calls that cross the border, made by a few functions: code for each would be a quarter of what a page downloads.

import type { Border } from './border.js'

/** A function of the WebAssembly. Arguments that it has no parameters for do not matter. */
export type RawCall = (...args: any[]) => any

type Answer = (raw: any) => any

// Raw WebAssembly answers with signed numbers; C's unsigned types and addresses are put right here, once.
const asItIs: Answer = (raw) => raw
const toUnsigned: Answer = (raw: number) => raw >>> 0
const toUnsigned64: Answer = (raw: bigint) => BigInt.asUintN(64, raw)

const to32 = (arg: any): any => arg | 0
const to64 = (arg: any): any => BigInt.asIntN(64, arg)

/** Makes calls, each by the short name that the linker has given to the function. `wide`: the second argument has 64 bits. */
export function bindCalls(exports: Readonly<Record<string, RawCall>>, border: Border) {
  const maker = (answer: Answer, second = to32, frees = false) => (name: string) => bindCall(exports[name]!, border, answer, second, frees)
  return {
    plain: maker(asItIs),
    unsigned: maker(toUnsigned),
    unsigned64: maker(toUnsigned64),
    wide: maker(asItIs, to64),
    wide64: maker(toUnsigned64, to64),
    /** After a trap they do nothing: there is nothing left to free. */
    frees: maker(asItIs, to32, true),
  }
}

/**
 * What ends C ends the instance: a trap makes this call and each later one throw ERR_TLS_WASM_ABORT. An argument that is no number throws
 * before: at the border it could not be told from a trap.
 */
function bindCall(raw: RawCall, border: Border, answer: Answer, second: (arg: any) => any, frees: boolean): RawCall {
  return (a, b, c, d, e, f, g, h) => {
    a |= 0
    b = second(b)
    c |= 0
    d |= 0
    e |= 0
    f |= 0
    g |= 0
    h |= 0
    if (frees && border.aborted) return 0
    const outer = border.enter()
    try {
      return answer(raw(a, b, c, d, e, f, g, h))
    } catch (cause) {
      border.trap(cause)
    } finally {
      border.leave(outer)
    }
  }
}
