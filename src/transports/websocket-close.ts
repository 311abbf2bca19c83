// What the close of a WebSocket means to a stream of bytes: its end, or a cut. Codes of RFC 6455 §7.4; those above 4000 are
// ours (§7.4.2), and with 1000 the only ones that a browser lets a page send: in place of others it sends ABORTED.

import type { RelayErrorCode } from '../base/errors.js'
import { plain } from '../base/quoted.js'
import { refusalOfClose, relayRefusals } from './relay-refusals.js'

/** Both directions have ended. */
export const NORMAL = 1000
/** A server shuts down, or a page is left. */
export const GOING_AWAY = 1001
export const PROTOCOL_ERROR = 1002
export const UNSUPPORTED_DATA = 1003
/** No code was sent. A tunnel that ends so has delivered all it had. */
export const NO_CODE = 1005
export const MESSAGE_TOO_BIG = 1009
export const INTERNAL_ERROR = 1011
/** A stream that was cut: a close without a code would pass for its end. */
export const ABORTED = 4000
/** Of a WebSocket that failed: no close was said (RFC 6455 §7.1.5). */
export const NO_CLOSE = 1006
/** More bytes than there was credit for (docs/credit-window.md). */
export const CREDIT_EXCEEDED = 4001
/** A message that the credit window subprotocol does not have, or has elsewhere. */
export const CREDIT_MALFORMED = 4002

/** A failure, or a close that was no end of the stream. Named and shaped as the platform's, which not every platform has. */
export class WebSocketError extends Error {
  override get name(): string { return 'WebSocketError' }

  readonly closeCode: number
  readonly reason: string
  /** Why a relay of ours has closed it, instead of a connection to the target. */
  readonly code: RelayErrorCode | undefined

  constructor(message: string, closeCode: number, reason = '', code?: RelayErrorCode, options?: ErrorOptions) {
    super(message, options)
    this.closeCode = closeCode
    this.reason = reason
    this.code = code
  }
}

/** Whether a subprotocol is one of ours: then close codes mean what docs/credit-window.md says. */
export function isOurProtocol(protocol: string | undefined): boolean {
  return protocol?.startsWith('libssl-wasm.') ?? false
}

/** What a WebSocket is called in a message. `reach`: what it leads to. */
export function nameOf(reach: string): string {
  return `the connection to ${reach}`
}

/** What is said of a WebSocket that does not open in time. */
export function unanswered(reach: string): string {
  return `${nameOf(reach)} is not open: the relay has not answered: is it a relay?`
}

/** `undefined` if what arrived before was all; else what to fail with. `reach` as in {@link nameOf}. */
export function closeError(closeCode: number, reason: string, reach: string, protocol: string | undefined): WebSocketError | undefined {
  if (closeCode === NORMAL || closeCode === NO_CODE) return undefined
  const code = isOurProtocol(protocol) ? refusalOfClose(closeCode) : undefined
  const said = reason && `: "${plain(reason)}"`
  const message = code ? `cannot reach ${reach}${said} (close code ${closeCode}). ${relayRefusals[code][1]}`
    : `${nameOf(reach)} was closed with code ${closeCode}${said}`
  return new WebSocketError(message, closeCode, reason, code)
}
