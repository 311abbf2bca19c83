// OpenSSL's error queue, emptied into values.

import { InternalError, type OpensslError, type OpensslErrorCode } from '../base/errors.js'
import { ERR_LIB_SSL, SSL_AD_ECH_REQUIRED, SSL_AD_REASON_OFFSET } from '../ffi/constants.gen.js'
import * as C from '../ffi/functions.gen.js'
import type { LibSsl } from './lib-ssl.js'

/** Takes every entry off the queue, oldest first. @openssl ERR_get_error_all */
export function takeErrors(lib: LibSsl): OpensslError[] {
  const { ffi, memory } = lib
  return memory.scope((scope) => {
    const data = scope.alloc<'char*'>(4)
    const text = (ptr: number) => (ptr === 0 ? '' : memory.readCString(ptr))
    const errors: OpensslError[] = []
    for (let packed; (packed = ffi[C.ERR_get](data)) !== 0;) errors.push({ ...reasonOf(lib, packed), data: text(memory.readPtr(data)) })
    return errors
  })
}

/** What OpenSSL's packed code says. */
export function reasonOf(lib: LibSsl, packed: number): Omit<OpensslError, 'data'> {
  const { ffi, memory } = lib
  const text = (ptr: number) => (ptr === 0 ? '' : memory.readCString(ptr))
  const library = text(ffi[C.ERR_lib_error_string](packed))
  const reason = text(ffi[C.ERR_reason_error_string](packed)) || alertReason(lib, packed)
  return { packed, library, reason, code: errorCode(library, reason) }
}

/**
 * The peer's alerts are reasons. For a few (ech_required, a fatal close_notify) OpenSSL has no words as a reason, but some as an alert.
 */
function alertReason({ ffi, memory }: LibSsl, packed: number): string {
  const alert = ffi[C.ERR_GET_REASON](packed) - SSL_AD_REASON_OFFSET
  if (ffi[C.ERR_GET_LIB](packed) !== ERR_LIB_SSL || alert < 0) return ''
  const words = memory.readCString(ffi[C.SSL_alert_desc_string_long](alert)).toLowerCase()
  return `${alert === SSL_AD_ECH_REQUIRED ? 'tlsv13' : 'tls'} alert ${words}`
}

// As Node names them: 'SSL routines' and 'wrong version number' → ERR_SSL_WRONG_VERSION_NUMBER.
function errorCode(library: string, reason: string): OpensslErrorCode {
  const words = `${library.replace(/ (routines|support routines)$/, '')} ${reason}`
  return `ERR_${words.toUpperCase().replace(/[^A-Z0-9]+/g, '_').replace(/_$/, '')}`
}

/** A library's word that something beneath it failed: the entry of that stands before it. */
const SAYS_LITTLE = new RegExp(`^(?:${[
  '.* lib', 'nested asn1 error', 'bad object header', '(?:(?:private|public) key )?decode error', 'parse error', 'record layer failure',
  'internal error', 'callback failed', 'unable to find public key parameters', 'unknown certificate type',
].join('|')})$`)

/** The entry that says most: the last that tells what is wrong. It gives an error its code and its words. */
export function mostTelling(errors: readonly OpensslError[]): OpensslError | undefined {
  return errors.findLast(({ reason }) => !SAYS_LITTLE.test(reason)) ?? errors.at(-1)
}

/** One line of text for an error's message. */
export function describe(errors: readonly OpensslError[]): string {
  const entry = mostTelling(errors)
  if (!entry) return 'OpenSSL gave no reason'
  // What called it may know more, for example the field of the certificate.
  const data = errors.slice(errors.indexOf(entry)).find((one) => one.data !== '')?.data
  return data === undefined ? entry.reason : `${entry.reason}: ${data}`
}

/** What to throw when OpenSSL failed at something that cannot fail but for want of memory. */
export function outOfMemory(lib: LibSsl, what: string): InternalError {
  return new InternalError('ERR_TLS_OUT_OF_MEMORY', `${what} failed`, { opensslErrorStack: takeErrors(lib) })
}
