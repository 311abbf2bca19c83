// What a Wisp server is told, and what it tells.

import { checkOptions, each, invalid, isCount, isFunction, isMilliseconds, isOneOf, type Check } from '../../base/options.js'
import type { ByteTransport } from '../../pump/transport.js'
import type { Target } from '../target.js'

/** What {@link ServeWispOptions.dial} gives. */
export interface WispTargetTransport extends ByteTransport {
  /**
   * Ends the connection otherwise than in order, for example by a TCP reset. Called when the stream is cut, before `writable` is
   * aborted; it may have ended by then. It must not throw. Without it the target sees what aborting does: for a socket of Node's, FIN.
   */
  reset?(): void
}

/** Options of {@link serveWisp}. */
export interface ServeWispOptions {
  /**
   * Opens the connection that a stream asks for. It is the only judge of where streams may lead: refuse here. `target.host` is as
   * the client wrote it, 1 to 255 bytes without spaces, IPv6 without brackets. What this gives is owned by the server, which ends
   * it. `signal` aborts when the client no longer wants it; a transport that is given all the same is given up at once. A client
   * that has sent something and then closed its stream in order does want it, even if it has gone by then: dial with a time limit.
   *
   * If it rejects, the client is told why by the `code` of the error or of its `cause`: ECONNREFUSED (refused);
   * ENOTFOUND, EAI_AGAIN, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, EADDRNOTAVAIL (unreachable); ETIMEDOUT, or the name
   * TimeoutError (timed out); EACCES, EPERM (not allowed); EINVAL (not valid); EBUSY (throttled). No words of the error
   * reach the client.
   */
  readonly dial: (target: Target, signal: AbortSignal) => Promise<WispTargetTransport>
  /**
   * 2 if the client's request for the WebSocket had a Sec-WebSocket-Protocol header (by the specification any value asks
   * for version 2; select {@link WISP_SUBPROTOCOL} if it is offered), 1 if not. Default: 2 if the socket's `protocol` is
   * not empty.
   */
  readonly version?: 1 | 2 | undefined
  /** Streams at one time; a further one is closed as throttled. Default 100. */
  readonly maxStreams?: number | undefined
  /** How many packets of a stream the client may send ahead. Default 128. */
  readonly bufferPackets?: number | undefined
  /**
   * How much may wait here for all targets together; as a function, of how many streams there are. Above it the WebSocket is
   * paused, or, where it cannot be, the stream that brought too much is closed as throttled. Default 16 MiB.
   */
  readonly maxBufferedBytes?: number | ((streams: number) => number) | undefined
  /** Above this much that waits for a slow client, targets are not read. Default 256 KiB. */
  readonly highWaterMarkBytes?: number | undefined
  /** The longest message a client may send; a longer one closes the WebSocket with 1009. Default 1 MiB. */
  readonly maxMessageBytes?: number | undefined
  /** How long a client of version 2 may take to introduce itself. Default 10 000. */
  readonly handshakeTimeoutMs?: number | undefined
  /** A message for the client's user (version 2). Default none. */
  readonly motd?: string | undefined
  /** Who may use the server (version 2; a client of version 1 is refused then). Compare in constant time. Default: all. */
  readonly authenticate?: ((username: string, password: string) => boolean | Promise<boolean>) | undefined
  /** Told when a stream opens, is refused, and ends. What it throws is not caught. Default none. */
  readonly log?: ((entry: WispLogEntry) => void) | undefined
}

/** A stream of a Wisp client was opened or refused, or has ended. */
export interface WispLogEntry {
  /** What has happened. */
  readonly event: 'open' | 'refuse' | 'end'
  /** The client's number of the stream. */
  readonly streamId: number
  /** As the client wrote it: escape it before printing. */
  readonly target: Target
  /** The reason in the CLOSE packet that was sent or came; 0 for `open`. */
  readonly reason: number
  /** What failed, if something did. Not for the client. Its message may hold what the client wrote: escape it before printing. */
  readonly error: unknown
  /** Whether it is what `dial` or the target's connection gave; else it is the client's, or its connection's. */
  readonly ofTarget: boolean
  /** Bytes that went to the target. */
  readonly bytesToTarget: number
  /** Bytes that went to the client. */
  readonly bytesToClient: number
  /** Since the client asked for it. */
  readonly durationMs: number
}

/** What serves one client. */
export interface WispServer {
  /** Fulfilled when the WebSocket is closed and nothing that was dialled is left open. Never rejects. */
  readonly closed: Promise<void>
  /** Streams now, with those that are being dialled or are ending. */
  readonly streams: number
  /** How much the targets of all streams have taken, with those that have ended: that it grows shows that something moves. */
  readonly bytesToTargets: number
  /** How much of what targets said has been sent to the client. */
  readonly bytesToClient: number
  /** Ends every stream and closes the WebSocket with 1001 and `why`, which may have 123 bytes. Default "the server is closing". */
  close(why?: string): Promise<void>
}

const defaults = {
  log: (_entry: WispLogEntry): void => {},
  maxStreams: 100,
  bufferPackets: 128,
  maxBufferedBytes: 16 * 1024 * 1024 as number | ((streams: number) => number),
  highWaterMarkBytes: 256 * 1024,
  maxMessageBytes: 1024 * 1024,
  handshakeTimeoutMs: 10_000,
}

export type ServerSettings = ServeWispOptions & Readonly<typeof defaults>

const checks: Readonly<Record<keyof ServeWispOptions, Check>> = {
  ...each(isFunction, 'dial', 'authenticate', 'log'),
  ...each(isCount, 'maxStreams', 'bufferPackets', 'highWaterMarkBytes', 'maxMessageBytes'),
  maxBufferedBytes: (value) => (typeof value === 'function' ? undefined : isCount(value)),
  version: isOneOf(1, 2),
  handshakeTimeoutMs: isMilliseconds(1),
  motd: (value) => (typeof value === 'string' ? undefined : 'must be a string'),
}

/** Fills in the defaults. Throws `ERR_TLS_UNKNOWN_OPTION` and `ERR_TLS_INVALID_OPTION`, with `option` naming it. */
export function checkServerOptions(options: ServeWispOptions): ServerSettings {
  const checked = checkOptions(options, checks, 'serveWisp')
  if (!checked.dial) throw invalid('dial', 'must be given: a function that opens the connection that a client asks for')
  return { ...defaults, ...checked } as ServerSettings
}
