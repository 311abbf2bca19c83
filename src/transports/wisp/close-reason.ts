// Why a Wisp stream, or the whole connection (as stream 0), was closed.

import { TransportError } from '../../base/errors.js'

/** The numbers of a CLOSE packet, by the names that we give them. */
export const WispCloseReason = {
  UNSPECIFIED: 0x01,
  /** The clean end of a stream. */
  VOLUNTARY: 0x02,
  NETWORK_ERROR: 0x03,
  /** Of the connection's opening, on stream 0. */
  INCOMPATIBLE: 0x04,
  /** From 0x41 to 0x49: said by servers. */
  INVALID_TARGET: 0x41,
  UNREACHABLE: 0x42,
  CONNECT_TIMEOUT: 0x43,
  REFUSED: 0x44,
  TRANSFER_TIMEOUT: 0x47,
  BLOCKED: 0x48,
  THROTTLED: 0x49,
  /** Said by clients, that cannot take any more. */
  CLIENT_ERROR: 0x81,
  /** From 0xc0 on: of the connection's authentication, on stream 0. */
  BAD_PASSWORD: 0xc0,
  BAD_SIGNATURE: 0xc1,
  CREDENTIALS_WANTED: 0xc2,
} as const

export type WispCloseReasonName = keyof typeof WispCloseReason

/** In words, for messages. */
const words: Readonly<Record<WispCloseReasonName, string>> = {
  UNSPECIFIED: 'without a reason',
  VOLUNTARY: 'voluntarily',
  NETWORK_ERROR: 'because of a network error',
  INCOMPATIBLE: 'because the two sides do not fit',
  INVALID_TARGET: 'because the target is not valid',
  UNREACHABLE: 'because the target cannot be reached',
  CONNECT_TIMEOUT: 'because the target did not answer in time',
  REFUSED: 'because the target refused the connection',
  TRANSFER_TIMEOUT: 'because nothing has moved for too long',
  BLOCKED: 'because the target is not allowed',
  THROTTLED: 'because there is too much of it',
  CLIENT_ERROR: 'because the client failed',
  BAD_PASSWORD: 'because user name or password are wrong',
  BAD_SIGNATURE: 'because the signature is wrong',
  CREDENTIALS_WANTED: 'because it wants a user name and a password',
}

const names = new Map<number, WispCloseReasonName>(
  (Object.keys(WispCloseReason) as WispCloseReasonName[]).map((name) => [WispCloseReason[name], name]),
)

/** The other side closed a stream, or the connection, and not because all was said. */
export class WispCloseError extends TransportError {
  override get name(): string { return 'WispCloseError' }

  /** The number that came. */
  readonly reason: number
  /** Its name, or `undefined` if it has none. */
  readonly reasonName: WispCloseReasonName | undefined

  constructor(what: string, reason: number) {
    const name = names.get(reason)
    const why = name ? words[name] : 'for a reason of its own'
    super(`${what} ${why} (Wisp: ${name ?? 'unknown'}, 0x${reason.toString(16).padStart(2, '0')})`)
    this.reason = reason
    this.reasonName = name
  }
}

/** Codes of the system's errors, as Node, Deno and Bun have them. */
const ofCode: Readonly<Record<string, number>> = {
  ECONNREFUSED: WispCloseReason.REFUSED,
  ENOTFOUND: WispCloseReason.UNREACHABLE,
  EAI_AGAIN: WispCloseReason.UNREACHABLE,
  EHOSTUNREACH: WispCloseReason.UNREACHABLE,
  ENETUNREACH: WispCloseReason.UNREACHABLE,
  EHOSTDOWN: WispCloseReason.UNREACHABLE,
  EADDRNOTAVAIL: WispCloseReason.UNREACHABLE,
  ETIMEDOUT: WispCloseReason.CONNECT_TIMEOUT,
  EACCES: WispCloseReason.BLOCKED,
  EPERM: WispCloseReason.BLOCKED,
  EINVAL: WispCloseReason.INVALID_TARGET,
  EBUSY: WispCloseReason.THROTTLED,
}

/** What a failure to dial is called. The error's `code` counts, else that of its `cause`. */
export function reasonOfFailure(error: unknown): number {
  for (let at = error, depth = 0; typeof at === 'object' && at !== null && depth < 8; depth++) {
    const { code, name, cause } = at as { code?: unknown; name?: unknown; cause?: unknown }
    if (typeof code === 'string' && Object.hasOwn(ofCode, code)) return ofCode[code]!
    if (name === 'TimeoutError') return WispCloseReason.CONNECT_TIMEOUT
    at = cause
  }
  return WispCloseReason.UNSPECIFIED
}
