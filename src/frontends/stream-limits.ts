// The limits of a connection's own streams, and of waiting for them. In worker mode they are the page's; the worker has the others.

import { isIntegerFrom, isMilliseconds, isSignal } from '../base/options.js'

// Defaults of LimitOptions.
export const HIGH_WATER_MARK_BYTES = 64 * 1024
export const CLOSE_TIMEOUT_MS = 30_000

/** A limit for waiting; 0: none. */
export const isWaitMs = isMilliseconds(0)

export const streamLimits = {
  signal: isSignal, closeTimeoutMs: isWaitMs, highWaterMarkBytes: isIntegerFrom(1, 64 * 1024 * 1024),
} as const
