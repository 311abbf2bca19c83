// The errors of a page, or a program, that was put where its libssl.wasm is not, or may not be compiled.

import { InternalError } from '../base/errors.js'

/** `url` is where the code was looked for, or `''` if that is not known. */
export function noCode(url: URL | string, why: string, options: ErrorOptions = {}): InternalError {
  const from = String(url) || "the response that was given as 'wasm'"
  const advice = from.includes('/.vite/')
    ? "add optimizeDeps: { exclude: ['libssl-wasm'] } to Vite's configuration"
    : 'put the file there, or give it by load({ wasm }); docs/bundlers.md of libssl-wasm says how, for each bundler'
  return new InternalError('ERR_TLS_INTERNAL', `cannot load libssl.wasm from ${from}: ${why}; ${advice}`, options)
}

/** What `look` promises, or {@link noCode} with its failure and `more`. */
export async function orNoCode<T>(url: URL, look: (url: URL) => Promise<T>, more = ''): Promise<T> {
  try {
    return await look(url)
  } catch (cause) {
    throw notFound(url, cause, more)
  }
}

/** As {@link orNoCode}. */
export function orNoCodeSync<T>(url: URL, look: (url: URL) => T): T {
  try {
    return look(url)
  } catch (cause) {
    throw notFound(url, cause)
  }
}

const notFound = (url: URL, cause: unknown, more = '') =>
  noCode(url, `${cause instanceof Error ? cause.message : String(cause)}${more}`, { cause })

/** Why WebAssembly was not compiled, if the platform forbids it; else `error` itself. Engines have words of their own for it. */
export function whyNotCompiled(error: unknown): unknown {
  const { message } = (error ?? {}) as { readonly message?: unknown }
  if (typeof message !== 'string') return error
  const why = /content.security.policy|\bCSP\b|unsafe-eval/i.test(message)
    ? "the Content-Security-Policy of this page, or of its worker's script, forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src"
    : /disallowed by embedder/.test(message)
      ? 'this platform compiles no bytes: import libssl.wasm as a module, and give it by load({ wasm })' : undefined
  return why === undefined ? error
    : new InternalError('ERR_TLS_INTERNAL',
      `cannot compile libssl.wasm: ${why}; docs/bundlers.md of libssl-wasm says more`, { cause: error })
}
