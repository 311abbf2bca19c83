// When to give up, how much to hold, and in which instance.

import { isMilliseconds, isSignal } from '../../base/options.js'
import { LibSsl } from '../../core/lib-ssl.js'
import { SSL_MODE_ENABLE_PARTIAL_WRITE, SSL_MODE_RELEASE_BUFFERS, SSL_OP_NO_RENEGOTIATION } from '../../ffi/constants.gen.js'
import { TlsContext } from '../tls-context.js'
import { isIntegerFrom, type Feature } from './feature.js'

/** The default of {@link LimitOptions.highWaterMarkBytes}. */
export const HIGH_WATER_MARK_BYTES = 64 * 1024

/** The default of {@link LimitOptions.closeTimeoutMs}. */
export const CLOSE_TIMEOUT_MS = 30_000

export interface LimitOptions {
  /** Aborts the connection, at any time, with `signal.reason`. */
  readonly signal?: AbortSignal | undefined
  /**
   * How long the handshake may take, and after it each decision about a certificate that is asked for then (`verify`,
   * `onCertificateRequest`): `DeadlineError`. Default 30,000; 0 for no limit.
   */
  readonly handshakeTimeoutMs?: number | undefined
  /** How much `writable` queues before its writer should wait, and the most that one read gives. Default 65,536. */
  readonly highWaterMarkBytes?: number | undefined
  /**
   * How long a close() without `waitForPeerMs` may take, the handshake, all that is queued and close_notify included:
   * `DeadlineError` (`ERR_TLS_CLOSE_TIMEOUT`), and the transport is given up. Also how long a connection that cannot send
   * any more is kept while what has arrived is not read. Default 30,000; 0 for no limit.
   */
  readonly closeTimeoutMs?: number | undefined
  /** The instance to use. Default: one of the connection's own, so that no two share memory; with `context`, the context's. */
  readonly libssl?: LibSsl | undefined
  /** Options that many connections share: see {@link createContext}. Beside it stand only those of this connection. */
  readonly context?: TlsContext | undefined
}

export const limits: Feature<LimitOptions> = {
  checks: {
    signal: isSignal, handshakeTimeoutMs: isMilliseconds(0), closeTimeoutMs: isMilliseconds(0),
    highWaterMarkBytes: isIntegerFrom(1, 64 * 1024 * 1024),
    context: (value) => (value instanceof TlsContext ? undefined : 'must be what createContext() of this copy of libssl-wasm gave'),
    libssl: (value) => (value instanceof LibSsl ? undefined : 'must be what load() of this copy of libssl-wasm gave'),
  },
  connection: ['signal', 'handshakeTimeoutMs', 'closeTimeoutMs', 'highWaterMarkBytes', 'context'],
  setUpCtx(ctx) {
    ctx.setMode(SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS)
    ctx.setOptions(SSL_OP_NO_RENEGOTIATION)
  },
}
