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

/** How a call goes, by its letter: what becomes of its answer, and of its second argument. */
const kindsOfCalls: Readonly<Record<string, readonly [answer: Answer, second: Answer]>> = {
  p: [asItIs, to32],
  u: [toUnsigned, to32],
  U: [toUnsigned64, to32],
  w: [asItIs, to64],
  W: [toUnsigned64, to64],
  /** After a trap they do nothing: there is nothing left to free. */
  f: [asItIs, to32],
}

/** The calls of the exports that have a letter in `kinds`, each in its place among them: that of the .wasm. */
export function bindCalls(exports: Readonly<Record<string, RawCall>>, border: Border, kinds: string): (RawCall | undefined)[] {
  return Object.values(exports).map((raw, place) => {
    const kind = kinds[place]!
    return kindsOfCalls[kind] && bindCall(raw, border, ...kindsOfCalls[kind], kind === 'f')
  })
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
