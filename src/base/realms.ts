// Values of another realm or of another copy of this package. `instanceof` says no to those of a frame, of node:vm, of jsdom, of a
// polyfill, and of libssl-wasm/inline beside libssl-wasm: so they are known by what they can do, or by their brand.

import type { RefusalError } from './errors.js'

/** The kind of object, which it has in every realm: `Uint8Array`, `WebAssembly.Module`, … A class gives it by `Symbol.toStringTag`. */
export function brandOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1)
}

/** `error`, if it is a `RefusalError` of any copy of this package. */
export function asRefusal(error: unknown): RefusalError | undefined {
  return (error as { readonly code?: unknown } | null | undefined)?.code === 'ERR_TLS_REFUSED' ? error as RefusalError : undefined
}

/** Whether it can be listened to for an abort. Polyfills have neither `reason` nor `throwIfAborted`. */
export function isAbortSignal(value: unknown): value is AbortSignal {
  return hasMethods(value, 'addEventListener', 'removeEventListener') && typeof value['aborted'] === 'boolean'
}

/** The reason of a signal that is aborted. */
export function abortReason(signal: AbortSignal): unknown {
  return (signal.reason as unknown) ?? new DOMException('This operation was aborted', 'AbortError')
}

/** Throws {@link abortReason} if it is aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortReason(signal)
}

/** Calls `act` with {@link abortReason} when it aborts, unless the function that is returned was called before. */
export function onAbort(signal: AbortSignal | undefined, act: (reason: unknown) => void): () => void {
  const listener = () => act(abortReason(signal!))
  signal?.addEventListener('abort', listener, { once: true })
  return () => signal?.removeEventListener('abort', listener)
}

/** Whether it can be read by a reader; what kind of chunks it gives is seen when they come. */
export function isReadableStream(value: unknown): value is ReadableStream {
  return hasMethods(value, 'getReader', 'cancel') && typeof value['locked'] === 'boolean'
}

export function isWritableStream(value: unknown): value is WritableStream {
  return hasMethods(value, 'getWriter', 'abort') && typeof value['locked'] === 'boolean'
}

/** Whether it can be awaited. */
export function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return hasMethods(value, 'then')
}

/** Whether it is an object with all of these methods, its own or inherited. */
export function hasMethods(value: unknown, ...names: readonly string[]): value is Readonly<Record<string, unknown>> {
  return Object(value) === value && names.every((name) => typeof (value as Readonly<Record<string, unknown>>)[name] === 'function')
}
