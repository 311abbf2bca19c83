// The fuzzer: changed inputs for a target, and what must hold for each: a result, or an error with a documented code; no trap, no
// rejection that nothing handles, no call of more than five seconds, and nothing left in the instance's memory.

import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { load, type LibSsl } from '../../src/core.js'
import { InternalError, TlsError } from '../../src/base/errors.js'
import * as C from '../../src/ffi/functions.gen.js'
import { applyChanges, changes, type Change } from './changes.js'
import { raw, type Format } from './tree.js'

/** Something that is given what others write. */
export interface Target {
  readonly name: string
  /** Must throw but documented errors. It frees all that it makes, whatever happens, but for what it makes once for each `lib`. */
  run(lib: LibSsl, input: Input): void | Promise<void>
}

export interface Input {
  /** Which of several originals to take. */
  readonly pick: number
  change(original: Uint8Array, format?: Format): Uint8Array<ArrayBuffer>
}

/** What broke, and the smallest input that was found for it. */
export interface Finding {
  readonly target: string
  readonly seed: number
  readonly error: unknown
  readonly input: { readonly pick: number; readonly list: readonly Change[] }
}

const MOST_MS = 5_000
/** The smallest thing to leak. */
const LEAST_BYTES = 16

/** Watches what is given to one instance; a new one takes its place when it has trapped. */
export class Watch {
  #lib: LibSsl | undefined
  #highest = 0
  readonly #unhandled: unknown[] = []
  readonly #note = (reason: unknown) => { this.#unhandled.push(reason) }

  constructor() {
    process.on('unhandledRejection', this.#note)
  }

  stop(): void {
    process.off('unhandledRejection', this.#note)
  }

  /** Throws what is wrong with `target` for this input. */
  async hold(target: Target, input: Input): Promise<void> {
    const lib = this.#lib ??= await load()
    try {
      await this.#once(lib, target, input)
      if (lib.allocatedBytes > this.#highest) await this.#demandNoLeak(lib, target, input)
      this.#highest = Math.max(this.#highest, lib.allocatedBytes)
    } catch (error) {
      if (error instanceof InternalError) this.#lib = undefined
      throw error
    }
  }

  async #once(lib: LibSsl, target: Target, input: Input): Promise<void> {
    const start = process.cpuUsage()
    let done: void | Promise<void> = undefined
    try {
      done = target.run(lib, input)
      if (done) await inTime(done)
    } catch (error) {
      demandDocumented(error)
    }
    const { user, system } = process.cpuUsage(start)
    if (user + system > MOST_MS * 1000) throw new Error(`it took ${(user + system) / 1e6} s of the processor's time`)
    if (done) await setImmediate() // then Node has told of rejections
    if (this.#unhandled.length > 0) throw new Error('a rejection was not handled', { cause: this.#unhandled.splice(0)[0] })
    lib.ffi[C.ERR_clear_error]()
  }

  /** What is made once for all is no leak, nor what is kept, and made anew when it was collected: a leak is there each time. */
  async #demandNoLeak(lib: LibSsl, target: Target, input: Input): Promise<void> {
    const [rounds, times] = [4, 20]
    let leaked = Infinity
    for (let round = 0; round < rounds && leaked >= LEAST_BYTES; round++) {
      const before = lib.allocatedBytes
      for (let time = 0; time < times; time++) await this.#once(lib, target, input)
      leaked = Math.min(leaked, (lib.allocatedBytes - before) / times)
    }
    if (leaked >= LEAST_BYTES) throw new Error(`it leaves ${leaked} bytes in the instance`)
  }
}

/** Throws `error` again unless it is one that README tells of, and not of a fault of ours. */
export function demandDocumented(error: unknown): void {
  const isDocumented = error instanceof TlsError && !(error instanceof InternalError) && /^[A-Z][A-Z0-9_]+$/.test(error.code)
  if (!isDocumented) throw error
}

/** Throws `error` again if it shows a fault in the code, rather than in what was read: for code whose errors are any. */
export function demandNoBug(error: unknown): void {
  const isBug = [TypeError, RangeError, ReferenceError, SyntaxError, InternalError].some((bug) => error instanceof bug)
  if (isBug || !(error instanceof Error)) throw error
}

async function inTime(done: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => { timer = setTimeout(() => reject(new Error('it does not end')), 60 * MOST_MS) })
  try {
    await Promise.race([done, late])
  } finally {
    clearTimeout(timer)
  }
}

/** An input as it was, or changed by `list`. */
export const inputOf = (pick: number, list: readonly Change[]): Input => ({
  pick, change: (original, format = raw) => applyChanges(original, format, list),
})

/**
 * Tries `runs` inputs, the first of them unchanged; resolves with what broke, made smaller, if anything did.
 * `began` is told before each.
 */
export async function fuzz(
  watch: Watch, target: Target, { runs, seed, began = () => {} }: { runs: number; seed: number; began?: () => void },
): Promise<Finding | undefined> {
  const property = fc.asyncProperty(fc.nat(0xffff), changes, async (pick, list) => {
    began()
    await watch.hold(target, inputOf(pick, list))
  })
  const details = await fc.check(property, { seed, numRuns: runs, examples: [[0, []]] })
  if (!details.failed) return undefined
  const [pick, list] = details.counterexample!
  return { target: target.name, seed, error: details.errorInstance, input: { pick, list } }
}
