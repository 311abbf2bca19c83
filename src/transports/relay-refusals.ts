// Why a relay does not connect a client to its target: the code of the client's error, the close code that says so
// (docs/credit-window.md). Which failures to dial it is said for is in dial-failures.ts; Wisp's own numbers are in
// wisp/close-reason.ts.

import type { RelayErrorCode } from '../base/errors.js'

export interface RelayRefusal {
  readonly closeCode: number
  /** What the client's error adds: what to do. */
  readonly advice: string
}

export const relayRefusals: Readonly<Record<RelayErrorCode, RelayRefusal>> = {
  ERR_TLS_RELAY_TARGET_INVALID: {
    closeCode: 4010, advice: "Ask for a host and a port, and leave out a path of the relay's URL unless a proxy wants it",
  },
  ERR_TLS_RELAY_TARGET_NOT_ALLOWED: {
    closeCode: 4011, advice: "Give the relay --allow with this host and port, spelled as they are here",
  },
  ERR_TLS_RELAY_HOST_NOT_FOUND: {
    closeCode: 4012, advice: "Check the name: the relay's machine resolves it",
  },
  ERR_TLS_RELAY_CONNECTION_REFUSED: {
    closeCode: 4013, advice: "Check that a server listens there, as seen from the relay's machine",
  },
  ERR_TLS_RELAY_CONNECT_TIMEOUT: {
    closeCode: 4014, advice: "Check the address, and the firewalls between the relay's machine and the target",
  },
  ERR_TLS_RELAY_TARGET_UNREACHABLE: {
    closeCode: 4015, advice: "Check the address, and the network of the relay's machine",
  },
  ERR_TLS_RELAY_BUSY: {
    closeCode: 4016, advice: "Try again later, or raise the relay's --max-connections",
  },
}

const entries = Object.entries(relayRefusals) as [RelayErrorCode, RelayRefusal][]

/** What a close code says; undefined if it is none of these. */
export function refusalOfClose(closeCode: number): RelayErrorCode | undefined {
  return entries.find(([, refusal]) => refusal.closeCode === closeCode)?.[0]
}
