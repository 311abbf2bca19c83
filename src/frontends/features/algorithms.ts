// Which versions and algorithms are spoken, and whether with servers that lack the protection of renegotiations.

import { BasicSsl } from '../../core/basic-ssl.js'
import { BasicBioPair } from '../../core/basic-bio-pair.js'
import type { LibSsl } from '../../core/lib-ssl.js'
import { BasicSslCtx } from '../../core/basic-ssl-ctx.js'
import { SSL_OP_LEGACY_SERVER_CONNECT, TLS1_2_VERSION, TLS1_3_VERSION } from '../../ffi/constants.gen.js'
import { useUp } from '../kept.js'
import { invalid, isBoolean, isIntegerFrom, isOneOf, isString, refuse, type Check, type Feature } from './feature.js'

/** A version of TLS. */
export type ProtocolVersion = 'TLSv1.2' | 'TLSv1.3'

/** Which versions and algorithms there may be. */
export interface AlgorithmOptions {
  /** Default `TLSv1.2`. */
  readonly minVersion?: ProtocolVersion | undefined
  /** Default `TLSv1.3`. */
  readonly maxVersion?: ProtocolVersion | undefined
  /**
   * TLS 1.2's suites in the syntax of openssl-ciphers(1), but for `@SECLEVEL`. Default `ECDHE+CHACHA20:ECDHE+AESGCM`. For DHE suites
   * a server has parameters as strong as its key and the security level.
   */
  readonly ciphers?: string | undefined
  /** TLS 1.3's suites. Default ChaCha20-Poly1305 first: WebAssembly has no AES instructions. */
  readonly ciphersuites?: string | undefined
  /** Key exchange groups, as SSL_CTX_set1_groups_list(3) has them. Default X25519MLKEM768 first, then X25519, P-256, P-384. */
  readonly groups?: string | undefined
  /**
   * Signature algorithms in order of preference, separated by colons: RFC 8446's names (`ecdsa_secp256r1_sha256`), or
   * `ECDSA+SHA256` and the like. They bind the peer's certificate and signature, and our own. Default OpenSSL's, ML-DSA
   * first.
   */
  readonly signatureAlgorithms?: string | undefined
  /**
   * The same for client certificates alone, in place of `signatureAlgorithms`: on a client what it may sign with, on a server what
   * it asks of its clients.
   */
  readonly clientSignatureAlgorithms?: string | undefined
  /**
   * How strong keys, signatures and suites must be, ours and the peer's: 2 for 112 bits, 3 for 128, 4 for 192, 5 for 256.
   * Default 2. @openssl SSL_CTX_set_security_level
   */
  readonly securityLevel?: 2 | 3 | 4 | 5 | undefined
  /** DANGEROUS: 1 takes RSA keys from 1024 bits, 0 takes everything, SHA-1 too. Instead of `securityLevel`. */
  readonly dangerouslyLowSecurityLevel?: 0 | 1 | undefined
}

/** About servers that do not know RFC 5746. */
export interface LegacyRenegotiationOptions {
  /**
   * DANGEROUS: connect to servers without RFC 5746, as some old appliances are. Their renegotiations are open to an attacker who
   * puts requests before yours, and whether that happens, a client cannot see. Default: they are refused,
   * `ERR_SSL_UNSAFE_LEGACY_RENEGOTIATION_DISABLED`. TLS 1.3 has no renegotiation. @openssl SSL_OP_LEGACY_SERVER_CONNECT
   */
  readonly dangerouslyAllowLegacyRenegotiation?: boolean | undefined
}

// Forward secrecy and AEAD only. ChaCha20 comes first because it is faster: WebAssembly has no AES instructions.
const CIPHERS = 'ECDHE+CHACHA20:ECDHE+AESGCM'
// With a pre-shared key: OpenSSL has no other suite for it with forward secrecy and AEAD.
const PSK_CIPHERS = `ECDHE-PSK-CHACHA20-POLY1305:${CIPHERS}`
const CIPHERSUITES = 'TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384'
// A star asks for a key share in the first flight: servers that know no ML-KEM need not ask again.
const GROUPS = '*X25519MLKEM768:*X25519:secp256r1:secp384r1'
// Those of the default that are left above level 3, and what joins them.
const STRONGER_GROUPS = { 4: '*X25519MLKEM768:*secp384r1:secp521r1', 5: '*SecP384r1MLKEM1024:*secp521r1' } as const

const versions = { 'TLSv1.2': TLS1_2_VERSION, 'TLSv1.3': TLS1_3_VERSION } as const
const isVersion = isOneOf(...Object.keys(versions))
const isCipherList: Check = (value) => isString(value)
  ?? (/@SECLEVEL/i.test(value as string) ? "must not hold @SECLEVEL: that is option 'securityLevel'" : undefined)

export const algorithms: Feature<AlgorithmOptions, { readonly psk?: unknown }> = {
  checks: {
    minVersion: isVersion, maxVersion: isVersion, securityLevel: isIntegerFrom(2, 5), dangerouslyLowSecurityLevel: isIntegerFrom(0, 1),
    ciphers: isCipherList, ciphersuites: isString, groups: isString, signatureAlgorithms: isString, clientSignatureAlgorithms: isString,
  },
  perClient: ['minVersion', 'maxVersion', 'ciphers', 'ciphersuites', 'groups', 'signatureAlgorithms', 'clientSignatureAlgorithms'],
  excludes: { dangerouslyLowSecurityLevel: ['securityLevel'] },
  agree(options) {
    const { minVersion = 'TLSv1.2', maxVersion = 'TLSv1.3' } = options
    if (minVersion > maxVersion) throw invalid('minVersion', `must not be above maxVersion (${minVersion} > ${maxVersion})`)
    if (minVersion < maxVersion) return
    for (const [option, such, what] of FOREIGN[minVersion]) {
      // Marks before a name are not part of it.
      const all = options[option]?.split(/[:/]/).every((name) => such.test(name.replace(/^[*?-]+/, '')))
      if (all) throw invalid(option, `has nothing for ${minVersion}, and no other version is allowed: it has no ${what}`)
    }
  },
  setUpCtx(ctx, options) {
    setAlgorithms(ctx, options)
    ctx.setDhAuto(true) // servers look at it alone
    const { securityLevel, ciphersuites, groups, signatureAlgorithms, clientSignatureAlgorithms: ofClients } = options
    // OpenSSL has no group and no suite of TLS 1.3 that is too weak for the default level.
    const mayBeTooWeak = securityLevel !== undefined && (ciphersuites ?? groups) !== undefined
    if (mayBeTooWeak || signatureAlgorithms !== undefined) tryHello(ctx.lib, options)
    if (ofClients !== undefined) tryHello(ctx.lib, { ...options, signatureAlgorithms: ofClients }, 'clientSignatureAlgorithms')
  },
  setUpSsl(ssl, options) {
    if (ssl.hasSupportedCiphers()) return
    const option = options.ciphers !== undefined ? 'ciphers' : options.ciphersuites !== undefined ? 'ciphersuites' : 'securityLevel'
    throw invalid(option, 'leaves no cipher suite that the other options allow')
  },
  changeSsl(ssl, options) {
    refuse('groups', () => ssl.set1GroupsList(groupsOf(options)))
  },
}

const signaturesThatAre = (such: RegExp, what: string) =>
  (['signatureAlgorithms', 'clientSignatureAlgorithms'] as const).map((option) => [option, such, what] as const)

export const legacyRenegotiation: Feature<LegacyRenegotiationOptions> = {
  checks: { dangerouslyAllowLegacyRenegotiation: isBoolean },
  setUpCtx(ctx, { dangerouslyAllowLegacyRenegotiation }) {
    if (dangerouslyAllowLegacyRenegotiation) ctx.setOptions(SSL_OP_LEGACY_SERVER_CONNECT)
  },
}

/** Names that a version does not have, by option. */
const FOREIGN = {
  'TLSv1.3': [
    ['ciphers', /^/, "suites of TLS 1.2: give 'ciphersuites'"],
    ...signaturesThatAre(/^(RSA\+|rsa_pkcs1_)|sha1$|sha224$/i, 'RSA with PKCS#1 padding, SHA-1 or SHA-224'),
  ],
  'TLSv1.2': [
    ['ciphersuites', /^/, "suites of TLS 1.3: give 'ciphers'"], ['groups', /MLKEM/i, 'ML-KEM'],
    ...signaturesThatAre(/^mldsa/i, 'ML-DSA'),
  ],
} as const

const LEAVES_NONE: Readonly<Record<string, keyof AlgorithmOptions>> = {
  ERR_SSL_NO_SUITABLE_GROUPS: 'groups',
  ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM: 'signatureAlgorithms',
  ERR_SSL_NO_CIPHERS_AVAILABLE: 'ciphersuites',
}

/** OpenSSL gives no reason for a list of these: the name that it refuses alone, too, is to blame. */
function setNames(option: string, list: string, set: (list: string) => void): void {
  const isRefused = (name: string) => {
    try { set(name) } catch { return true }
    return false
  }
  refuse(option, () => set(list), () => {
    const wrong = list.split(/[:/]/).find(isRefused)
    const which = wrong === undefined ? '' : `: it does not know '${wrong}'`
    return `it must hold names that this build of OpenSSL knows, separated by colons${which}`
  })
}

function setAlgorithms(ctx: BasicSslCtx, options: AlgorithmOptions & { readonly psk?: unknown }): void {
  const level = options.securityLevel ?? options.dangerouslyLowSecurityLevel
  // Before all else: it is held against each of the others, certificates too.
  if (level !== undefined) ctx.setSecurityLevel(level)
  ctx.setMinProtoVersion(versions[options.minVersion ?? 'TLSv1.2'])
  ctx.setMaxProtoVersion(versions[options.maxVersion ?? 'TLSv1.3'])
  refuse('ciphers', () => ctx.setCipherList(options.ciphers ?? (options.psk === undefined ? CIPHERS : PSK_CIPHERS)))
  refuse('ciphersuites', () => ctx.setCiphersuites(options.ciphersuites ?? CIPHERSUITES))
  setNames('groups', groupsOf(options), (list) => ctx.set1GroupsList(list))
  const { signatureAlgorithms, clientSignatureAlgorithms } = options
  if (signatureAlgorithms) setNames('signatureAlgorithms', signatureAlgorithms, (list) => ctx.set1SigalgsList(list))
  if (clientSignatureAlgorithms) setNames('clientSignatureAlgorithms', clientSignatureAlgorithms, (list) => ctx.set1ClientSigalgsList(list))
}

/**
 * OpenSSL holds groups, signature algorithms and TLS 1.3's suites against the level only when it writes a ClientHello. So a
 * throw-away client writes one: if no algorithm is left for it, none is left for a server either. (In a ClientHello of TLS 1.2
 * alone, OpenSSL omits an empty list of groups, and later refuses the server's choice.) `asked`: which option stands for
 * `signatureAlgorithms`.
 */
function tryHello(lib: LibSsl, options: AlgorithmOptions, asked: keyof AlgorithmOptions = 'signatureAlgorithms'): void {
  const option = useUp(new BasicSslCtx(lib, 'TLS_client_method'), (ctx) => {
    setAlgorithms(ctx, options)
    return useUp(new BasicSsl(ctx), (ssl) => useUp(new BasicBioPair(lib), ({ internal }) => {
      ssl.setBio(internal)
      ssl.connect()
      return ssl.opensslErrors.map(({ code }) => LEAVES_NONE[code]).find(Boolean)
    }))
  })
  // With other errors the connection itself fails, and says why.
  if (option) throw invalid(option === 'signatureAlgorithms' ? asked : option, 'leaves none that the other options allow')
}

function groupsOf({ groups, securityLevel: level }: AlgorithmOptions): string {
  return groups ?? (level === 4 || level === 5 ? STRONGER_GROUPS[level] : GROUPS)
}
