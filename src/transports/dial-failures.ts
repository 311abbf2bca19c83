// What a relay tells its client of a failure to dial, and what that is to Node's sockets.

import type { RelayErrorCode } from '../base/errors.js'

/** As Node, Deno and Bun have them. */
const dialCodes: Readonly<Record<RelayErrorCode, readonly string[]>> = {
  ERR_TLS_RELAY_TARGET_INVALID: ['EINVAL'],
  ERR_TLS_RELAY_TARGET_NOT_ALLOWED: ['EACCES', 'EPERM'],
  ERR_TLS_RELAY_HOST_NOT_FOUND: ['ENOTFOUND', 'EAI_AGAIN'],
  ERR_TLS_RELAY_CONNECTION_REFUSED: ['ECONNREFUSED'],
  ERR_TLS_RELAY_CONNECT_TIMEOUT: ['ETIMEDOUT'],
  ERR_TLS_RELAY_TARGET_UNREACHABLE: ['EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'EADDRNOTAVAIL'],
  ERR_TLS_RELAY_BUSY: ['EBUSY'],
}

const entries = Object.entries(dialCodes) as [RelayErrorCode, readonly string[]][]

/** What to say of a failure to dial: its `code` counts, else that of its `cause`. Undefined if no code is known. */
export function refusalOfFailure(error: unknown): RelayErrorCode | undefined {
  for (let at = error, depth = 0; typeof at === 'object' && at !== null && depth < 8; depth++) {
    const { code, name, cause } = at as { code?: unknown; name?: unknown; cause?: unknown }
    const found = entries.find(([, codes]) => codes.some((one) => one === code))
    if (found) return found[0]
    if (name === 'TimeoutError') return 'ERR_TLS_RELAY_CONNECT_TIMEOUT'
    at = cause
  }
  return undefined
}

/** Node's code for what a relay has told; undefined if `code` is none of a relay's. */
export function codeOfRefusal(code: unknown): string | undefined {
  return entries.find(([refusal]) => refusal === code)?.[1][0]
}
