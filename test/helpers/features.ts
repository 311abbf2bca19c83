// Tests that prove a row of the table of features: they say which, with whom they talked, in which version and role.
// tools/feature-table.ts makes the table of those that have passed.

import { it } from 'vitest'
import type { FeatureId } from './feature-rows.js'

export interface Proof {
  /** Who the other end was, for example `openssl s_server`, `nginx`, `node:tls`. */
  readonly peer: string
  /** Ours. */
  readonly role: 'client' | 'server'
  readonly version: 'TLSv1.2' | 'TLSv1.3'
}

/** A test that proves a row of the table against a peer that others wrote. `claim` says what is tried. */
export function proves(row: FeatureId, { peer, role, version }: Proof, claim: string, body: () => Promise<void>): void {
  it(`${claim} [${row}: ${role}, ${version}, ${peer}]`, body)
}
