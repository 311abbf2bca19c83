// The options of a WebSocket as a transport.

import { ApiMisuseError } from '../base/errors.js'
import { isCount, isIntegerFrom, isOneOf, type Check } from '../base/options.js'
import { INITIAL_WINDOW_BYTES } from './websocket-credit.js'

/** Options of {@link fromWebSocket}. */
export interface WebSocketTransportOptions {
  /** Above this much that waits to be sent, a write waits. Default 256 KiB. */
  readonly highWaterMarkBytes?: number | undefined
  /**
   * A browser's WebSocket cannot be told to wait: what is unread piles up. Above this much the transport fails, and drops
   * it. Default 16 MiB. Where the WebSocket can be paused it is, and with a credit window the peer waits: this is not
   * reached then.
   */
  readonly maxBufferedBytes?: number | undefined
  /** How much a peer with a credit window may be ahead of the reader: from 262144 (256 KiB) to 2147483647. Default 1 MiB. */
  readonly windowBytes?: number | undefined
  /** A longer message ends the transport (close code 1009). Default: any length. */
  readonly maxMessageBytes?: number | undefined
  /**
   * `'server'` if this is the end that accepted the WebSocket: it need not wait for the client to show that it speaks
   * the subprotocol, and a client that goes away (1001: a page was left) has ended its stream. Default `'client'`.
   */
  readonly role?: 'client' | 'server' | undefined
}

export const isWindow = isIntegerFrom(INITIAL_WINDOW_BYTES, 2 ** 31 - 1)

export const webSocketChecks: Readonly<Record<keyof WebSocketTransportOptions, Check>> = {
  highWaterMarkBytes: isCount,
  maxBufferedBytes: isCount,
  maxMessageBytes: isCount,
  role: isOneOf('client', 'server'),
  windowBytes(value) {
    const wrong = isWindow(value)
    if (!wrong) return undefined // its code is older than the check of the others
    throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', `option 'windowBytes' ${wrong}`, { option: 'windowBytes' })
  },
}
