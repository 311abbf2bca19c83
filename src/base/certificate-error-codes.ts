// The codes of CertificateError: OpenSSL's verification results (X509_V_ERR_…) without that prefix, and two names of Node's kind. Each
// with when it comes, who is at fault (the member's type), and what to do. Types alone; docs/errors.md is made from these texts by
// tools/error-codes.ts. Which of them can come was read from OpenSSL's crypto/x509. Long because it is one list.

/** Any code of `CertificateError`; the number of a result that OpenSSL has no name for. */
export type CertificateErrorCode =
  keyof CertificateErrorCodes | keyof RareCertificateErrorCodes | keyof UnusedCertificateErrorCodes | `${number}`

/** Codes of `CertificateError` that people meet. */
export interface CertificateErrorCodes {
  /**
   * The certificate is not for the name or the address that it must hold: OpenSSL's HOSTNAME_MISMATCH and IP_ADDRESS_MISMATCH.
   * @remedy Connect to a host that the certificate is for. If this is the right one, give a name that it has as `servername`, or as
   *   `acceptedNames` to ask for one name and look for another.
   */
  ERR_TLS_CERT_ALTNAME_INVALID: 'the peer or the caller'
  /**
   * No certificate of the chain has a key of option `pins`.
   * @remedy If the peer has changed its key, take the new pin from the message, after you have made sure that the change is the peer's.
   */
  ERR_TLS_CERT_PIN_MISMATCH: 'the peer or the caller'
  /**
   * Your callback `verify` refused the certificate, or a session was resumed whose peer had not been verified.
   * @remedy Nothing, if the refusal was meant. For a session: connect without it.
   */
  APPLICATION_VERIFICATION: 'your decision'
  /**
   * A CA's key is smaller than the security level allows.
   * @remedy Have the chain issued anew. Options `securityLevel` and `dangerouslyLowSecurityLevel` say what is strong enough.
   */
  CA_KEY_TOO_SMALL: 'the peer'
  /**
   * A certificate of the chain is signed with a digest that the security level does not allow, for example SHA-1.
   * @remedy Have the chain issued anew. Options `securityLevel` and `dangerouslyLowSecurityLevel` say what is strong enough.
   */
  CA_MD_TOO_WEAK: 'the peer'
  /**
   * There are more certificates between the peer's and the trust anchor than may be.
   * @remedy Trust an intermediate certificate of the chain, with options `ca` and `partialChain`.
   */
  CERT_CHAIN_TOO_LONG: 'the peer'
  /**
   * A certificate of the chain has expired.
   * @remedy The peer must renew it. Check this machine's clock: the message says what it shows.
   */
  CERT_HAS_EXPIRED: 'the peer'
  /**
   * A certificate of the chain is not valid yet.
   * @remedy Check this machine's clock: the message says what it shows.
   */
  CERT_NOT_YET_VALID: 'the peer or the clock'
  /**
   * The certificate was revoked: by a list of option `crl`, or by the OCSP response that the server stapled.
   * @remedy The peer must get a new certificate. Do not connect with this one.
   */
  CERT_REVOKED: 'the peer'
  /**
   * The signature of a certificate does not fit its issuer's key.
   * @remedy The peer sends a wrong chain, or two CAs share a name: give the CA that has really issued the certificate as `ca`.
   */
  CERT_SIGNATURE_FAILURE: 'the peer or the caller'
  /**
   * The peer's certificate is self-signed, and not among the trust anchors.
   * @remedy If it is the peer's, give it as option `ca`. A server should have a CA of `ca` issue its clients' certificates.
   */
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the peer or the caller'
  /**
   * The key of the peer's certificate is smaller than the security level allows.
   * @remedy The peer needs a larger key. Options `securityLevel` and `dangerouslyLowSecurityLevel` say what is strong enough.
   */
  EE_KEY_TOO_SMALL: 'the peer'
  /**
   * A certificate has issued another, and is no CA, or may not do so.
   * @remedy The peer must send the right chain.
   */
  INVALID_CA: 'the peer'
  /**
   * The certificate is not made for this use, for example a client's certificate that a server shows (extended key usage).
   * @remedy The peer needs a certificate for this role.
   */
  INVALID_PURPOSE: 'the peer'
  /**
   * The server has stapled no OCSP response, though option `ocsp: 'require'` demands one, or with `'request'` its own certificate does
   * (must-staple).
   * @remedy The server must staple. With `ocsp: 'request'` a certificate that does not demand a response is accepted without.
   */
  OCSP_NO_RESPONSE: 'the peer'
  /**
   * The stapled OCSP response does not know the certificate, or is about another one.
   * @remedy The server must staple a response about its own certificate.
   */
  OCSP_CERT_UNKNOWN: 'the peer'
  /**
   * The stapled OCSP response is too old.
   * @remedy The server must fetch a new one. Check this machine's clock.
   */
  OCSP_HAS_EXPIRED: 'the peer'
  /**
   * The stapled OCSP response is from the future.
   * @remedy Check this machine's clock.
   */
  OCSP_NOT_YET_VALID: 'the peer or the clock'
  /**
   * The stapled OCSP response cannot be read, or says that the responder has failed.
   * @remedy The server must fetch a new one.
   */
  OCSP_RESP_INVALID: 'the peer'
  /**
   * The stapled OCSP response is not signed by those who may do so.
   * @remedy The server must staple a response of its own CA.
   */
  OCSP_SIGNATURE_FAILURE: 'the peer'
  /**
   * The peer has shown a raw public key that is none of option `acceptedRawPublicKeys`.
   * @remedy Add its key to `acceptedRawPublicKeys`, after you have made sure that it is the peer's.
   */
  RPK_UNTRUSTED: 'the peer or the caller'
  /**
   * The peer sent a chain up to a root that is not among the trust anchors.
   * @remedy If you trust that root, give it as `ca`, or as `additionalCa` to keep the other anchors.
   */
  SELF_SIGNED_CERT_IN_CHAIN: 'the peer or the caller'
  /**
   * Option `crl` has no list of the CA that has issued this certificate.
   * @remedy Add that CA's list to `crl`, or set `crlScope: 'leaf'` if lists of all CAs are not wanted.
   */
  UNABLE_TO_GET_CRL: 'the caller'
  /**
   * The issuer of a certificate in `ca` is missing: the chain does not reach a root.
   * @remedy Give that issuer, too, or option `partialChain`, which takes certificates other than roots for anchors.
   */
  UNABLE_TO_GET_ISSUER_CERT: 'the caller'
  /**
   * The issuer of the certificate is not among the trust anchors, nor did the peer send it.
   * @remedy If you trust that CA, give it as `ca` or `additionalCa`. The server may have left out an intermediate certificate.
   */
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the peer or the caller'
  /**
   * The peer sent its own certificate alone, and its issuer is not among the trust anchors.
   * @remedy As for `UNABLE_TO_GET_ISSUER_CERT_LOCALLY`.
   */
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the peer or the caller'
}

/** Codes of `CertificateError` that come seldom: broken certificates, lists and constraints. The peer's CA is at fault, as a rule. */
export interface RareCertificateErrorCodes {
  /** OpenSSL gave no closer reason: a certificate of the chain cannot be checked. */
  UNSPECIFIED: 'the peer'
  /** The public key of an issuer cannot be read. */
  UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: 'the peer'
  /** An issuer's certificate has no public key. */
  NO_ISSUER_PUBLIC_KEY: 'the peer'
  /** The date from which a certificate is valid cannot be read. */
  ERROR_IN_CERT_NOT_BEFORE_FIELD: 'the peer'
  /** The date until which a certificate is valid cannot be read. */
  ERROR_IN_CERT_NOT_AFTER_FIELD: 'the peer'
  /** There was no memory for the verification. */
  OUT_OF_MEM: 'the platform'
  /** A CA limits how many CAs may follow below it, and there are more. */
  PATH_LENGTH_EXCEEDED: 'the peer'
  /** The root is marked as not to be trusted for this use (a `TRUSTED CERTIFICATE` in `ca`). */
  CERT_REJECTED: 'the caller'
  /** The root is not marked as trusted for this use (a `TRUSTED CERTIFICATE` in `ca`). */
  CERT_UNTRUSTED: 'the caller'
  /** A certificate has issued another, and its key usage does not allow to sign certificates. */
  KEYUSAGE_NO_CERTSIGN: 'the peer'
  /** A proxy certificate was issued by one whose key usage does not allow digital signatures. */
  KEYUSAGE_NO_DIGITAL_SIGNATURE: 'the peer'
  /** A certificate has an extension that is critical, and that OpenSSL does not know. */
  UNHANDLED_CRITICAL_EXTENSION: 'the peer'
  /** An extension of a certificate is invalid, or contradicts another. */
  INVALID_EXTENSION: 'the peer'
  /** A certificate's extension about policies is invalid. Policies are looked at only if flags of the core ask for it. */
  INVALID_POLICY_EXTENSION: 'the peer'
  /** Flags of the core demand an explicit policy, and the chain has none. */
  NO_EXPLICIT_POLICY: 'the peer'
  /** A certificate has the marks of a CA, and is to be none. */
  INVALID_NON_CA: 'the peer'
  /** A proxy certificate is in the chain, and none is allowed. */
  PROXY_CERTIFICATES_NOT_ALLOWED: 'the peer'
  /** More proxy certificates follow than one of them allows. Proxy certificates are allowed only by a flag of the core. */
  PROXY_PATH_LENGTH_EXCEEDED: 'the peer'
  /** The name of a proxy certificate is not its issuer's name and one part more. */
  PROXY_SUBJECT_NAME_VIOLATION: 'the peer'
  /** A name in the certificate is outside of those that its CA may name. */
  PERMITTED_VIOLATION: 'the peer'
  /** A name in the certificate is among those that its CA may not name. */
  EXCLUDED_VIOLATION: 'the peer'
  /** A name constraint has a minimum or a maximum, which OpenSSL does not support. */
  SUBTREE_MINMAX: 'the peer'
  /** A name constraint is about a kind of name that OpenSSL does not support. */
  UNSUPPORTED_CONSTRAINT_TYPE: 'the peer'
  /** A name constraint cannot be read. */
  UNSUPPORTED_CONSTRAINT_SYNTAX: 'the peer'
  /** A name in the certificate cannot be read, so that a name constraint cannot be applied to it. */
  UNSUPPORTED_NAME_SYNTAX: 'the peer'
  /** The key of the peer's certificate or of its issuer's is of a kind or on a curve that this build does not have, or is none. */
  UNSUPPORTED_SIGNATURE_ALGORITHM: 'the peer'
  /** A certificate is signed by an algorithm that does not fit its issuer's key. */
  SIGNATURE_ALGORITHM_MISMATCH: 'the peer'
  /** A CA's key on an elliptic curve has the curve's parameters written out, instead of its name. */
  EC_KEY_EXPLICIT_PARAMS: 'the peer'
  /** The signature of a list in option `crl` does not fit its issuer's key. */
  CRL_SIGNATURE_FAILURE: 'the caller'
  /** A list in option `crl` has expired, and there is no newer one. */
  CRL_HAS_EXPIRED: 'the caller'
  /** A list in option `crl` is not valid yet. */
  CRL_NOT_YET_VALID: 'the caller'
  /** The date of a list in option `crl` cannot be read. */
  ERROR_IN_CRL_LAST_UPDATE_FIELD: 'the caller'
  /** The date of the next list, in a list of option `crl`, cannot be read. */
  ERROR_IN_CRL_NEXT_UPDATE_FIELD: 'the caller'
  /** The CA that has issued a list in option `crl` is not found. */
  UNABLE_TO_GET_CRL_ISSUER: 'the caller'
  /** A list in option `crl` was issued by a CA whose key usage does not allow it. */
  KEYUSAGE_NO_CRL_SIGN: 'the caller'
  /** A list in option `crl` has a critical extension that OpenSSL does not know. */
  UNHANDLED_CRITICAL_CRL_EXTENSION: 'the caller'
  /** The lists of that CA in option `crl` are about other certificates than this one. */
  DIFFERENT_CRL_SCOPE: 'the caller'
  /** The issuer of an indirect list could not be verified. Such lists are read only by a flag of the core. */
  CRL_PATH_VALIDATION_ERROR: 'the caller'
  /** The core's certificate store failed to look an issuer up. */
  STORE_LOOKUP: 'the platform'
  /** OpenSSL was asked to verify without a certificate: a fault of this library. */
  INVALID_CALL: 'this library'
}

/**
 * Names that OpenSSL has, and that no connection of this library ends with, unless a program gives flags (`X509_V_FLAG_…`) to the core's
 * `SslCtx.setVerifyFlags()`.
 */
export interface UnusedCertificateErrorCodes {
  /** `ERR_TLS_CERT_ALTNAME_INVALID` stands in its place. */
  HOSTNAME_MISMATCH: 'unused'
  /** `ERR_TLS_CERT_ALTNAME_INVALID` stands in its place. */
  IP_ADDRESS_MISMATCH: 'unused'
  /** Addresses of mail are not looked for. */
  EMAIL_MISMATCH: 'unused'
  /** DANE is not used. */
  DANE_NO_MATCH: 'unused'
  /** Certificate transparency is not in this build. */
  NO_VALID_SCTS: 'unused'
  /** OpenSSL's own check of OCSP is not used: see the codes that begin with `OCSP_`. */
  OCSP_VERIFY_NEEDED: 'unused'
  /** OpenSSL's own check of OCSP is not used: see the codes that begin with `OCSP_`. */
  OCSP_VERIFY_FAILED: 'unused'
  /** RFC 3779, about addresses of networks in certificates, is not in this build. */
  UNNESTED_RESOURCE: 'unused'
  /** OpenSSL does not give it. */
  UNABLE_TO_DECRYPT_CERT_SIGNATURE: 'unused'
  /** OpenSSL does not give it. */
  UNABLE_TO_DECRYPT_CRL_SIGNATURE: 'unused'
  /** OpenSSL does not give it. */
  UNSUPPORTED_EXTENSION_FEATURE: 'unused'
  /** OpenSSL does not give it. */
  CRL_VERIFY_FAILED: 'unused'
  /** OpenSSL does not give it. */
  PATH_LOOP: 'unused'
  /** Such an issuer is passed over; the connection gets `UNABLE_TO_GET_ISSUER_CERT_LOCALLY`. */
  SUBJECT_ISSUER_MISMATCH: 'unused'
  /** Such an issuer is passed over; the connection gets `UNABLE_TO_GET_ISSUER_CERT_LOCALLY`. */
  AKID_SKID_MISMATCH: 'unused'
  /** Such an issuer is passed over; the connection gets `UNABLE_TO_GET_ISSUER_CERT_LOCALLY`. */
  AKID_ISSUER_SERIAL_MISMATCH: 'unused'
  /** Suite B is asked for by a flag alone. */
  SUITE_B_INVALID_VERSION: 'unused'
  /** Suite B is asked for by a flag alone. */
  SUITE_B_INVALID_ALGORITHM: 'unused'
  /** Suite B is asked for by a flag alone. */
  SUITE_B_INVALID_CURVE: 'unused'
  /** Suite B is asked for by a flag alone. */
  SUITE_B_INVALID_SIGNATURE_ALGORITHM: 'unused'
  /** Suite B is asked for by a flag alone. */
  SUITE_B_LOS_NOT_ALLOWED: 'unused'
  /** Suite B is asked for by a flag alone. */
  SUITE_B_CANNOT_SIGN_P_384_WITH_P_256: 'unused'
  /** `X509_V_FLAG_X509_STRICT`: a certificate that is no CA's limits how many CAs follow. */
  PATHLEN_INVALID_FOR_NON_CA: 'unused'
  /** `X509_V_FLAG_X509_STRICT`: a CA limits how many CAs follow, and may not sign certificates. */
  PATHLEN_WITHOUT_KU_KEY_CERT_SIGN: 'unused'
  /** `X509_V_FLAG_X509_STRICT`: a certificate that is no CA's may sign certificates by its key usage. */
  KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA: 'unused'
  /** `X509_V_FLAG_X509_STRICT`: the issuer's name is empty. */
  ISSUER_NAME_EMPTY: 'unused'
  /** `X509_V_FLAG_X509_STRICT`: the subject's name is empty. */
  SUBJECT_NAME_EMPTY: 'unused'
  /** `X509_V_FLAG_X509_STRICT`: the identifier of the issuer's key is missing. */
  MISSING_AUTHORITY_KEY_IDENTIFIER: 'unused'
  /** `X509_V_FLAG_X509_STRICT`: the identifier of a CA's own key is missing. */
  MISSING_SUBJECT_KEY_IDENTIFIER: 'unused'
  /** `X509_V_FLAG_X509_STRICT`: the list of alternative names is empty. */
  EMPTY_SUBJECT_ALT_NAME: 'unused'
  /** `X509_V_FLAG_X509_STRICT`: the subject is empty, and the alternative names are not critical. */
  EMPTY_SUBJECT_SAN_NOT_CRITICAL: 'unused'
  /** `X509_V_FLAG_X509_STRICT`: a CA's basic constraints are not critical. */
  CA_BCONS_NOT_CRITICAL: 'unused'
  /** `X509_V_FLAG_X509_STRICT`: the identifier of the issuer's key is critical. */
  AUTHORITY_KEY_IDENTIFIER_CRITICAL: 'unused'
  /** `X509_V_FLAG_X509_STRICT`: the identifier of the own key is critical. */
  SUBJECT_KEY_IDENTIFIER_CRITICAL: 'unused'
  /** `X509_V_FLAG_X509_STRICT`: a CA's certificate has no key usage. */
  CA_CERT_MISSING_KEY_USAGE: 'unused'
  /** `X509_V_FLAG_X509_STRICT`: a certificate that is not of version 3 has extensions. */
  EXTENSIONS_REQUIRE_VERSION_3: 'unused'
  /** `X509_V_FLAG_X509_STRICT`: the identifier of the issuer's key says nothing. */
  EMPTY_AUTHORITY_KEY_IDENTIFIER: 'unused'
  /** `X509_V_FLAG_X509_STRICT`: the identifier of the issuer's key has its serial number without its name, or the other way round. */
  AKID_ISSUER_SERIAL_NOT_PAIRED: 'unused'
  /** `X509_V_FLAG_X509_STRICT`: a certificate names one algorithm for its signature inside, and another outside. */
  SIGNATURE_ALGORITHM_INCONSISTENCY: 'unused'
}
