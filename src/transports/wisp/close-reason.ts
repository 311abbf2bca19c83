// Why a Wisp stream, or the whole connection (as stream 0), was closed.

import { TransportError } from '../../base/errors.js'

/**
 * Each reason: its number in a CLOSE packet, its words for messages, and the codes of the failures to dial that a server says it
 * for, as Node, Deno and Bun have them.
 */
const reasons = {
  UNSPECIFIED: [0x01, 'without a reason'],
  /** The clean end of a stream. */
  VOLUNTARY: [0x02, 'voluntarily'],
  NETWORK_ERROR: [0x03, 'because of a network error'],
  /** Of the connection's opening, on stream 0. */
  INCOMPATIBLE: [0x04, 'because the two sides do not fit'],
  /** From 0x41 to 0x49: said by servers. */
  INVALID_TARGET: [0x41, 'because the target is not valid', 'EINVAL'],
  UNREACHABLE: [
    0x42, 'because the target cannot be reached', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'EADDRNOTAVAIL',
  ],
  CONNECT_TIMEOUT: [0x43, 'because the target did not answer in time', 'ETIMEDOUT'],
  REFUSED: [0x44, 'because the target refused the connection', 'ECONNREFUSED'],
  TRANSFER_TIMEOUT: [0x47, 'because nothing has moved for too long'],
  BLOCKED: [0x48, 'because the target is not allowed', 'EACCES', 'EPERM'],
  THROTTLED: [0x49, 'because there is too much of it', 'EBUSY'],
  /** Said by clients, that cannot take any more. */
  CLIENT_ERROR: [0x81, 'because the client failed'],
  /** From 0xc0 on: of the connection's authentication, on stream 0. */
  BAD_PASSWORD: [0xc0, 'because user name or password are wrong'],
  BAD_SIGNATURE: [0xc1, 'because the signature is wrong'],
  CREDENTIALS_WANTED: [0xc2, 'because it wants a user name and a password'],
} as const

export type WispCloseReasonName = keyof typeof reasons

const entries = Object.entries(reasons) as [WispCloseReasonName, readonly [number, string, ...string[]]][]

/** The numbers of a CLOSE packet, by the names that we give them. */
export const WispCloseReason = Object.fromEntries(entries.map(([name, [number]]) => [name, number])) as {
  readonly [Name in WispCloseReasonName]: (typeof reasons)[Name][0]
}

/** The other side closed a stream, or the connection, and not because all was said. */
export class WispCloseError extends TransportError {
  override get name(): string { return 'WispCloseError' }

  /** The number that came. */
  readonly reason: number
  /** Its name, or `undefined` if it has none. */
  readonly reasonName: WispCloseReasonName | undefined

  constructor(what: string, reason: number) {
    const [name, [, why]] = entries.find(([, [number]]) => number === reason) ?? [undefined, [reason, 'for a reason of its own']]
    super(`${what} ${why} (Wisp: ${name ?? 'unknown'}, 0x${reason.toString(16).padStart(2, '0')})`)
    this.reason = reason
    this.reasonName = name
  }
}

/** The number for a failure to dial. The error's `code` counts, else that of its `cause`. */
export function reasonOfFailure(error: unknown): number {
  for (let at = error, depth = 0; typeof at === 'object' && at !== null && depth < 8; depth++) {
    const { code, name, cause } = at as { code?: unknown; name?: unknown; cause?: unknown }
    const found = entries.find(([, [, , ...codes]]) => codes.some((one) => one === code))
    if (found) return found[1][0]
    if (name === 'TimeoutError') return WispCloseReason.CONNECT_TIMEOUT
    at = cause
  }
  return WispCloseReason.UNSPECIFIED
}
