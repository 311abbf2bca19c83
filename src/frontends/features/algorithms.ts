// Which versions and algorithms are spoken.

import { TLS1_2_VERSION, TLS1_3_VERSION } from '../../ffi/constants.gen.js'
import { invalid, isString, refuse, type Check, type Feature } from './feature.js'

export type ProtocolVersion = 'TLSv1.2' | 'TLSv1.3'

export interface AlgorithmOptions {
  /** Default `TLSv1.2`. */
  readonly minVersion?: ProtocolVersion
  /** Default `TLSv1.3`. */
  readonly maxVersion?: ProtocolVersion
  /** TLS 1.2's suites in the syntax of openssl-ciphers(1). Default `ECDHE+CHACHA20:ECDHE+AESGCM`. */
  readonly ciphers?: string
  /** TLS 1.3's suites. Default ChaCha20-Poly1305 first: WebAssembly has no AES instructions. */
  readonly ciphersuites?: string
  /** Key exchange groups, as SSL_CTX_set1_groups_list(3) has them. Default X25519MLKEM768 first, then X25519, P-256, P-384. */
  readonly groups?: string
}

// Forward secrecy and AEAD only. ChaCha20 comes first because WebAssembly has no AES instructions: there it is both
// faster and free of table look-ups that depend on the key.
const CIPHERS = 'ECDHE+CHACHA20:ECDHE+AESGCM'
const CIPHERSUITES = 'TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384'
// A star asks for a key share in the first flight: servers that know no ML-KEM need not ask again.
const GROUPS = '*X25519MLKEM768:*X25519:secp256r1:secp384r1'

const versions = { 'TLSv1.2': TLS1_2_VERSION, 'TLSv1.3': TLS1_3_VERSION } as const
const isVersion: Check = (value) => (value === 'TLSv1.2' || value === 'TLSv1.3' ? undefined : "must be 'TLSv1.2' or 'TLSv1.3'")

export const algorithms: Feature<AlgorithmOptions> = {
  checks: { minVersion: isVersion, maxVersion: isVersion, ciphers: isString, ciphersuites: isString, groups: isString },
  agree({ minVersion = 'TLSv1.2', maxVersion = 'TLSv1.3' }) {
    if (minVersion > maxVersion) throw invalid('minVersion', `must not be above maxVersion (${minVersion} > ${maxVersion})`)
  },
  setUpCtx(ctx, options) {
    ctx.setMinProtoVersion(versions[options.minVersion ?? 'TLSv1.2'])
    ctx.setMaxProtoVersion(versions[options.maxVersion ?? 'TLSv1.3'])
    refuse('ciphers', () => ctx.setCipherList(options.ciphers ?? CIPHERS))
    refuse('ciphersuites', () => ctx.setCiphersuites(options.ciphersuites ?? CIPHERSUITES))
    refuse('groups', () => ctx.set1GroupsList(options.groups ?? GROUPS))
  },
}
