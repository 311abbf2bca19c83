// Contexts in worker mode: the options of a context cross once, and a context of the worker's own is made of them.

import { load } from '../../core/load.js'
import type { CommonOptions } from '../options.js'
import { TlsContext } from '../tls-context.js'
import type { FreeContext, PostedContext } from './protocol.js'
import { decodeOptions, encodeOptions } from './values.js'

/** On the page: which contexts a worker has been told of. */
export class SentContexts {
  readonly #ids = new WeakMap<TlsContext, number>()
  readonly #post: (message: FreeContext) => void
  readonly #forget = new Set<() => void>()
  #last = 0

  constructor(post: (message: FreeContext) => void) {
    this.#post = post
  }

  /** With its options the first time. Throws if they cannot cross. */
  describe(context: TlsContext): PostedContext {
    const known = this.#ids.get(context)
    if (known !== undefined) return { id: known }
    const { values } = encodeOptions(context.options)
    const id = ++this.#last
    this.#ids.set(context, id)
    const forget = context.onFree(() => {
      this.#forget.delete(forget)
      this.#post({ type: 'free context', id })
    })
    this.#forget.add(forget)
    return { id, options: values }
  }

  /** The worker has ended: contexts that live on are not to keep it in memory. */
  end(): void {
    for (const forget of this.#forget) forget()
  }
}

type ReceivedContext = Promise<{ readonly context: TlsContext; readonly options: object }>

const received = new Map<number, ReceivedContext>()

/**
 * In the worker, which has one page: the options of the context, and itself among them; a connection's own are added to them.
 * To be called as messages come, so that no `free context` overtakes it.
 */
export async function withContext({ id, options }: PostedContext, wasm: Promise<WebAssembly.Module> | undefined): Promise<CommonOptions> {
  if (options) received.set(id, receive(decodeOptions(options), wasm))
  const { context, options: shared } = await received.get(id)!
  return { ...shared, context }
}

async function receive(options: object, wasm: Promise<WebAssembly.Module> | undefined): ReceivedContext {
  return { context: new TlsContext(wasm ? { libssl: await load({ wasm: await wasm }) } : {}, () => {}), options }
}

/** Connections that have begun go on. */
export async function freeContext({ id }: FreeContext): Promise<void> {
  const context = received.get(id)
  received.delete(id)
  await context?.then(({ context: made }) => made.free(), () => {})
}
