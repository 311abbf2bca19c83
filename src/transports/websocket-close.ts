// What the close of a WebSocket means to a stream of bytes: its end, or a cut.

/** Both directions have ended. */
export const NORMAL = 1000
/** A code of our own (RFC 6455 §7.4.2) for a stream that was cut: a close without one would pass for its end. */
export const ABORTED = 4000
/** No code was sent (RFC 6455 §7.1.5). A tunnel that ends so has delivered all it had. */
const NO_CODE = 1005

/** `undefined` if what arrived before was all; else what to fail with. */
export function closeError(code: number, reason: string): Error | undefined {
  return code === NORMAL || code === NO_CODE ? undefined : new Error(`the WebSocket was closed with code ${code}${reason ? `: ${reason}` : ''}`)
}
