// Contexts in worker mode, on the page: the options of a context cross once.

import type { TlsContext } from '../tls-context.js'
import type { FreeContext, PostedContext } from './protocol.js'
import { encodeKeys, encodeOptions } from './values.js'

/** Which contexts a worker has been told of. */
export class SentContexts {
  readonly #ids = new WeakMap<TlsContext, number>()
  readonly #post: (message: FreeContext) => void
  readonly #forget = new Set<() => void>()
  #last = 0

  constructor(post: (message: FreeContext) => void) {
    this.#post = post
  }

  /** Throws if its options cannot cross. */
  check(context: TlsContext): void {
    if (!this.#ids.has(context)) encodeOptions(context.options)
  }

  /** With its options the first time. What is returned must be posted. */
  describe(context: TlsContext): PostedContext {
    const known = this.#ids.get(context)
    const current = encodeKeys(context.options)
    if (known !== undefined) return { id: known, current }
    const { values, callbacks } = encodeOptions(context.options)
    const id = ++this.#last
    this.#ids.set(context, id)
    const forget = context.onFree(() => {
      this.#forget.delete(forget)
      this.#post({ type: 'free context', id })
    })
    this.#forget.add(forget)
    return { id, current, options: values, callbacks: Object.keys(callbacks) }
  }

  /** The worker has ended: contexts that live on are not to keep it in memory. */
  end(): void {
    for (const forget of this.#forget) forget()
  }
}
