// Signals and streams by what they do, not by their class: `instanceof` says no to those of a frame, of node:vm, of jsdom and of
// polyfills. (Bytes: bytes.ts.)

/** Whether it can be listened to for an abort. Polyfills have neither `reason` nor `throwIfAborted`. */
export function isAbortSignal(value: unknown): value is AbortSignal {
  return hasMethods(value, 'addEventListener', 'removeEventListener') && typeof value['aborted'] === 'boolean'
}

/** Of a signal that is aborted. */
export function abortReason(signal: AbortSignal): unknown {
  return (signal.reason as unknown) ?? new DOMException('This operation was aborted', 'AbortError')
}

/** Throws {@link abortReason} if it is aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortReason(signal)
}

/** Whether it can be read by a reader; what kind of chunks it gives is seen when they come. */
export function isReadableStream(value: unknown): value is ReadableStream {
  return hasMethods(value, 'getReader', 'cancel') && typeof value['locked'] === 'boolean'
}

export function isWritableStream(value: unknown): value is WritableStream {
  return hasMethods(value, 'getWriter', 'abort') && typeof value['locked'] === 'boolean'
}

/** Whether it is an object with all of these methods, its own or inherited. */
export function hasMethods(value: unknown, ...names: readonly string[]): value is Readonly<Record<string, unknown>> {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false
  return names.every((name) => typeof (value as Readonly<Record<string, unknown>>)[name] === 'function')
}
