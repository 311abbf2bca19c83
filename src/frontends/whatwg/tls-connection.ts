// What connect() and accept() give.

import type { BytesLike } from '../../base/bytes.js'
import type { ConnectionInfo } from '../connection-info.js'
import type { OpenConnection } from '../open-connection.js'

/** A TLS connection. Its halves are independent: the end of one does not end the other. */
export interface TlsConnection extends OpenConnection {
  /**
   * Plaintext from the peer: a byte stream, for BYOB, where the platform has those. It closes on the peer's close_notify, and
   * errors with `TruncationError` if the transport ends without one. The transport is read only as fast as this is.
   */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>
  /**
   * Plaintext to the peer. Closing it sends close_notify; aborting it aborts the connection. If the transport fails to
   * send, it errors with the reason that the peer gave in an alert, or with `TransportError`: then `readable` still gives
   * what has arrived, and `closed` rejects when that has been read.
   */
  readonly writable: WritableStream<BytesLike>
  /** Settles with the handshake. */
  readonly opened: Promise<ConnectionInfo>
  /** Resolves when both directions have ended cleanly and the transport has taken our last bytes; rejects with what broke it. */
  readonly closed: Promise<void>
  /**
   * Sends what was written, then close_notify, and ends the transport: both directions, at once. What the peer still
   * sends is thrown away. With `waitForPeerMs` it also waits for the peer's close_notify. All of that, the handshake
   * included, may take `waitForPeerMs`, or without it the option `closeTimeoutMs`: then the transport is given up, and
   * `close()` and `closed` reject with `ERR_TLS_CLOSE_TIMEOUT`. If `writable` is locked, what its writer has queued is not sent.
   */
  close(options?: { readonly waitForPeerMs?: number | undefined }): Promise<void>
  /** Ends the connection now, without close_notify. Everything rejects with `reason`. */
  abort(reason?: unknown): void
}

/** A server's connection. */
export interface TlsServerConnection extends TlsConnection {
  /**
   * Early data (0-RTT), if `maxEarlyDataBytes` allows some: apart from `readable`, for it comes before the client has proved
   * itself, can be a REPLAY of what it once sent, and is not forward secret. It closes where the rest begins; at once if
   * there is none. Up to `maxEarlyDataBytes` wait for the reader. Once some has come, `writable` takes answers:
   * they go before the client has finished the handshake, and reach even an attacker who has replayed its first flight.
   * @openssl SSL_read_early_data @spec RFC 8446 §2.3, §8
   */
  readonly earlyData: ReadableStream<Uint8Array<ArrayBuffer>>
}
