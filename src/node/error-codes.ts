// OpenSSL's errors as node:tls tells them. Node 20 has OpenSSL 3.0, Node 22 and 24 have 3.5; ours is 4.0, which has renamed some reasons.

import { CertificateError, type ApiMisuseError, type OpensslError, type TlsError } from '../base/errors.js'
import { verifyName } from '../core/certificate-code.js'
import { certificateError } from '../core/fatal-error.js'
import { wordsOf } from '../core/setters.js'
import type { Ssl } from '../core/ssl.js'
import { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_OK } from '../ffi/constants.gen.js'

/** As Node's errors of OpenSSL are; `cause` is ours, whose message has advice. */
export interface NodeOpensslError extends Error {
  code?: string
  /** For example `SSL routines`. */
  library?: string
  /** For example `no shared cipher`. */
  reason?: string
  /** Further errors, the last one first: `error:0480006C:PEM routines::no start line`. */
  opensslErrorStack?: string[]
}

type Entry = Pick<OpensslError, 'packed' | 'library' | 'reason' | 'data'>

/** Node's error for a failed handshake or connection: `ERR_SSL_…` where OpenSSL has failed. Other errors are returned as they are. */
export function connectionError(error: TlsError): Error {
  const entries = error.opensslErrorStack.map(asNode)
  const [first] = entries
  if (!first || error instanceof CertificateError) return error
  const message = entries.map((entry) => textOf(entry) + (entry.data && `:${entry.data}`)).join('\n')
  // Node says SSL here whatever the library.
  return told(new Error(message, { cause: error }), first, `ERR_SSL_${upper(first.reason)}`)
}

/**
 * For an option that createSecureContext() refuses: `ERR_OSSL_…`, or `ERR_SSL_…` for what is libssl's.
 * @param option Node's name of it
 */
export function contextError(error: ApiMisuseError, option?: string): NodeOpensslError {
  const words = option === undefined ? undefined : OPERATIONS[option]
  if (words) return operationFailed(words, error)
  const known = OURS[error.code]
  const [first, ...others] = known ? [known] : error.opensslErrorStack.map(asNode)
  if (option === 'pfx' && known && error.opensslErrorStack.length === 0 && error.code === 'ERR_TLS_KEY_UNREADABLE') {
    return new Error('Unable to load private key from PFX data', { cause: error })
  }
  if (option === 'pfx') return new Error(known ? PFX_WORDS[error.code] ?? known.reason : first?.reason ?? wordsOf(error), { cause: error })
  if (!first) return new Error(wordsOf(error), { cause: error })
  const library = LIBRARIES[first.library] ?? ''
  const code = `ERR_${library === 'SSL_' ? '' : 'OSSL_'}${library}${upper(first.reason)}`
  const result = told(new Error(textOf(first), { cause: error }), first, code)
  if (others.length > 0) result.opensslErrorStack = others.reverse().map(textOf)
  return result
}

/** The error of an operation for which Node, not OpenSSL, has the words. */
export function operationFailed(message: string, cause?: unknown): Error & { code: string } {
  return Object.assign(new Error(message, cause === undefined ? undefined : { cause }), { code: 'ERR_CRYPTO_OPERATION_FAILED' })
}

/**
 * The verification failure of a connection that was made in spite of it: its code becomes `authorizationError`, or the whole of it the
 * 'error'. `undefined` if there is none. A name that does not match is reported by `checkServerIdentity`.
 * @param demanded a certificate was asked for, and a key that both know does not stand for it
 * @openssl SSL_get_verify_result
 */
export function verificationError(ssl: Ssl, demanded = false): (Error & { code: string }) | undefined {
  if (ssl.getPeerCertificate() !== undefined) {
    const result = ssl.getVerifyResult()
    if (result === X509_V_OK) return undefined
    return verifyError(result, ssl.verifyCertErrorString(result), certificateError(ssl, { alert: undefined, opensslErrorStack: [] }))
  }
  // A key that both know is proof enough where no certificate was asked for. TLS 1.3 knows it as a session.
  const byKey = /^TLS_(EC)?(DHE_)?PSK_/.test(ssl.getCipherStandardName() ?? '') || (ssl.getVersion() === 'TLSv1.3' && ssl.sessionReused())
  const missing = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT
  return byKey && !demanded ? undefined : verifyError(missing, ssl.verifyCertErrorString(missing))
}

function verifyError(verifyCode: number, words: string, cause?: CertificateError): Error & { code: string } {
  const name = verifyName(verifyCode).replace(/^X509_V_ERR_/, '')
  return Object.assign(new Error(VERIFY_WORDS[name] ?? words, cause && { cause }), { code: VERIFY_CODES.has(name) ? name : 'UNSPECIFIED' })
}

function told(error: Error, { library, reason }: Entry, code: string): NodeOpensslError {
  return Object.assign(error, { library, reason, code })
}

function textOf({ packed, library, reason }: Entry): string {
  return `error:${(packed >>> 0).toString(16).toUpperCase().padStart(8, '0')}:${library}::${reason}`
}

function upper(reason: string): string {
  return reason.replaceAll(' ', '_').toUpperCase()
}

function asNode(entry: Entry): Entry {
  const { library, reason } = entry
  if (library !== 'SSL routines') return entry
  const alert = /^tls alert (.*)$/.exec(reason)
  return { ...entry, reason: alert ? `${alertPrefix()} alert ${alert[1]}` : reason.replace(RENAMED, 'ssl3$1') }
}

/** The prefix of eleven alerts that SSL 3.0 had, too: as the platform's own Node has it, else as Node 22 and 24 have it. */
function alertPrefix(): string {
  const { versions } = (globalThis as { process?: { versions?: { openssl?: string } } }).process ?? {}
  return /^3\.[01]\./.test(versions?.openssl ?? '') ? 'sslv3' : 'ssl/tls'
}

const RENAMED = /^tls( ext invalid (?:max fragment length|servername(?: type)?)| session id too long)$/

/** Names of libraries that are part of Node's codes. */
const LIBRARIES: Readonly<Record<string, string>> = {
  'SSL routines': 'SSL_', 'PEM routines': 'PEM_', 'x509 certificate routines': 'X509_', 'asn1 encoding routines': 'ASN1_',
  'digital envelope routines': 'EVP_', 'rsa routines': 'RSA_', 'Diffie-Hellman routines': 'DH_', 'elliptic curve routines': 'EC_',
  'BIO routines': 'BIO_', 'PKCS12 routines': 'PKCS12_', 'X509 V3 routines': 'X509V3_', 'common libcrypto routines': 'CRYPTO_',
  'bignum routines': 'BN_', 'object identifier routines': 'OBJ_', 'OCSP routines': 'OCSP_', 'random number generator': 'RAND_',
}

const BAD_DECRYPT: Entry = { packed: 0x1c800064, library: 'Provider routines', reason: 'bad decrypt', data: '' }

/** What OpenSSL itself would say where our shim looks closer. */
const OURS: Readonly<Record<string, Entry>> = {
  ERR_TLS_KEY_MISMATCH: { packed: 0x05800074, library: 'x509 certificate routines', reason: 'key values mismatch', data: '' },
  ERR_TLS_KEY_UNREADABLE: { packed: 0x1e08010c, library: 'DECODER routines', reason: 'unsupported', data: '' },
  ERR_TLS_KEY_ENCRYPTION_UNSUPPORTED: { packed: 0x0308010c, library: 'digital envelope routines', reason: 'unsupported', data: '' },
  ERR_TLS_PASSPHRASE_MISSING: BAD_DECRYPT,
  ERR_TLS_PASSPHRASE_WRONG: BAD_DECRYPT,
}

/** For `pfx` the message of Node's error is OpenSSL's reason alone. */
const PFX_WORDS: Readonly<Record<string, string>> = {
  ERR_TLS_KEY_UNREADABLE: 'not enough data', ERR_TLS_PASSPHRASE_MISSING: 'mac verify failure',
  ERR_TLS_PASSPHRASE_WRONG: 'mac verify failure',
}

const OPERATIONS: Readonly<Record<string, string>> = { crl: 'Failed to parse CRL', ecdhCurve: 'Failed to set ECDH curve' }

/** Node's list, by OpenSSL's names; all others are UNSPECIFIED. */
const VERIFY_CODES: ReadonlySet<string> = new Set([
  'UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_CRL', 'UNABLE_TO_DECRYPT_CERT_SIGNATURE', 'UNABLE_TO_DECRYPT_CRL_SIGNATURE',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY', 'CERT_SIGNATURE_FAILURE', 'CRL_SIGNATURE_FAILURE', 'CERT_NOT_YET_VALID', 'CERT_HAS_EXPIRED',
  'CRL_NOT_YET_VALID', 'CRL_HAS_EXPIRED', 'ERROR_IN_CERT_NOT_BEFORE_FIELD', 'ERROR_IN_CERT_NOT_AFTER_FIELD',
  'ERROR_IN_CRL_LAST_UPDATE_FIELD', 'ERROR_IN_CRL_NEXT_UPDATE_FIELD', 'OUT_OF_MEM', 'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'CERT_CHAIN_TOO_LONG',
  'CERT_REVOKED', 'INVALID_CA', 'PATH_LENGTH_EXCEEDED', 'INVALID_PURPOSE', 'CERT_UNTRUSTED', 'CERT_REJECTED', 'HOSTNAME_MISMATCH',
])

/** Where OpenSSL 4.0 has other words than 3.x. */
const VERIFY_WORDS: Readonly<Record<string, string>> = { CERT_NOT_YET_VALID: 'certificate is not yet valid' }
