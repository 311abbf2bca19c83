// Why a relay does not connect a client to its target: the code of the client's error, the close code that says so
// (docs/credit-window.md). Which failures to dial it is said for is in dial-failures.ts; Wisp's own numbers are in
// wisp/close-reason.ts.

import type { RelayErrorCode } from '../base/errors.js'

/** The advice, what to do, is added to the client's error. */
export type RelayRefusal = readonly [closeCode: number, advice: string]

export const relayRefusals: Readonly<Record<RelayErrorCode, RelayRefusal>> = {
  ERR_TLS_RELAY_TARGET_INVALID: [4010, "Give a host and a port, and the relay's URL without a path"],
  ERR_TLS_RELAY_TARGET_NOT_ALLOWED: [4011, 'Give the relay --allow with this target, spelled exactly so'],
  ERR_TLS_RELAY_HOST_NOT_FOUND: [4012, 'Check the name: the relay resolves it'],
  ERR_TLS_RELAY_CONNECTION_REFUSED: [4013, 'Check that a server listens there, seen from the relay'],
  ERR_TLS_RELAY_CONNECT_TIMEOUT: [4014, 'Check the address, and the firewalls behind the relay'],
  ERR_TLS_RELAY_TARGET_UNREACHABLE: [4015, "Check the address, and the relay's network"],
  ERR_TLS_RELAY_BUSY: [4016, "Try later, or raise the relay's --max-connections"],
}

const entries = Object.entries(relayRefusals) as [RelayErrorCode, RelayRefusal][]

/** What a close code says; undefined if it is none of these. */
export function refusalOfClose(closeCode: number): RelayErrorCode | undefined {
  return entries.find(([, [one]]) => one === closeCode)?.[0]
}
