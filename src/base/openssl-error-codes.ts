// Codes that are OpenSSL's own reasons, of `PeerError` and `ApiMisuseError`: ERR_, the library's name, the reason. There are some 300, and
// these are the ones that people meet, each with when it comes, who is at fault (the member's type), and what to do. Types alone;
// docs/errors.md is made from these texts by tools/error-codes.ts.

/** OpenSSL's own reason as a code, for example `ERR_SSL_WRONG_VERSION_NUMBER` or `ERR_PEM_NO_START_LINE`. */
export type OpensslErrorCode = keyof AlertErrorCodes | keyof OpensslErrorCodes | (`ERR_${string}` & Record<never, never>)

/**
 * What a peer's alert is as a code: `PeerError` with `alert.from` `'peer'`. An alert says what kind of thing the peer did not like; its
 * own log knows why. An alert that is not here is `ERR_SSL_TLS_ALERT_…` with OpenSSL's words for it.
 */
export interface AlertErrorCodes {
  /** close_notify (0) came as a fatal alert. */
  ERR_SSL_TLS_ALERT_CLOSE_NOTIFY: 'the peer'
  /** unexpected_message (10): the peer got a message that it did not await. */
  ERR_SSL_TLS_ALERT_UNEXPECTED_MESSAGE: 'the peer'
  /** bad_record_mac (20): the peer could not decrypt a record: something has changed the bytes on their way. */
  ERR_SSL_TLS_ALERT_BAD_RECORD_MAC: 'the network or the peer'
  /** decryption_failed (21): as bad_record_mac, from an old peer. */
  ERR_SSL_TLSV1_ALERT_DECRYPTION_FAILED: 'the network or the peer'
  /** record_overflow (22): the peer takes a record of ours for too long. See `maxSendFragmentBytes`. */
  ERR_SSL_TLSV1_ALERT_RECORD_OVERFLOW: 'the peer'
  /** decompression_failure (30): from an old peer. */
  ERR_SSL_TLS_ALERT_DECOMPRESSION_FAILURE: 'the peer'
  /**
   * handshake_failure (40): the peer found nothing in common, or refuses for a reason that it does not tell: a client's missing
   * certificate, for example.
   * @remedy The message says what we offer, and whether the server has asked for a certificate.
   */
  ERR_SSL_TLS_ALERT_HANDSHAKE_FAILURE: 'the peer or the caller'
  /** no_certificate (41): from an old peer: it has no certificate to show. */
  ERR_SSL_TLS_ALERT_NO_CERTIFICATE: 'the peer'
  /**
   * bad_certificate (42): the peer cannot read our certificate, or its signature is wrong.
   * @remedy Check `cert` and its chain.
   */
  ERR_SSL_TLS_ALERT_BAD_CERTIFICATE: 'the caller'
  /** unsupported_certificate (43): the peer does not take certificates of this kind. Try a key of another type. */
  ERR_SSL_TLS_ALERT_UNSUPPORTED_CERTIFICATE: 'the caller'
  /** certificate_revoked (44): our certificate was revoked. Get a new one. */
  ERR_SSL_TLS_ALERT_CERTIFICATE_REVOKED: 'the caller'
  /** certificate_expired (45): our certificate has expired, or is not valid yet, by the peer's clock. */
  ERR_SSL_TLS_ALERT_CERTIFICATE_EXPIRED: 'the caller'
  /** certificate_unknown (46): the peer refuses our certificate for another reason. A browser that does not trust it says so, too. */
  ERR_SSL_TLS_ALERT_CERTIFICATE_UNKNOWN: 'the caller or the peer'
  /** illegal_parameter (47): the peer found a value in a message of ours that it does not allow. */
  ERR_SSL_TLS_ALERT_ILLEGAL_PARAMETER: 'the peer or this library'
  /**
   * unknown_ca (48): the peer does not trust the CA of our certificate, or lacks an intermediate certificate.
   * @remedy Have the peer trust that CA. Give the whole chain in `cert`, your own certificate first.
   */
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'the caller or the peer'
  /** access_denied (49): the peer knows who we are, and does not let us in. */
  ERR_SSL_TLSV1_ALERT_ACCESS_DENIED: 'the peer'
  /** decode_error (50): the peer could not read a message of ours. */
  ERR_SSL_TLSV1_ALERT_DECODE_ERROR: 'the peer or this library'
  /** decrypt_error (51): a signature or a Finished of ours does not fit, as the peer sees it; also a pre-shared key that differs. */
  ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR: 'the caller or the peer'
  /** export_restriction (60): from an old peer. */
  ERR_SSL_TLSV1_ALERT_EXPORT_RESTRICTION: 'the peer'
  /**
   * protocol_version (70): the peer speaks no version of TLS that we offer.
   * @remedy See `minVersion` and `maxVersion`. A peer that speaks TLS 1.0 or 1.1 alone cannot be reached.
   */
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'the peer or the caller'
  /** insufficient_security (71): the peer wants stronger algorithms. See `ciphers`, `ciphersuites` and `groups`. */
  ERR_SSL_TLSV1_ALERT_INSUFFICIENT_SECURITY: 'the peer or the caller'
  /** internal_error (80): something has failed in the peer. */
  ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR: 'the peer'
  /** inappropriate_fallback (86): the peer suspects that somebody has made us use an older version. */
  ERR_SSL_TLSV1_ALERT_INAPPROPRIATE_FALLBACK: 'the network'
  /** user_canceled (90) came as a fatal alert. */
  ERR_SSL_TLSV1_ALERT_USER_CANCELLED: 'the peer'
  /** no_renegotiation (100): the peer does not renegotiate. */
  ERR_SSL_TLSV1_ALERT_NO_RENEGOTIATION: 'the peer'
  /** missing_extension (109): the peer misses an extension in a message of ours. */
  ERR_SSL_TLSV13_ALERT_MISSING_EXTENSION: 'the peer or this library'
  /** unsupported_extension (110): the peer got an extension that it had not asked for. */
  ERR_SSL_TLSV1_UNSUPPORTED_EXTENSION: 'the peer or this library'
  /** certificate_unobtainable (111): the peer could not fetch our certificate from where it is. */
  ERR_SSL_TLSV1_CERTIFICATE_UNOBTAINABLE: 'the peer'
  /**
   * unrecognized_name (112): the server has no such name.
   * @remedy Check `servername`: it is what the server is asked for.
   */
  ERR_SSL_TLSV1_UNRECOGNIZED_NAME: 'the caller or the peer'
  /** bad_certificate_status_response (113): the client refuses the OCSP response that we staple. See `ocspResponse`. */
  ERR_SSL_TLSV1_BAD_CERTIFICATE_STATUS_RESPONSE: 'the caller'
  /** bad_certificate_hash_value (114): from an old peer. */
  ERR_SSL_TLSV1_BAD_CERTIFICATE_HASH_VALUE: 'the peer'
  /** unknown_psk_identity (115): the server does not know our pre-shared key. See `psk`. */
  ERR_SSL_TLSV1_ALERT_UNKNOWN_PSK_IDENTITY: 'the caller or the peer'
  /**
   * certificate_required (116): the server wants a client's certificate, and was shown none. Under TLS 1.3 this comes when the client
   * takes the handshake for done: the first read fails with it.
   * @remedy Give options `cert` and `key`, or `onCertificateRequest`.
   */
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'the caller'
  /**
   * no_application_protocol (120): the server speaks none of the protocols that we offer.
   * @remedy Check `alpnProtocols`.
   */
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: 'the caller or the peer'
  /** ech_required (121): a client takes our rejection of its encrypted ClientHello for an end, as it should. */
  ERR_SSL_TLSV13_ALERT_ECH_REQUIRED: 'the peer'
}

/** Other reasons of OpenSSL's. */
export interface OpensslErrorCodes {
  /**
   * What came is no TLS. The message says what it looks like, for example the greeting of a mail server, or HTTP.
   * @remedy Check the port. If the protocol begins in the clear, use `PlaintextConversation` first (STARTTLS).
   */
  ERR_SSL_WRONG_VERSION_NUMBER: 'the caller or the peer'
  /**
   * A server got a request of HTTP in the place of TLS.
   * @remedy The client must use `https:`, or the right port.
   */
  ERR_SSL_HTTP_REQUEST: 'the peer'
  /** A server got a request of HTTP for a proxy in the place of TLS. */
  ERR_SSL_HTTPS_PROXY_REQUEST: 'the peer'
  /** A record is longer than TLS allows: what came is most likely no TLS. The message says what it looks like. */
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'the peer'
  /** A record could not be decrypted: something has changed the bytes on their way. */
  ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC: 'the network or the peer'
  /** The peer sent more than may be in one record, or in one message. */
  ERR_SSL_DATA_LENGTH_TOO_LONG: 'the peer'
  /** The peer sent a message that does not belong there. */
  ERR_SSL_UNEXPECTED_MESSAGE: 'the peer'
  /** The peer sent application data after its close_notify. */
  ERR_SSL_APPLICATION_DATA_AFTER_CLOSE_NOTIFY: 'the peer'
  /** An extension of the peer's cannot be read. */
  ERR_SSL_BAD_EXTENSION: 'the peer'
  /** A signature in the handshake is wrong: the peer does not have the key of its certificate, or bytes were changed on their way. */
  ERR_SSL_BAD_SIGNATURE: 'the peer'
  /** The Finished message is wrong: the two sides have not seen the same handshake. Something may have changed it. */
  ERR_SSL_DIGEST_CHECK_FAILED: 'the network or the peer'
  /**
   * No version of TLS is spoken by both sides. This library speaks 1.2 and 1.3.
   * @remedy See `minVersion` and `maxVersion`; the message says what this side offers.
   */
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'the peer or the caller'
  /** The peer chose a version that was not offered. The message says what was. */
  ERR_SSL_WRONG_SSL_VERSION: 'the peer, or the caller of a method that TLS 1.3 alone has'
  /** The version that results is lower than the security level allows. */
  ERR_SSL_VERSION_TOO_LOW: 'the peer or the caller'
  /**
   * A server found no suite that both sides can use with its certificate's key.
   * @remedy See `ciphers`, `ciphersuites`, `groups`, `signatureAlgorithms`; `identities` are certificates with keys of other types.
   */
  ERR_SSL_NO_SHARED_CIPHER: 'the peer or the caller'
  /** The peer has none of our key exchange groups. See `groups`. */
  ERR_SSL_NO_SUITABLE_KEY_SHARE: 'the peer or the caller'
  /** As `ERR_SSL_NO_SUITABLE_KEY_SHARE`. */
  ERR_SSL_NO_SUITABLE_GROUPS: 'the peer or the caller'
  /** The peer used a key exchange group that was not offered. See `groups`. */
  ERR_SSL_WRONG_CURVE: 'the peer or the caller'
  /** The peer takes no signature that our key can make. See `signatureAlgorithms`; a server can have `identities` with other keys. */
  ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM: 'the peer or the caller'
  /** The peer signed by an algorithm that `signatureAlgorithms` and the security level do not allow. */
  ERR_SSL_WRONG_SIGNATURE_TYPE: 'the peer or the caller'
  /** A server found no protocol that both sides speak. See `alpnProtocols`. */
  ERR_SSL_NO_APPLICATION_PROTOCOL: 'the peer or the caller'
  /**
   * The client has shown no certificate, and option `ca` of the server demands one.
   * @remedy The client must be given `cert` and `key`. `clientCertificate: 'optional'` lets in those that have none.
   */
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'the peer'
  /**
   * The peer's list of certificates, or a server's list of CAs, is longer than `maxCertificateListBytes`.
   * @remedy Raise `maxCertificateListBytes` if you expect that much.
   */
  ERR_SSL_EXCESSIVE_MESSAGE_SIZE: 'the peer or the caller'
  /**
   * The server does not know RFC 5746, which protects renegotiations.
   * @remedy Have the server brought up to date. `dangerouslyAllowLegacyRenegotiation` takes it all the same.
   */
  ERR_SSL_UNSAFE_LEGACY_RENEGOTIATION_DISABLED: 'the peer'
  /** More early data came than was allowed, or than may be skipped. */
  ERR_SSL_TOO_MUCH_EARLY_DATA: 'the peer'
  /** Another end of Encrypted Client Hello than a rejection, which is `ERR_TLS_ECH_REJECTED`. */
  ERR_SSL_ECH_REQUIRED: 'the peer'
  /** The name that the client asks for is none that a host can have. */
  ERR_SSL_TLS_EXT_INVALID_SERVERNAME: 'the peer'
  /** A callback for certificates failed: its own error is thrown instead, where there is one. */
  ERR_SSL_CERT_CB_ERROR: 'the caller'
  /** A list of suites names none that this build has. See `ciphers` and `ciphersuites`. */
  ERR_SSL_NO_CIPHER_MATCH: 'the caller'
  /** The names of the CAs in `ca`, with which a server asks for certificates, take more bytes than TLS allows. */
  ERR_SSL_LENGTH_TOO_LONG: 'the caller'
  /** Diffie-Hellman parameters are shorter than the security level allows. */
  ERR_SSL_DH_KEY_TOO_SMALL: 'the caller or the peer'
  /** `requestClientCertificate()`: the client was asked already. Wait for its answer. */
  ERR_SSL_REQUEST_SENT: 'the caller'
  /** `requestClientCertificate()`: the client has not offered post-handshake authentication. It needs option `postHandshakeAuth`. */
  ERR_SSL_EXTENSION_NOT_RECEIVED: 'the peer'
  /** `requestClientCertificate()`: the server is not set to ask for certificates. Give it `ca`. */
  ERR_SSL_INVALID_CONFIG: 'the caller'
  /** `requestClientCertificate()` is a server's. */
  ERR_SSL_NOT_SERVER: 'the caller'
  /** `exportKeyingMaterial()`: the label is one that TLS keeps to itself. */
  ERR_SSL_TLS_ILLEGAL_EXPORTER_LABEL: 'the caller'
  /** There is no PEM block of the kind that is wanted. The message says what the value looks like instead. */
  ERR_PEM_NO_START_LINE: 'the caller'
  /** A PEM block has lines that are no base64. */
  ERR_PEM_BAD_BASE64_DECODE: 'the caller'
  /** A value is no DER of what it should be. */
  ERR_ASN1_ENCODING_WRONG_TAG: 'the caller'
  /** A DER value says that it is longer than it is: it was cut. */
  ERR_ASN1_ENCODING_TOO_LONG: 'the caller'
}
