// The codes of this library's errors: when each comes, who is at fault (the member's type), and what to do. Types alone: no code is made
// of them. docs/errors.md is made from these texts by tools/error-codes.ts.

/** Codes of `PeerError` that are this library's own. The others are OpenSSL's: {@link AlertErrorCodes}, {@link OpensslErrorCodes}. */
export interface PeerErrorCodes {
  /**
   * The server did not read our encrypted ClientHello, and the handshake has ended there. The class is `EchRejectedError`.
   * @remedy Connect once more with `ech: { configList: error.retryConfigList }` if there is such a list. If `publicNameVerified` is
   *   `true` and there is none, the server has switched ECH off, and you may connect without it.
   */
  ERR_TLS_ECH_REJECTED: 'the peer'
  /**
   * The peer sent close_notify in the middle of the handshake, or before it had answered `requestClientCertificate()`.
   * @remedy Look into the peer's log: it has decided to stop, and has not said why.
   */
  ERR_TLS_HANDSHAKE_CLOSED: 'the peer'
  /**
   * A line of the conversation before TLS has more than `maxBytes` bytes (`PlaintextConversation.readLine()`).
   * @remedy Check that the peer speaks the protocol that you expect. If it does, raise `maxBytes`.
   */
  ERR_TLS_LINE_TOO_LONG: 'the peer'
  /**
   * `libssl-wasm connect --starttls`: the server does not offer TLS, or refuses it. The message has what it said.
   * @remedy Switch TLS on in the server's configuration, or connect to the port where it begins with TLS, without `--starttls`.
   */
  ERR_TLS_STARTTLS_REFUSED: 'the peer'
  /**
   * `libssl-wasm connect --starttls`: what the server said is not of that protocol. The message has it.
   * @remedy Check the port and the protocol. Many servers have a second port, where TLS comes first: leave out `--starttls` there.
   */
  ERR_TLS_STARTTLS_UNEXPECTED: 'the peer'
}

/** The codes of `TruncationError`. */
export interface TruncationErrorCodes {
  /**
   * The stream ended without close_notify, in the handshake, or before TLS began. What had arrived was given to the reader first. An
   * attacker can cut a connection so, and some servers end every connection so.
   * @remedy Treat what you have read as incomplete, unless the protocol itself says where it ends. In the handshake: the message says
   *   what the peer may have disliked; its own log says it for certain.
   */
  ERR_TLS_UNEXPECTED_EOF: 'the peer or the network'
}

/** What a relay says when it does not connect us to the target. */
export interface RelayErrorCodes {
  /**
   * The relay carries as many connections as it may, in all or for one address, or is closing.
   * @remedy Try again later, or raise the relay's `maxConnections` or `maxConnectionsPerAddress`.
   */
  ERR_TLS_RELAY_BUSY: 'the relay'
  /**
   * The target refused the relay's connection: nothing listens on that port.
   * @remedy Check that the server runs, and listens where the relay can reach it.
   */
  ERR_TLS_RELAY_CONNECTION_REFUSED: 'the target'
  /**
   * The target did not answer the relay within the relay's `connectTimeoutMs`.
   * @remedy Check the address, and the firewalls between the relay and the target.
   */
  ERR_TLS_RELAY_CONNECT_TIMEOUT: 'the target or the network'
  /**
   * The relay could not resolve the target's name.
   * @remedy Check the name: it is resolved where the relay runs.
   */
  ERR_TLS_RELAY_HOST_NOT_FOUND: 'the caller'
  /**
   * What was asked for is no host and port.
   * @remedy Give a host and a port, and the URL of the relay without a path.
   */
  ERR_TLS_RELAY_TARGET_INVALID: 'the caller'
  /**
   * The relay does not allow this target.
   * @remedy Add the target to the relay's `allow`, spelled as you ask for it.
   */
  ERR_TLS_RELAY_TARGET_NOT_ALLOWED: 'the relay'
  /**
   * The relay could not reach the target, for another reason than those above.
   * @remedy Check the address and the relay's network. The relay's log has the system's code.
   */
  ERR_TLS_RELAY_TARGET_UNREACHABLE: 'the target or the network'
}

/** Codes of `TransportError`; {@link RelayErrorCodes} are the others. */
export interface TransportErrorCodes {
  /**
   * The byte pipe beneath TLS failed: a socket, a WebSocket, a stream of yours. `cause` is its own error, and the message holds its
   * words. `startRelay()` rejects with it when it cannot listen.
   * @remedy Look at `cause`. A connection that was cut can be made again; what was written and not answered may have been lost.
   */
  ERR_TLS_TRANSPORT: 'the transport'
}

/** The codes of `RefusalError`. */
export interface RefusalErrorCodes {
  /**
   * A callback of yours threw a `RefusalError`: the peer was sent its `alert`, and the connection has ended.
   * @remedy Nothing, if the refusal was meant. The message is the one that your callback gave.
   */
  ERR_TLS_REFUSED: 'your decision'
}

/** The codes of `DeadlineError`. */
export interface DeadlineErrorCodes {
  /**
   * `close()` took longer than `closeTimeoutMs` (default 30,000), and the transport was given up.
   * @remedy Read to the end before you close, or give `closeTimeoutMs` more time: the peer takes what is queued too slowly.
   */
  ERR_TLS_CLOSE_TIMEOUT: 'the peer or the network'
  /**
   * The handshake took longer than `handshakeTimeoutMs` (default 30,000; on the Node face `handshakeTimeout` of a server, default
   * 120,000), or after it a decision about a certificate did (`verify`, `onCertificateRequest`).
   * @remedy The message says what was waited for. Check that a TLS server answers there, or that your callback settles.
   */
  ERR_TLS_HANDSHAKE_TIMEOUT: 'the peer, the network or a callback'
  /**
   * A read or a write before TLS took longer than `timeoutMs` of `PlaintextConversation` (default 30,000).
   * @remedy The message quotes what the peer has said so far. A peer that says nothing may wait for you, or for TLS at once.
   */
  ERR_TLS_PLAINTEXT_TIMEOUT: 'the peer or the network'
}

/** Codes of `ApiMisuseError` that are this library's own. The others are OpenSSL's, for a value that it refuses. */
export interface ApiMisuseErrorCodes {
  /**
   * Our own certificate (`cert`, `pfx`) has expired. It is looked at again before each connection.
   * @remedy Renew the certificate, or check this machine's clock. Option `useExpiredCert` uses it all the same.
   */
  ERR_TLS_CERT_EXPIRED: 'the caller'
  /**
   * Our own certificate (`cert`, `pfx`) is not valid yet.
   * @remedy Check this machine's clock. Option `useExpiredCert` uses the certificate all the same.
   */
  ERR_TLS_CERT_NOT_YET_VALID: 'the caller'
  /**
   * The object was freed or disposed of before it was used: a context, an `Ssl`, a certificate.
   * @remedy Keep the object as long as it is used, or make another.
   */
  ERR_TLS_DISPOSED: 'the caller'
  /**
   * An argument is not what the function takes.
   * @remedy The message names the argument and says what it must be.
   */
  ERR_TLS_INVALID_ARGUMENT: 'the caller'
  /**
   * An option has a wrong value, is missing, or cannot be combined with another. `option` names it.
   * @remedy The message says what the option must be, or which other option to leave out.
   */
  ERR_TLS_INVALID_OPTION: 'the caller'
  /**
   * The call does not fit the state: the connection is closed, a read is under way, libssl is not loaded yet, the platform lacks
   * something that the call needs, or the connection has no such value (`channelBinding()`).
   * @remedy The message says which state the call needs. Call at another time, or ask first.
   */
  ERR_TLS_INVALID_STATE: 'the caller'
  /**
   * The private key is encrypted by an algorithm that this build does not have.
   * @remedy Encrypt the key again: the message has the command.
   */
  ERR_TLS_KEY_ENCRYPTION_UNSUPPORTED: 'the caller'
  /**
   * The private key does not belong to the certificate.
   * @remedy Give the key of the first certificate in `cert`. A chain begins with your own certificate, and its issuer follows.
   */
  ERR_TLS_KEY_MISMATCH: 'the caller'
  /**
   * There is no private key in the value that OpenSSL can read.
   * @remedy Give PEM or DER of PKCS#8, PKCS#1 or SEC 1. The message says what the value looks like instead.
   */
  ERR_TLS_KEY_UNREADABLE: 'the caller'
  /**
   * The platform has no `crypto.getRandomValues`, or refuses it at this moment.
   * @remedy In an edge worker, connect within a handler, not while the worker starts.
   */
  ERR_TLS_NO_ENTROPY: 'the platform'
  /**
   * No trusted roots are known: the platform hands out no list, or this build of `libssl-wasm/roots` is without one.
   * @remedy Give option `ca`, for example `mozillaRoots` of `libssl-wasm/roots`.
   */
  ERR_TLS_NO_TRUST_ANCHORS: 'the caller'
  /**
   * The private key or the PKCS#12 file is encrypted, and there is no passphrase.
   * @remedy Give option `passphrase`.
   */
  ERR_TLS_PASSPHRASE_MISSING: 'the caller'
  /**
   * The private key or the PKCS#12 file cannot be decrypted with this passphrase.
   * @remedy Check option `passphrase`.
   */
  ERR_TLS_PASSPHRASE_WRONG: 'the caller'
  /**
   * The function has no option of this name. `option` holds the name.
   * @remedy The message suggests the option that may have been meant, or lists those there are.
   */
  ERR_TLS_UNKNOWN_OPTION: 'the caller'
}

/** The codes of `InternalError`. */
export interface InternalErrorCodes {
  /**
   * libssl.wasm could not be loaded or compiled, the worker has failed or ended, or this library has reached a state that it should not.
   * @remedy If the message names libssl.wasm, put the file where it is looked for, or change the page's Content-Security-Policy, as the
   *   message and docs/bundlers.md say. If it names the worker, make another. Else report it as a fault of this library.
   */
  ERR_TLS_INTERNAL: 'the installation or this library'
  /**
   * WebAssembly memory could not be allocated.
   * @remedy Close connections. Connections that have an instance of their own each have memory of their own, too.
   */
  ERR_TLS_OUT_OF_MEMORY: 'the platform'
  /**
   * WebAssembly trapped. The instance has ended, and each of its connections with it; every later call of its objects throws this error.
   * @remedy Load another instance, and report the fault.
   */
  ERR_TLS_WASM_ABORT: 'this library or the platform'
}

/** Codes of warnings, which `process.emitWarning` is given where there is one, else the console. Each text is told once. */
export interface WarningCodes {
  /**
   * A certificate of the platform's list, of NODE_EXTRA_CA_CERTS or SSL_CERT_FILE cannot be read. It is ignored, and the
   * others count.
   * @remedy Mend or remove the file that the message names.
   */
  WARN_TLS_CA_UNREADABLE: 'the platform'
  /**
   * A certificate of our chain, not our own, has expired. It is sent all the same: peers may do without it.
   * @remedy Replace it in `cert`, or leave it out.
   */
  WARN_TLS_CHAIN_EXPIRED: 'the caller'
  /**
   * A certificate of our chain, not our own, is not valid yet. It is sent all the same.
   * @remedy Replace it in `cert`, or check this machine's clock.
   */
  WARN_TLS_CHAIN_NOT_YET_VALID: 'the caller'
  /**
   * Our certificate and its chain take more than 102,400 bytes, which is the most that OpenSSL and others accept by default.
   * @remedy Leave out of `cert` what peers do not need. Peers that use this library can raise `maxCertificateListBytes`.
   */
  WARN_TLS_CHAIN_TOO_LONG: 'the caller'
}
