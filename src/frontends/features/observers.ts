// For people who want to see what happens.

import { describeMessage, type ProtocolEvent } from '../../core/trace.js'
import type { IoEvent } from '../../pump/pump.js'
import { isFunction, type Feature } from './feature.js'

export interface ObserverOptions {
  /** Told of each SSL call: what it returned, SSL_get_error's answer, the bytes moved. */
  readonly onIo?: (event: IoEvent) => void
  /** Told of each record, handshake message and alert, both ways. What it throws ends the connection, as with `onIo`. */
  readonly onTrace?: (event: TraceEvent) => void
  /**
   * Given each secret as a line of the NSS key log format, without a newline. Whoever has these lines can decrypt the
   * connection: for debugging, with Wireshark say.
   */
  readonly onKeylog?: (line: string) => void
}

/** Something that went by on the wire. */
export interface TraceEvent extends ProtocolEvent {
  /** By performance.now(). */
  readonly atMs: number
}

export const observers: Feature<ObserverOptions> = {
  checks: { onIo: isFunction, onTrace: isFunction, onKeylog: isFunction },
  setUpSsl(ssl, { onTrace, onKeylog }) {
    if (onTrace) ssl.setMsgCallback((message) => onTrace({ ...describeMessage(ssl.lib, message), atMs: performance.now() }))
    if (onKeylog) ssl.setKeylogCallback(onKeylog)
  },
}
