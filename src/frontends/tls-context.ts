// A context: options that many connections share, and what was made of them once.

import { ApiMisuseError } from '../base/errors.js'
import type { LibSsl } from '../core/lib-ssl.js'
import type { BasicSslCtx } from '../core/basic-ssl-ctx.js'
import { load } from '../core/load.js'
import { collected } from '../ffi/collected.js'
import { Kept } from './kept.js'
import type { ContextReceiver, PostedContext } from './worker/posted-context.js'

export type Side = 'client' | 'server'

/** What a worker is told of a context with each connection. What is returned must be posted. */
export type DescribeContext = (context: TlsContext, worker: ContextReceiver) => PostedContext

/** Apart from the context itself, so that it can be freed when the context is collected. */
class Made {
  /** One for each variant of a side (context.ts). */
  readonly contexts = new Kept<BasicSslCtx>(4)
  readonly listeners = new Set<() => void>()
  lib: Promise<LibSsl> | undefined
  freed = false

  free(): void {
    if (this.freed) return
    this.freed = true
    this.contexts.free()
    this.lib = undefined
    for (const listener of this.listeners) listener()
  }
}

/** See {@link createContext}, which makes them. */
export class TlsContext {
  /** @internal Checked: those of the context alone. */
  readonly options: { readonly libssl?: LibSsl | undefined }
  readonly #refuse: (side: Side) => void
  readonly #describe: DescribeContext | undefined
  readonly #made = new Made()

  /** @internal `refuse` throws unless the options suit a side. */
  constructor(options: TlsContext['options'], refuse: (side: Side) => void, describe?: DescribeContext) {
    this.options = options
    this.#refuse = refuse
    this.#describe = describe
    collected?.register(this, this.#made)
  }

  /**
   * Frees what the context holds in OpenSSL's memory. Connections that were begun with it go on. Using it afterwards throws
   * `ERR_TLS_DISPOSED`; again does nothing. A context that is collected is freed by that. @openssl SSL_CTX_free
   */
  free(): void {
    this.#made.free()
  }

  /** @internal Throws `ERR_TLS_DISPOSED`, or what is wrong with using the options on this side. */
  optionsFor(side: Side): object {
    if (this.#made.freed) throw new ApiMisuseError('ERR_TLS_DISPOSED', 'this TlsContext was freed', { option: 'context' })
    this.#refuse(side)
    return this.options
  }

  /** @internal Where `libssl` was not given, an instance that the context's connections share; another if that one has ended. */
  instance(): Promise<LibSsl> {
    const made = this.#made
    if (this.options.libssl) return Promise.resolve(this.options.libssl)
    if (made.freed) return load()
    const loading = made.lib = (made.lib ?? load()).then((lib) => {
      if (!lib.border.aborted) return lib
      made.contexts.free()
      return load()
    })
    loading.catch(() => { if (made.lib === loading) made.lib = undefined })
    return loading
  }

  /** @internal None once it was freed: a connection that was begun before is made from the options. */
  get contexts(): Kept<BasicSslCtx> | undefined {
    return this.#made.freed ? undefined : this.#made.contexts
  }

  /** @internal On a page, not in a worker. Throws `ERR_TLS_INVALID_OPTION` for an option that cannot cross. */
  describe(worker: ContextReceiver): PostedContext {
    return this.#describe!(this, worker)
  }

  /** @internal Calls `listener`, which must not refer to the context, when it is freed or collected. Returns what removes it. */
  onFree(listener: () => void): () => void {
    const { listeners } = this.#made
    listeners.add(listener)
    return () => { listeners.delete(listener) }
  }
}
