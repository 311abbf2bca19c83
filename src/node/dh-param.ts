// The option `dhparam` of node:tls.

import type { BytesLike } from '../base/bytes.js'
import { ApiMisuseError } from '../base/errors.js'
import type { SslCtx } from '../core/ssl-ctx.js'
import { operationFailed } from './error-codes.js'

/**
 * Sets Diffie-Hellman parameters, PEM, or OpenSSL's own for `'auto'`. A text that holds none is ignored, as Node does. Returns their
 * size in bits, `undefined` where that is OpenSSL's matter. Node warns of less than 2048. Throws `ERR_INVALID_ARG_VALUE` for less than 1024
 * bits, and `ERR_CRYPTO_OPERATION_FAILED` for less than the security level demands: 2048 bits by default.
 *
 * A client that offers groups of finite fields (ffdhe2048) is given one of those in their place, if the server's groups have one
 * (RFC 7919); if they have none, it is given no DHE suite.
 */
export function setDhParam(ctx: SslCtx, dhparam: string | BytesLike): number | undefined {
  if (dhparam === 'auto') {
    ctx.setDhAuto(true)
    return undefined
  }
  try {
    return ctx.setTmpDh(dhparam)
  } catch (error) {
    if (!(error instanceof ApiMisuseError)) throw error
    if (!TOO_SMALL.test(error.code)) return undefined
    const bits = Number.parseInt(error.opensslErrorStack.at(-1)?.data ?? '', 10)
    if (bits >= 1024) throw operationFailed('Error setting temp DH parameter', error)
    const refused = new TypeError('DH parameter is less than 1024 bits', { cause: error })
    throw Object.assign(refused, { code: 'ERR_INVALID_ARG_VALUE' })
  }
}

/** Of 512 bits OpenSSL says that it does not know how strong they are. */
const TOO_SMALL = /DH_KEY_TOO_SMALL|UNKNOWN_SECURITY_BITS/
