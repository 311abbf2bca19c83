// The names of what is wrong with a certificate.

import type { CertificateErrorCode } from '../base/errors.js'
import { X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH, X509_V_ERR_NAMES, type X509VName } from '../ffi/constants.gen.js'

/** OpenSSL's name of a verification result; `X509_V_ERR_` and the number, where it has no name. */
export type VerifyResultName = X509VName | `X509_V_ERR_${number}`

export function verifyName(verifyCode: number): VerifyResultName {
  return verifyCode === 0 ? 'X509_V_OK' : `X509_V_ERR_${X509_V_ERR_NAMES.split(' ')[verifyCode - 1] ?? verifyCode}` as VerifyResultName
}

/** Node's names: OpenSSL's without its prefix, but for a name that does not match. Compiles only if each name of OpenSSL's has a text. */
export function certificateCode(verifyCode: number): CertificateErrorCode {
  return verifyCode === X509_V_ERR_HOSTNAME_MISMATCH || verifyCode === X509_V_ERR_IP_ADDRESS_MISMATCH
    ? 'ERR_TLS_CERT_ALTNAME_INVALID'
    : verifyName(verifyCode).replace(/^X509_V_ERR_/, '') as WithoutPrefix<VerifyResultName>
}

type WithoutPrefix<Name> = Name extends `X509_V_ERR_${infer Code}` ? Code : never
