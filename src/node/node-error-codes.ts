// Codes of the Node faces (libssl-wasm/node/tls and node/net): Node's own names for errors that Node has, too. Each with when it comes, who
// is at fault (the member's type), and what to do. Types alone; docs/errors.md is made from these texts by tools/error-codes.ts.

/** Codes that the Node faces set themselves. */
export interface NodeErrorCodes {
  /** Option `privateKeyEngine` or `clientCertEngine`: this OpenSSL has no engines. Give `key`. */
  ERR_CRYPTO_CUSTOM_ENGINE_NOT_SUPPORTED: 'the caller'
  /**
   * OpenSSL refused `crl`, `ecdhCurve` or `dhparam` (too few bits for the security level), `setDefaultCACertificates()` was given no
   * certificate that is valid, or `setKeyCert()` a context without one.
   */
  ERR_CRYPTO_OPERATION_FAILED: 'the caller'
  /**
   * What was asked for needs sockets of the system, and there are none: listening, a path, a file descriptor.
   * @remedy Connect to a host and a port. Give connections to a server by `server.emit('connection', duplex)`.
   */
  ERR_FEATURE_UNAVAILABLE_ON_PLATFORM: 'the platform'
  /** A text is no IP address of the family (`SocketAddress`, `BlockList`). */
  ERR_INVALID_ADDRESS: 'the caller'
  /** An argument or an option is of the wrong type. The message names it. */
  ERR_INVALID_ARG_TYPE: 'the caller'
  /** An argument or an option has a wrong value. The message names it. */
  ERR_INVALID_ARG_VALUE: 'the caller'
  /** `net.connect()` was given no port. */
  ERR_MISSING_ARGS: 'the caller'
  /** The callback of an event ('newSession', 'resumeSession', 'OCSPRequest') or of `SNICallback` was called twice. */
  ERR_MULTIPLE_CALLBACK: 'the caller'
  /**
   * There are no sockets here, and nothing says how to connect.
   * @remedy Call `setDialer(tunnelDialer('wss://relay.example'))` of `libssl-wasm/node/net` first.
   */
  ERR_NET_NO_DIALER: 'the caller'
  /** `setDefaultCACertificates()`: one of the certificates cannot be read. */
  ERR_OSSL_PEM_ASN1_LIB: 'the caller'
  /** A number is outside of what it may be, or the name of an ALPN protocol has more than 255 bytes. */
  ERR_OUT_OF_RANGE: 'the caller'
  /** `server.close()` of a server that does not run: on these platforms none does. */
  ERR_SERVER_NOT_RUNNING: 'the platform'
  /** A port is none from 0 to 65,535. */
  ERR_SOCKET_BAD_PORT: 'the caller'
  /** The socket is closed, or was never connected. */
  ERR_SOCKET_CLOSED: 'the caller'
  /** The socket was destroyed before it was connected: what was written is lost. */
  ERR_SOCKET_CLOSED_BEFORE_CONNECTION: 'the caller'
  /** None of the names in `ciphers` is a suite that this build has. */
  ERR_SSL_NO_CIPHER_MATCH: 'the caller'
  /** `renegotiate()`: TLS 1.3 has no renegotiation, and this library does none under TLS 1.2. */
  ERR_SSL_NO_RENEGOTIATION: 'the caller'
  /** The stream beneath gives text or objects. Do not call `setEncoding()`, nor use `objectMode`. The stream face has it, too. */
  ERR_STREAM_WRAP: 'the caller'
  /** `ALPNCallback` chose a protocol that the client had not offered. */
  ERR_TLS_ALPN_CALLBACK_INVALID_RESULT: 'the caller'
  /** `ALPNCallback` and `ALPNProtocols` exclude each other. */
  ERR_TLS_ALPN_CALLBACK_WITH_PROTOCOLS: 'the caller'
  /** `checkServerIdentity()` was given a `subjectaltname` that is no text of Node's. */
  ERR_TLS_CERT_ALTNAME_FORMAT: 'the caller'
  /** The certificate is not for this name or address (`checkServerIdentity()`). The error has `reason`, `host` and `cert`. */
  ERR_TLS_CERT_ALTNAME_INVALID: 'the peer or the caller'
  /** The server's Diffie-Hellman parameters have fewer bits than `minDHSize`. */
  ERR_TLS_DH_PARAM_SIZE: 'the peer'
  /** The handshake took longer than `handshakeTimeout` (a server's; default 120,000 ms). */
  ERR_TLS_HANDSHAKE_TIMEOUT: 'the peer or the network'
  /** `secureContext` is no `SecureContext` of this module. One of Node's own `tls` is none. */
  ERR_TLS_INVALID_CONTEXT: 'the caller'
  /** Option `secureProtocol` names no method that there is. Give `minVersion` and `maxVersion`. */
  ERR_TLS_INVALID_PROTOCOL_METHOD: 'the caller'
  /** `minVersion` or `maxVersion` is no version of TLS. */
  ERR_TLS_INVALID_PROTOCOL_VERSION: 'the caller'
  /** `exportKeyingMaterial()` before the handshake is done. Wait for 'secureConnect'. */
  ERR_TLS_INVALID_STATE: 'the caller'
  /** `secureProtocol` cannot stand beside `minVersion` or `maxVersion`. */
  ERR_TLS_PROTOCOL_VERSION_CONFLICT: 'the caller'
  /** `pskIdentityHint` is longer than OpenSSL takes. */
  ERR_TLS_PSK_SET_IDENTITY_HINT_FAILED: 'the caller'
  /** The same under Node 20 and 22, which spell it so. */
  ERR_TLS_PSK_SET_IDENTIY_HINT_FAILED: 'the caller'
  /** `renegotiate()` after `disableRenegotiation()`. */
  ERR_TLS_RENEGOTIATION_DISABLED: 'the caller'
  /** `server.addContext()` without a name. */
  ERR_TLS_REQUIRED_SERVER_NAME: 'the caller'
  /** `setServername()` of a server's socket: it is the client that asks for a name. */
  ERR_TLS_SNI_FROM_SERVER: 'the caller'
}

/** Codes of the system's kind. On platforms without sockets they are what a relay or a dialer tells. */
export interface SystemErrorCodes {
  /** The relay does not allow this target. */
  EACCES: 'the relay'
  /** The relay carries as many connections as it may. Try again later. */
  EBUSY: 'the relay'
  /** A write was given up because the connection ended: the socket's 'error' tells why. */
  ECANCELED: 'the connection'
  /** The target refused the connection: nothing listens there. */
  ECONNREFUSED: 'the target'
  /** The connection was cut, also by a peer that hung up in the handshake. */
  ECONNRESET: 'the peer or the network'
  /** The relay cannot reach the target. */
  EHOSTUNREACH: 'the target or the network'
  /** The relay took the target for no host and port. */
  EINVAL: 'the caller'
  /** The relay itself cannot be reached, or there is none. */
  ENETUNREACH: 'the relay or the network'
  /** The name has no address, as the relay or `lookup` sees it. */
  ENOTFOUND: 'the caller'
  /** A write after the peer has ended, without `allowHalfOpen`. */
  EPIPE: 'the caller'
  /** A write waited for a handshake that has failed: the message says how. */
  EPROTO: 'the peer or the caller'
  /** The target did not answer the relay in time. */
  ETIMEDOUT: 'the target or the network'
}
