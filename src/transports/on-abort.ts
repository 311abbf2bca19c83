// Learning of an abort in time.

/**
 * Calls `aborted` with the reason as soon as a writable is aborted. Its sink's own `abort` would be called only after a
 * write in flight, which may be what is stuck.
 */
export function onAbort(controller: WritableStreamDefaultController, aborted: (reason: unknown) => void): void {
  controller.signal.addEventListener('abort', () => aborted(controller.signal.reason))
}
