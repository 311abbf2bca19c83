// The error of a page, or a program, that was put where its libssl.wasm is not.

import { InternalError } from '../base/errors.js'

/** `url` is where the code was looked for, or `''` if that is not known. */
export function noCode(url: URL | string, why: string, options: ErrorOptions = {}): InternalError {
  const from = String(url) || "the response that was given as 'wasm'"
  const advice = from.includes('/.vite/')
    ? "add optimizeDeps: { exclude: ['libssl-wasm'] } to Vite's configuration"
    : "put the file there, or give it by load({ wasm }); docs/bundlers.md of libssl-wasm says how, for each bundler"
  return new InternalError('ERR_TLS_INTERNAL', `cannot load libssl.wasm from ${from}: ${why}; ${advice}`, options)
}

/** What `look` promises, or {@link noCode} with its failure. */
export async function orNoCode<T>(url: URL, look: (url: URL) => Promise<T>): Promise<T> {
  try {
    return await look(url)
  } catch (cause) {
    throw notFound(url, cause)
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

const notFound = (url: URL, cause: unknown) => noCode(url, cause instanceof Error ? cause.message : String(cause), { cause })
