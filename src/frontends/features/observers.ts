// Callbacks for a look at what happens.

import { describeMessage, describeState, type ProtocolEvent, type StateEvent } from '../../core/trace.js'
import type { IoEvent } from '../../pump/pump-options.js'
import { isFunction, type Feature } from './feature.js'

export interface ObserverOptions {
  /** Told of each SSL call: what it returned, SSL_get_error's answer, the bytes moved. */
  readonly onIo?: ((event: IoEvent) => void) | undefined
  /**
   * Told of each record, handshake message and alert, both ways, and of each change of state. What it throws ends the
   * connection, as with `onIo`.
   */
  readonly onTrace?: ((event: TraceEvent) => void) | undefined
}

/** Something that went by on the wire. */
export interface WireTraceEvent extends ProtocolEvent {
  /** By performance.now(). */
  readonly atMs: number
}

/** A step of OpenSSL's state machine. */
export interface StateTraceEvent extends StateEvent {
  /** By performance.now(). */
  readonly atMs: number
}

/** To be told apart by `kind`: that of steps is `'state'`. */
export type TraceEvent = WireTraceEvent | StateTraceEvent

export const observers: Feature<ObserverOptions> = {
  checks: { onIo: isFunction, onTrace: isFunction },
  connection: ['onIo', 'onTrace'],
  setUpSsl(ssl, { onTrace }) {
    if (onTrace) {
      ssl.setMsgCallback((message) => onTrace({ ...describeMessage(ssl.lib, message), atMs: performance.now() }))
      ssl.setInfoCallback((where) => onTrace({ ...describeState(where, ssl.stateStringLong()), atMs: performance.now() }))
    }
  },
}
