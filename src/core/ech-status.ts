// What SSL_ech_get1_status answers, in words.

import {
  SSL_ECH_STATUS_BACKEND, SSL_ECH_STATUS_BAD_NAME, SSL_ECH_STATUS_FAILED_ECH, SSL_ECH_STATUS_FAILED_ECH_BAD_NAME, SSL_ECH_STATUS_GREASE,
  SSL_ECH_STATUS_GREASE_ECH, SSL_ECH_STATUS_NOT_CONFIGURED, SSL_ECH_STATUS_NOT_TRIED, SSL_ECH_STATUS_SUCCESS,
} from '../ffi/constants.gen.js'

/**
 * The outcome of Encrypted Client Hello.
 * - `accepted`: the true ClientHello was the encrypted one.
 * - `accepted, unverified`: as `accepted`, but the peer's certificate is not valid: verification was skipped.
 * - `grease`: a client sent noise in its place; or a server could decrypt nothing, which is noise to it.
 * - `grease, answered`: as `grease`, and the server has answered with configurations, which mean nothing (RFC 9849 §6.2).
 * - `rejected`: the server could not decrypt it, or knows no ECH.
 * - `rejected, answered`: as `rejected`, and the server has handed out other configurations, under a valid certificate of the
 *   public name.
 * - `rejected, answered unverified`: as `rejected, answered`, but without such a certificate.
 * - `backend`: a server in front of us has decrypted it.
 * - `not tried`: a server has keys, but the client did not use them.
 * - `not configured`: neither configurations nor keys.
 */
export type EchStatus =
  | 'accepted' | 'accepted, unverified' | 'grease' | 'grease, answered'
  | 'rejected' | 'rejected, answered' | 'rejected, answered unverified'
  | 'backend' | 'not tried' | 'not configured'

/** What became of Encrypted Client Hello, and the names in it. */
export interface EchOutcome {
  /** The outcome in a word. */
  readonly status: EchStatus
  /** The name that was asked for in the encrypted ClientHello, if there was one. */
  readonly innerServername: string | undefined
  /** The name in the outer ClientHello, which anyone can read, if there was one. On a server both are names of hosts, or absent. */
  readonly outerServername: string | undefined
}

const names: Readonly<Record<number, EchStatus>> = {
  [SSL_ECH_STATUS_BACKEND]: 'backend',
  [SSL_ECH_STATUS_GREASE_ECH]: 'grease, answered',
  [SSL_ECH_STATUS_GREASE]: 'grease',
  [SSL_ECH_STATUS_SUCCESS]: 'accepted',
  [SSL_ECH_STATUS_NOT_TRIED]: 'not tried',
  [SSL_ECH_STATUS_BAD_NAME]: 'accepted, unverified',
  [SSL_ECH_STATUS_NOT_CONFIGURED]: 'not configured',
  [SSL_ECH_STATUS_FAILED_ECH]: 'rejected, answered',
  [SSL_ECH_STATUS_FAILED_ECH_BAD_NAME]: 'rejected, answered unverified',
}

/** Any code that is not in the list is SSL_ECH_STATUS_FAILED. */
export function echStatusName(code: number): EchStatus {
  return names[code] ?? 'rejected'
}
