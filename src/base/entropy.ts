// OpenSSL asks for random bytes at any time, in the middle of a call. Better to fail before, and clearly.

import { ApiMisuseError } from './errors.js'

/** Throws `ERR_TLS_NO_ENTROPY` where the platform has no `crypto.getRandomValues`. Asks it for nothing: see below. */
export function requireEntropySource(): void {
  if (typeof (globalThis.crypto as Crypto | undefined)?.getRandomValues !== 'function') throw noEntropy()
}

let hasGiven = false

/**
 * Throws `ERR_TLS_NO_ENTROPY` if it has given nothing yet and gives nothing now. Edge workers refuse it while they start, outside of a
 * handler.
 */
export function requireEntropy(): void {
  if (hasGiven) return
  try {
    globalThis.crypto.getRandomValues(new Uint8Array(32))
    hasGiven = true
  } catch (cause) {
    throw noEntropy({ cause })
  }
}

function noEntropy(options?: ErrorOptions): ApiMisuseError {
  return new ApiMisuseError('ERR_TLS_NO_ENTROPY',
    'this platform has no crypto.getRandomValues, or not yet; there is no TLS without secure randomness', options)
}
