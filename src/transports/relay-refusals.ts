// Why a relay does not connect a client to its target: the code of the client's error, the close code that says so
// (docs/credit-window.md), and the codes of the failures to dial that it is said for, as Node, Deno and Bun have them. Wisp's own
// numbers for it are in wisp/close-reason.ts.

import type { RelayErrorCode } from '../base/errors.js'

export interface RelayRefusal {
  readonly closeCode: number
  /** What the client's error adds: what to do. */
  readonly advice: string
  readonly dialCodes: readonly string[]
}

export const relayRefusals: Readonly<Record<RelayErrorCode, RelayRefusal>> = {
  ERR_TLS_RELAY_TARGET_INVALID: {
    closeCode: 4010, dialCodes: ['EINVAL'],
    advice: "Ask for a host and a port, and leave out a path of the relay's URL unless a proxy wants it",
  },
  ERR_TLS_RELAY_TARGET_NOT_ALLOWED: {
    closeCode: 4011, dialCodes: ['EACCES', 'EPERM'],
    advice: "Give the relay --allow with this host and port, spelled as they are here",
  },
  ERR_TLS_RELAY_HOST_NOT_FOUND: {
    closeCode: 4012, dialCodes: ['ENOTFOUND', 'EAI_AGAIN'],
    advice: "Check the name: the relay's machine resolves it",
  },
  ERR_TLS_RELAY_CONNECTION_REFUSED: {
    closeCode: 4013, dialCodes: ['ECONNREFUSED'],
    advice: "Check that a server listens there, as seen from the relay's machine",
  },
  ERR_TLS_RELAY_CONNECT_TIMEOUT: {
    closeCode: 4014, dialCodes: ['ETIMEDOUT'],
    advice: "Check the address, and the firewalls between the relay's machine and the target",
  },
  ERR_TLS_RELAY_TARGET_UNREACHABLE: {
    closeCode: 4015, dialCodes: ['EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'EADDRNOTAVAIL'],
    advice: "Check the address, and the network of the relay's machine",
  },
  ERR_TLS_RELAY_BUSY: {
    closeCode: 4016, dialCodes: ['EBUSY'],
    advice: "Try again later, or raise the relay's --max-connections",
  },
}

const entries = Object.entries(relayRefusals) as [RelayErrorCode, RelayRefusal][]

/** What a close code says; undefined if it is none of these. */
export function refusalOfClose(closeCode: number): RelayErrorCode | undefined {
  return entries.find(([, refusal]) => refusal.closeCode === closeCode)?.[0]
}

/** What to say of a failure to dial: its `code` counts, else that of its `cause`. Undefined if no code is known. */
export function refusalOfFailure(error: unknown): RelayErrorCode | undefined {
  for (let at = error, depth = 0; typeof at === 'object' && at !== null && depth < 8; depth++) {
    const { code, name, cause } = at as { code?: unknown; name?: unknown; cause?: unknown }
    const found = entries.find(([, { dialCodes }]) => dialCodes.some((one) => one === code))
    if (found) return found[0]
    if (name === 'TimeoutError') return 'ERR_TLS_RELAY_CONNECT_TIMEOUT'
    at = cause
  }
  return undefined
}
