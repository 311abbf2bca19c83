// What a client asks of its server: a name, a certificate that a trusted CA has issued, and the CA's word that it is not revoked.

import { whyNoRoots } from '#roots'
import { ApiMisuseError } from '../../base/errors.js'
import type { BasicSsl } from '../../core/basic-ssl.js'
import {
  LSW_OCSP_REQUEST, LSW_OCSP_REQUIRE, SSL_VERIFY_NONE, SSL_VERIFY_PEER, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
  X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS,
} from '../../ffi/constants.gen.js'
import { invalid, isBoolean, isOneOf, isOneOrMore, own, refuse, type Feature } from './feature.js'
import { hostAlone, isIpAddress, isName } from './host-name.js'
import type { ClientPskOptions, RawPublicKeyOptions } from './known-keys.js'
import { setUpTrustAnchors, trustAnchorChecks, trustAnchorNeeds, type TrustAnchorOptions } from './trust-anchors.js'
import { reviewSession, type VerificationOptions } from './verification.js'

/** Who the server must be. */
export interface ServerIdentityOptions extends TrustAnchorOptions {
  /**
   * Host name or IP address of the server: asked for (SNI, names only) and, unless there are `acceptedNames`, verified.
   * Required, unless there are those, `psk` or `acceptedRawPublicKeys`, or verification is skipped.
   */
  readonly servername?: string | undefined
  /** The host names, or else IP addresses, of which the certificate must hold one, in place of `servername`. */
  readonly acceptedNames?: string | readonly string[] | undefined
  /**
   * DANGEROUS: accept any certificate for any name. An attacker between us and the server can then read and change
   * everything. The result of verification is still in {@link ConnectionInfo.verifyResult}.
   */
  readonly dangerouslySkipVerification?: boolean | undefined
}

/** Whether a client asks for a stapled OCSP response. */
export interface OcspRequestOptions {
  /**
   * `request`: ask the server for a stapled response. One that comes must be good: else `CERT_REVOKED`,
   * `OCSP_HAS_EXPIRED`, `OCSP_SIGNATURE_FAILURE` and so on; and a certificate that promises one (must-staple, RFC 7633)
   * must come with it: `OCSP_NO_RESPONSE`. `require`: one must come in any case. Default: none is asked for.
   */
  readonly ocsp?: 'request' | 'require' | undefined
}

/** What a server may show in the place of a certificate. */
type KeyOptions = ClientPskOptions & RawPublicKeyOptions

const SKIP = ['dangerouslySkipVerification'] as const

export const serverIdentity: Feature<ServerIdentityOptions, VerificationOptions & KeyOptions> = {
  checks: /* @__PURE__ */ own(trustAnchorChecks, {
    servername: isName, acceptedNames: /* @__PURE__ */ isOneOrMore(isName), dangerouslySkipVerification: isBoolean,
  }),
  connection: ['servername', 'acceptedNames'],
  excludes: { acceptedNames: SKIP, crl: SKIP, pins: SKIP, verify: SKIP, dangerouslyReplaceVerification: SKIP },
  needs: trustAnchorNeeds,
  agree(options, whole) {
    if (whole && isNameless(options) && !options.dangerouslySkipVerification) {
      if (!knowsKey(options)) throw invalid('servername', 'is required: it is the name that the certificate must hold')
      const useless = Object.keys(trustAnchorChecks).find((option) => options[option as keyof TrustAnchorOptions] !== undefined)
      if (useless) throw invalid(useless, 'has no effect without servername: no certificate is accepted then')
    }
    // Given both kinds, OpenSSL would demand a match of each.
    const addresses = [options.acceptedNames ?? []].flat().map(isIpAddress)
    if (new Set(addresses).size > 1) throw invalid('acceptedNames', 'must be host names alone or IP addresses alone')
  },
  setUpCtx(ctx, options, keyAlone) {
    // For a key alone the context's own store stays empty: no certificate passes, for whatever name. Even if verification is
    // skipped its result is reported, so the roots are wanted where there are any.
    if (!keyAlone && !setUpTrustAnchors(ctx, options) && !options.dangerouslySkipVerification && !knowsKey(options)) {
      const message = `${whyNoRoots} give option 'ca', for example Mozilla's of libssl-wasm/roots`
      throw new ApiMisuseError('ERR_TLS_NO_TRUST_ANCHORS', message, { option: 'ca' })
    }
    ctx.setVerify(options.dangerouslySkipVerification ? SSL_VERIFY_NONE : SSL_VERIFY_PEER)
  },
  setUpSsl(ssl, { servername, acceptedNames, dangerouslySkipVerification, dangerouslyReplaceVerification }, decisions) {
    const asked = servername && hostAlone('servername', servername)
    if (asked && !isIpAddress(asked)) refuse('servername', () => ssl.setTlsextHostName(asked))
    const option = acceptedNames === undefined ? 'servername' : 'acceptedNames'
    for (const name of [acceptedNames ?? asked ?? []].flat()) accept(ssl, option, hostAlone(option, name))
    if (!dangerouslySkipVerification && !dangerouslyReplaceVerification) decisions.reviewWith(() => reviewSession(ssl))
  },
}

export const ocspRequest: Feature<OcspRequestOptions, ServerIdentityOptions> = {
  checks: { ocsp: /* @__PURE__ */ isOneOf('request', 'require') },
  excludes: { ocsp: ['dangerouslySkipVerification'] },
  setUpSsl(ssl, { ocsp }) {
    if (ocsp) ssl.requestOcsp(ocsp === 'require' ? LSW_OCSP_REQUIRE : LSW_OCSP_REQUEST)
  },
}

function accept(ssl: BasicSsl, option: string, name: string): void {
  if (isIpAddress(name)) {
    refuse(option, () => ssl.add1Ipaddr(name.replace(/^\[|\]$/g, '')), 'it looks like an IP address but is not one')
  } else {
    // RFC 9525 §2 and §6.3: names stand in subjectAltName, not in the subject, and a wildcard is a whole label.
    ssl.setHostflags(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)
    refuse(option, () => ssl.add1Dnsname(name))
  }
}

function isNameless({ servername, acceptedNames }: ServerIdentityOptions): boolean {
  return (servername ?? acceptedNames) === undefined
}

/** Whether the server must prove itself by a key, as no certificate would be accepted. */
export function keyAlone(options: ServerIdentityOptions & KeyOptions): boolean {
  return isNameless(options) && knowsKey(options) && options.dangerouslySkipVerification !== true
}

function knowsKey({ psk, acceptedRawPublicKeys }: KeyOptions): boolean {
  return (psk ?? acceptedRawPublicKeys) !== undefined
}
