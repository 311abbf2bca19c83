// Stapled OCSP: the server brings word from the CA that its certificate has not been revoked.

import { asBytes, isBytesLike, type BytesLike } from '../../base/bytes.js'
import { checkOcspResponse } from '../../core/ocsp.js'
import { LSW_OCSP_REQUEST, LSW_OCSP_REQUIRE } from '../../ffi/constants.gen.js'
import { invalid, isFunctionOr, isOneOf, isSomeBytes, refuse, type Feature } from './feature.js'
import type { ServerIdentityOptions } from './server-identity.js'

export interface OcspRequestOptions {
  /**
   * `request`: ask the server for a stapled response. One that comes must be good: else `CERT_REVOKED`,
   * `OCSP_HAS_EXPIRED`, `OCSP_SIGNATURE_FAILURE` and so on; and a certificate that promises one (must-staple, RFC 7633)
   * must come with it: `OCSP_NO_RESPONSE`. `require`: one must come in any case. Default: none is asked for.
   */
  readonly ocsp?: 'request' | 'require' | undefined
}

export interface OcspResponseOptions {
  /**
   * Given to clients that ask: the DER encoding of an OCSP response for `cert`, or a function that returns the
   * present one, at once, or nothing. OpenSSL sends it only if it is about `cert`.
   */
  readonly ocspResponse?: BytesLike | (() => BytesLike | undefined) | undefined
}

export const ocspRequest: Feature<OcspRequestOptions, ServerIdentityOptions> = {
  checks: { ocsp: isOneOf('request', 'require') },
  excludes: { ocsp: ['dangerouslySkipVerification'] },
  setUpSsl(ssl, { ocsp }) {
    if (ocsp) ssl.requestOcsp(ocsp === 'require' ? LSW_OCSP_REQUIRE : LSW_OCSP_REQUEST)
  },
}

export const ocspResponse: Feature<OcspResponseOptions> = {
  checks: { ocspResponse: isFunctionOr(isSomeBytes) },
  answers: { ocspResponse: 'at once' },
  setUpSsl(ssl, { ocspResponse: given }) {
    if (given === undefined) return
    const check = (response: BytesLike) => refuse('ocspResponse', () => checkOcspResponse(ssl.lib, asBytes(response)))
    if (typeof given !== 'function') check(given)
    ssl.setTlsextStatusCb(() => {
      const response = typeof given === 'function' ? given() : given
      if (response === undefined) return false
      if (!isBytesLike(response)) throw invalid('ocspResponse', 'must give bytes, or nothing, at once')
      check(response)
      ssl.setTlsextStatusOcspResp(asBytes(response))
      return true
    })
  },
}
