// Why a Wisp stream, or the whole connection (as stream 0), was closed.

import { TransportError, type RelayErrorCode } from '../../base/errors.js'
import { refusalOfFailure } from '../dial-failures.js'
import { relayRefusals } from '../relay-refusals.js'

/**
 * Each reason: its number in a CLOSE packet, its words for messages, and the codes of the errors that it is, on a client, and that it
 * is said for, by a server. The first is the client's.
 */
const reasons = {
  UNSPECIFIED: [0x01, 'without a reason'],
  /** The clean end of a stream. */
  VOLUNTARY: [0x02, 'voluntarily'],
  NETWORK_ERROR: [0x03, 'because of a network error'],
  /** Of the connection's opening, on stream 0. */
  INCOMPATIBLE: [0x04, 'because the two sides are incompatible'],
  /** From 0x41 to 0x49: said by servers. */
  INVALID_TARGET: [0x41, 'because the target is not valid', 'ERR_TLS_RELAY_TARGET_INVALID'],
  UNREACHABLE: [0x42, 'because the target cannot be reached', 'ERR_TLS_RELAY_TARGET_UNREACHABLE', 'ERR_TLS_RELAY_HOST_NOT_FOUND'],
  CONNECT_TIMEOUT: [0x43, 'because the target did not answer in time', 'ERR_TLS_RELAY_CONNECT_TIMEOUT'],
  REFUSED: [0x44, 'because the target refused the connection', 'ERR_TLS_RELAY_CONNECTION_REFUSED'],
  TRANSFER_TIMEOUT: [0x47, 'because nothing has moved for too long'],
  BLOCKED: [0x48, 'because the target is not allowed', 'ERR_TLS_RELAY_TARGET_NOT_ALLOWED'],
  THROTTLED: [0x49, 'because there are too many connections or too much data', 'ERR_TLS_RELAY_BUSY'],
  /** Said by clients, that cannot take any more. */
  CLIENT_ERROR: [0x81, 'because the client failed'],
  /** From 0xc0 on: of the connection's authentication, on stream 0. */
  BAD_PASSWORD: [0xc0, 'because user name or password are wrong'],
  BAD_SIGNATURE: [0xc1, 'because the signature is wrong'],
  CREDENTIALS_WANTED: [0xc2, 'because it wants a user name and a password'],
} as const

/** Our name of a reason in a CLOSE packet. */
export type WispCloseReasonName = keyof typeof reasons

const entries = Object.entries(reasons) as [WispCloseReasonName, readonly [number, string, ...RelayErrorCode[]]][]

/** The numbers of a CLOSE packet, by the names that we give them. */
export const WispCloseReason = Object.fromEntries(entries.map(([name, [number]]) => [name, number])) as {
  readonly [Name in WispCloseReasonName]: (typeof reasons)[Name][0]
}

/** The other side closed a stream, or the connection, and not because all was said. `code` is the reason's, if it has one. */
export class WispCloseError extends TransportError {
  override get name(): string { return 'WispCloseError' }

  /** The number that came. */
  readonly reason: number
  /** Its name, or `undefined` if it has none. */
  readonly reasonName: WispCloseReasonName | undefined

  /** `what` was closed; by a reason of the server's not to connect it, `reach` cannot be reached. */
  constructor(what: string, reason: number, reach?: string) {
    const [name, [, why, code]] = entries.find(([, [number]]) => number === reason) ?? [undefined, [reason, 'for a reason of its own']]
    const number = `(Wisp: ${name ?? 'unknown'}, 0x${reason.toString(16).padStart(2, '0')})`
    const words = code && reach !== undefined ? `cannot reach ${reach}: ${why.replace('because ', '')}` : `${what} ${why}`
    super(`${words} ${number}${code ? `. ${relayRefusals[code][1]}` : ''}`, { code })
    this.reason = reason
    this.reasonName = name
  }
}

/** The number for a failure to dial. The error's `code` counts, else that of its `cause`. */
export function reasonOfFailure(error: unknown): number {
  const refusal = refusalOfFailure(error)
  return entries.find(([, [, , ...codes]]) => codes.some((code) => code === refusal))?.[1][0] ?? WispCloseReason.UNSPECIFIED
}
