// What every peer is tried with: both versions, and a server certificate of each key type.

import { authority, localhost, RSA } from '../../helpers/certificates.js'
import type { ProtocolVersion } from '../../../src/index.js'

/** What servers show. Both are for localhost and the loopback addresses. */
export const identities = { EC: localhost, RSA: authority.leaf({ newkey: RSA }) } as const
/** What clients show. */
export const client = authority.leaf({ name: 'client', san: 'DNS:client.example' })

export const versions: readonly ProtocolVersion[] = ['TLSv1.2', 'TLSv1.3']

export const matrix = versions.flatMap((version) => (['EC', 'RSA'] as const).map((keyType) => ({ version, keyType })))

/** Options that pin our side. */
export const only = (version: ProtocolVersion) => ({ minVersion: version, maxVersion: version }) as const

/** The suite that our defaults come to, by the RFC's name, with a peer that lets us choose or prefers the same. */
export function chachaSuite(version: ProtocolVersion, keyType: keyof typeof identities): string {
  if (version === 'TLSv1.3') return 'TLS_CHACHA20_POLY1305_SHA256'
  return `TLS_ECDHE_${keyType === 'EC' ? 'ECDSA' : 'RSA'}_WITH_CHACHA20_POLY1305_SHA256`
}
