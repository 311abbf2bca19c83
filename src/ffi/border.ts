// The border between JavaScript and C. Each generated call (ffi.gen.ts) enters C through it and leaves C through it.
//
// Nothing that a callback throws may unwind through C, whose frames would be left half done: the value is kept here, C is
// told that the callback failed, and the call during which it was thrown throws the same value when C has returned.
//
// A trap does leave C's frames half done. It ends the instance: from then on each call throws the same error, nothing of
// that memory is read, written or freed, and calls that are still open around it are unwound.

import { InternalError } from '../base/errors.js'
import { asRefusal } from '../base/realms.js'
import { LSW_REFUSE_WITH } from './constants.gen.js'

interface Thrown { readonly value: unknown }

export class Border {
  #thrown: Thrown | undefined
  #aborted: InternalError | undefined
  /** Called once, when the instance ends. It must not throw. */
  onAbort?: (error: InternalError) => void

  /** Why the instance has ended; `undefined` while it can be used. */
  get aborted(): InternalError | undefined {
    return this.#aborted
  }

  /** Throws `ERR_TLS_WASM_ABORT` if the instance has ended. */
  throwIfAborted(): void {
    if (this.#aborted) throw this.#aborted
  }

  /** Before a call of C. Give the result to {@link leave}. */
  enter(): Thrown | undefined {
    if (this.#aborted) throw this.#aborted
    const outer = this.#thrown
    this.#thrown = undefined
    return outer
  }

  /** After that call: throws what a callback threw meanwhile. */
  leave(outer: Thrown | undefined): void {
    const thrown = this.#thrown
    this.#thrown = outer
    if (thrown) throw thrown.value
  }

  /**
   * The call itself has thrown. As no callback lets anything through, this is a trap, Emscripten's abort, or the end of
   * the engine's stack.
   */
  trap(cause: unknown): never {
    this.#thrown = undefined
    if (!this.#aborted) {
      this.#aborted = new InternalError('ERR_TLS_WASM_ABORT', `OpenSSL aborted: ${String(cause)}`, { cause })
      this.onAbort?.(this.#aborted)
    }
    throw this.#aborted
  }

  /** Runs a callback. If it throws, C gets `failure`, or what `failure` makes of the thrown value. */
  callback<R>(failure: R | ((thrown: unknown) => R), body: () => R): R {
    let answer: R
    try {
      answer = body()
    } catch (value) {
      this.#thrown ??= { value }
      answer = typeof failure === 'function' ? (failure as (thrown: unknown) => R)(value) : failure
    }
    // The callback has called C, and that has trapped: C must not go on.
    if (this.#aborted) throw this.#aborted
    return answer
  }
}

/** The answer to C of a callback that decides, and has thrown: `failure`, or the alert of a `RefusalError`. */
export function refusing(failure: number): (thrown: unknown) => number {
  return (thrown) => {
    const refusal = asRefusal(thrown)
    return refusal ? LSW_REFUSE_WITH - refusal.alert.description : failure
  }
}
