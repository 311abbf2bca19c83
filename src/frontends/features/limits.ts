// When to give up, what counts as the end, how much to hold, how large records are, and in which instance all of it happens.

import { isBoolean, isMilliseconds } from '../../base/options.js'
import { LibSsl } from '../../core/lib-ssl.js'
import {
  SSL_MODE_ENABLE_PARTIAL_WRITE, SSL_MODE_RELEASE_BUFFERS, SSL_OP_IGNORE_UNEXPECTED_EOF, SSL_OP_NO_RENEGOTIATION,
} from '../../ffi/constants.gen.js'
import { streamLimits } from '../stream-limits.js'
import { TlsContext } from '../tls-context.js'
import { isIntegerFrom, isOneOf, type Feature } from './feature.js'

/** RFC 8446 §4: a length of three bytes. */
const MAX_HANDSHAKE_MESSAGE_BYTES = 2 ** 24 - 1

/** When to give up, how much to hold, and in which instance and context. */
export interface LimitOptions {
  /** Aborts the connection, at any time, with `signal.reason`. */
  readonly signal?: AbortSignal | undefined
  /**
   * How long the handshake may take, and after it each decision about a certificate that is asked for then (`verify`,
   * `onCertificateRequest`): `DeadlineError`. Default 30,000; 0 for no limit.
   */
  readonly handshakeTimeoutMs?: number | undefined
  /**
   * How long the peer's list of certificates may be, and the names of CAs with which a server asks for one, each in bytes:
   * `ERR_SSL_EXCESSIVE_MESSAGE_SIZE`. Default 102,400, which is OpenSSL's.
   */
  readonly maxCertificateListBytes?: number | undefined
  /** How much `writable` queues before its writer should wait, and the most that one read gives. Default 65,536. */
  readonly highWaterMarkBytes?: number | undefined
  /**
   * How long a close() without `waitForPeerMs` may take, the handshake, all that is queued and close_notify included:
   * `DeadlineError` (`ERR_TLS_CLOSE_TIMEOUT`), and the transport is given up. Also how long a connection that cannot send
   * any more is kept while what has arrived is not read. Default 30,000; 0 for no limit.
   */
  readonly closeTimeoutMs?: number | undefined
  /**
   * DANGEROUS: takes the transport's clean end for the peer's close_notify. Anyone on the way can cut the connection then, in the
   * middle of a record, too, and `readable` ends as if that were all. For protocols that know where they end, and programs
   * that check it. Default: `TruncationError`. The handshake, and a transport that fails, are not touched.
   * @openssl SSL_OP_IGNORE_UNEXPECTED_EOF
   */
  readonly dangerouslyAllowTruncation?: boolean | undefined
  /** The instance to use. Default: one of the connection's own, so that no two share memory; with `context`, the context's. */
  readonly libssl?: LibSsl | undefined
  /** Options that many connections share: see {@link createContext}. Beside it stand only those of this connection. */
  readonly context?: TlsContext | undefined
}

/** What RFC 6066 §4 can name. */
export type MaxFragmentLength = 512 | 1024 | 2048 | 4096

/** How large our records are. */
export interface RecordOptions {
  /** The most plaintext that goes into one record of ours: 512 to 16,384. Default 16,384. */
  readonly maxSendFragmentBytes?: number | undefined
  /**
   * Pads the plaintext of our TLS 1.3 records to a multiple of so many bytes, 1 to 16,384, so that an observer learns less of its
   * length (RFC 8446 §5.4). Default: none. TLS 1.2 has no padding.
   */
  readonly recordPaddingBytes?: number | undefined
}

/** How large a client wants the server's records to be. */
export interface ClientRecordOptions {
  /**
   * Asks for records of so many bytes of plaintext at most, both ways (RFC 6066 §4). Servers need not know this:
   * `maxFragmentLength` of {@link ConnectionInfo} tells. Default: not asked for. A server of ours does as it is asked.
   */
  readonly maxFragmentLength?: MaxFragmentLength | undefined
}

export const limits: Feature<LimitOptions> = {
  checks: {
    ...streamLimits, handshakeTimeoutMs: isMilliseconds(0), maxCertificateListBytes: isIntegerFrom(1, MAX_HANDSHAKE_MESSAGE_BYTES),
    dangerouslyAllowTruncation: isBoolean,
    context: (value) => (value instanceof TlsContext ? undefined : 'must be what createContext() of this copy of libssl-wasm gave'),
    libssl: (value) => (value instanceof LibSsl ? undefined : 'must be what load() of this copy of libssl-wasm gave'),
  },
  connection: ['signal', 'handshakeTimeoutMs', 'closeTimeoutMs', 'highWaterMarkBytes', 'context'],
  either: ['maxCertificateListBytes'],
  setUpCtx(ctx, { dangerouslyAllowTruncation }) {
    ctx.setMode(SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS)
    ctx.setOptions(SSL_OP_NO_RENEGOTIATION)
    if (dangerouslyAllowTruncation) ctx.setOptions(SSL_OP_IGNORE_UNEXPECTED_EOF)
  },
  setUpSsl(ssl, { maxCertificateListBytes }) {
    if (maxCertificateListBytes !== undefined) ssl.setMaxCertList(maxCertificateListBytes)
  },
}

/** By `TLSEXT_max_fragment_length_…`, the numbers of RFC 6066 §4: 0 is for none. */
export const maxFragmentLengths: readonly (MaxFragmentLength | undefined)[] = [undefined, 512, 1024, 2048, 4096]

export const records: Feature<RecordOptions> = {
  checks: { maxSendFragmentBytes: isIntegerFrom(512, 16_384), recordPaddingBytes: isIntegerFrom(1, 16_384) },
  setUpCtx(ctx, { maxSendFragmentBytes, recordPaddingBytes }) {
    if (maxSendFragmentBytes !== undefined) ctx.setMaxSendFragment(maxSendFragmentBytes)
    if (recordPaddingBytes !== undefined) ctx.setBlockPadding(recordPaddingBytes)
  },
}

export const clientRecords: Feature<ClientRecordOptions> = {
  checks: { maxFragmentLength: /* @__PURE__ */ isOneOf(512, 1024, 2048, 4096) },
  setUpCtx(ctx, { maxFragmentLength }) {
    if (maxFragmentLength !== undefined) ctx.setTlsextMaxFragmentLength(maxFragmentLengths.indexOf(maxFragmentLength))
  },
}
