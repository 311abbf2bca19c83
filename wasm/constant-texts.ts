// What the constants of src/ffi/constants.gen.ts are, in words: their docstrings.

/** What constants are, by the beginning of their names: the first that fits. */
const constantTexts: readonly (readonly [start: string, text: string])[] = [
  ['SSL_ERROR_', 'What {@link IoResult.error} can be. @openssl SSL_get_error'],
  ['X509_V_OK', 'The verification result of a certificate that is good. @openssl SSL_get_verify_result'],
  ['X509_V_ERR_', 'A verification result; {@link CertificateErrorCodes} and its like say when it comes. @openssl X509_STORE_CTX_get_error'],
  ['X509_V_FLAG_', 'For {@link SslCtx.setVerifyFlags}. @openssl X509_VERIFY_PARAM_set_flags'],
  ['X509_CHECK_FLAG_', 'How names are compared. @openssl X509_VERIFY_PARAM_set_hostflags'],
  ['SSL_VERIFY_', 'For {@link SslCtx.setVerify}. @openssl SSL_CTX_set_verify'],
  ['SSL_OP_', 'For {@link SslCtx.setOptions}. @openssl SSL_CTX_set_options'],
  ['SSL_MODE_', 'For {@link SslCtx.setMode}. @openssl SSL_CTX_set_mode'],
  ['SSL_CB_', 'What an info callback is told. @openssl SSL_CTX_set_info_callback'],
  ['SSL_CLIENT_HELLO_', 'What a callback for a ClientHello answers. @openssl SSL_CTX_set_client_hello_cb'],
  ['SSL_MAX_CERT_LIST_DEFAULT', 'How many bytes of certificates are accepted by default. @openssl SSL_CTX_set_max_cert_list'],
  ['SSL_SESS_CACHE_', 'For {@link SslCtx.setSessionCacheMode}. @openssl SSL_CTX_set_session_cache_mode'],
  ['SSL_READ_EARLY_DATA_', 'What {@link Ssl.readEarlyData} returns. @openssl SSL_read_early_data'],
  ['SSL_EARLY_DATA_', 'What became of early data. @openssl SSL_get_early_data_status'],
  ['SSL_KEY_UPDATE_', 'Whether a key update asks the peer for one. @openssl SSL_key_update'],
  ['SSL_ECH_STATUS_', 'An outcome of Encrypted Client Hello; {@link EchStatus} has words for it. @openssl SSL_ech_get1_status'],
  ['SSL_SENT_SHUTDOWN', 'close_notify, or a fatal alert, was sent. @openssl SSL_get_shutdown'],
  ['SSL_RECEIVED_SHUTDOWN', 'close_notify, or a fatal alert, has come. @openssl SSL_get_shutdown'],
  ['SSL3_RT_', 'What a message callback is told of: a content type, or a part of a record. @openssl SSL_CTX_set_msg_callback'],
  ['SSL_AD_REASON_OFFSET', "A reason of OpenSSL's is the peer's alert and this. @openssl ERR_GET_REASON"],
  ['SSL_AD_', 'The number of an alert. @spec RFC 8446 §6'],
  ['SSL3_AD_', 'The number of an alert. @spec RFC 8446 §6'],
  ['SSL_R_', "A reason of OpenSSL's SSL library. @openssl ERR_GET_REASON"],
  ['ERR_LIB_', "The number of one of OpenSSL's libraries. @openssl ERR_GET_LIB"],
  ['OPENSSL_VERSION', "Which of OpenSSL's texts about itself is wanted. @openssl OpenSSL_version"],
  ['TLS1_', 'The number of a version of TLS. @openssl SSL_CTX_set_min_proto_version'],
  ['TLSEXT_max_fragment_length_', 'How long records may be (RFC 6066 §4). @openssl SSL_CTX_set_tlsext_max_fragment_length'],
  ['TLSEXT_cert_type_', 'What may be shown: certificates, or raw public keys (RFC 7250). @openssl SSL_CTX_set1_server_cert_type'],
  ['PSK_MAX_', 'How many bytes the identity of a pre-shared key, or the key, may have. @openssl SSL_CTX_set_psk_client_callback'],
  ['LSW_MAX_CA_LIST_BYTES', 'How many bytes the names of CAs may take: see {@link SslCtx.addToCaList}.'],
  ['LSW_TICKET_KEY', 'How many bytes a ticket key has.'],
  ['LSW_', 'Between this library and its C code (wasm/shim/lsw.h): it has no meaning to callers.'],
]

/** Throws for a constant that has no text. */
export function constantText(name: string): string {
  const found = constantTexts.find(([start]) => name.startsWith(start))
  if (!found) throw new Error(`constantTexts does not say what ${name} is`)
  return found[1]
}
