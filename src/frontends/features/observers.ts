// Looking at what happens: callbacks, and the secrets of a connection for Wireshark, to a file as well where there are files.

import { hasKeylogFiles, keylogFile } from '#keylog'
import { describeMessage, describeState, type ProtocolEvent, type StateEvent } from '../../core/trace.js'
import type { IoEvent } from '../../pump/pump-options.js'
import { invalid, isFunction, isString, type Feature } from './feature.js'

/** Functions that are told what happens. */
export interface ObserverOptions {
  /** Told of each SSL call: what it returned, SSL_get_error's answer, the bytes moved. */
  readonly onIo?: ((event: IoEvent) => void) | undefined
  /**
   * Told of each record, handshake message and alert, both ways, and of each change of state. What it throws ends the
   * connection, as with `onIo`.
   */
  readonly onTrace?: ((event: TraceEvent) => void) | undefined
}

interface Timed {
  /** By performance.now(). */
  readonly atMs: number
}

/** Something that went by on the wire. */
export interface WireTraceEvent extends ProtocolEvent, Timed {}

/** A step of OpenSSL's state machine. */
export interface StateTraceEvent extends StateEvent, Timed {}

/** To be told apart by `kind`: that of steps is `'state'`. */
export type TraceEvent = WireTraceEvent | StateTraceEvent

/** Where the secrets of a connection go, for Wireshark. */
export interface KeyLogOptions {
  /**
   * Given each secret as a line of the NSS key log format, without a newline. These lines are enough to decrypt the
   * connection: for debugging, for example with Wireshark.
   */
  readonly onKeylog?: ((line: string) => void) | undefined
  /**
   * Appends the same lines to a file: this one, or with `true` the one that the environment variable SSLKEYLOGFILE names, if it
   * does. In Node, Deno (`--allow-write`, `--allow-env=SSLKEYLOGFILE`) and Bun; an error elsewhere. A new file is its owner's
   * alone. Default: no file, whatever the environment says.
   */
  readonly keylogFile?: boolean | string | undefined
}

export const observers: Feature<ObserverOptions> = {
  checks: { onIo: isFunction, onTrace: isFunction },
  connection: ['onIo', 'onTrace'],
  setUpSsl(ssl, { onTrace }) {
    if (!onTrace) return
    ssl.setMsgCallback((message) => onTrace({ ...describeMessage(ssl.lib, message), atMs: performance.now() }))
    ssl.setInfoCallback((where) => onTrace({ ...describeState(where, ssl.stateStringLong()), atMs: performance.now() }))
  },
}

export const keyLog: Feature<KeyLogOptions> = {
  checks: {
    onKeylog: isFunction,
    keylogFile: (value) => {
      if (typeof value !== 'boolean' && isString(value)) return 'must be a boolean, or the name of a file'
      return value === false || hasKeylogFiles() ? undefined : 'needs Node, Deno or Bun: this platform has no files'
    },
  },
  connection: ['onKeylog', 'keylogFile'],
  setUpSsl(ssl, { onKeylog, keylogFile: file = false }) {
    const append = file === false ? undefined : open(file)
    if (!onKeylog && !append) return
    ssl.setKeylogCallback((line) => {
      append?.(line)
      onKeylog?.(line)
    })
  },
}

function open(file: string | true): ((line: string) => void) | undefined {
  try {
    return keylogFile(file === true ? undefined : file)
  } catch (cause) {
    throw invalid('keylogFile', `cannot be appended to: ${(cause as Error).message}`, { cause })
  }
}
