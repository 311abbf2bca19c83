// What an I/O call answers: OpenSSL's return value, and SSL_get_error's code read right after it.

import { SSL_ERROR_NAMES } from '../ffi/constants.gen.js'

/** SSL_get_error(3)'s answers, as numbers. */
export type SslErrorCode = keyof typeof SSL_ERROR_NAMES

/** For example `{ ret: -1, error: SSL_ERROR_WANT_READ }`. */
export interface IoResult {
  /** As the manual page of the call has it; for `read` and `write` a count of bytes if positive. */
  readonly ret: number
  /** SSL_get_error's answer, read right after the call. */
  readonly error: SslErrorCode
}

/** The name of a code, for example `SSL_ERROR_WANT_READ`. */
export function sslErrorName(error: SslErrorCode): (typeof SSL_ERROR_NAMES)[SslErrorCode] {
  return SSL_ERROR_NAMES[error]
}
