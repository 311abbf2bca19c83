// What a pump is given, and what it tells and makes of its calls.

import type { BasicSsl } from '../core/basic-ssl.js'
import type { BasicBioPair } from '../core/basic-bio-pair.js'
import type { sslErrorName } from '../core/io-result.js'
import type { Decisions } from './decisions.js'
import type { Port } from './port.js'

/** One SSL call that the pump made. */
export interface IoEvent {
  /** The function of OpenSSL that was called. */
  readonly call:
    | 'SSL_connect' | 'SSL_accept' | 'SSL_do_handshake' | 'SSL_read' | 'SSL_peek' | 'SSL_write' | 'SSL_shutdown'
    | 'SSL_write_early_data' | 'SSL_read_early_data'
  /** What it returned, as its manual page has it. */
  readonly ret: number
  /** SSL_get_error's answer by name, for example `SSL_ERROR_WANT_READ`. */
  readonly error: ReturnType<typeof sslErrorName>
  /** Ciphertext that the call left to be sent. */
  readonly sentBytes: number
  /** Ciphertext that was fed to OpenSSL since the call before. */
  readonly receivedBytes: number
}

/** What the pump makes of such a call: it is done, to be repeated (`again`: at once), or the end of it all. */
export type Verdict = 'done' | 'again' | 'want read' | 'undecided' | 'broken'

/** What a connection does about early data. */
export interface EarlyData {
  /** A client's: written before anything is heard. Its session must allow so much. */
  readonly send?: Uint8Array | undefined
  /** A server's: told of each piece, as it comes. */
  readonly receive?: ((bytes: Uint8Array<ArrayBuffer>) => void) | undefined
}

export interface PumpOptions {
  readonly ssl: BasicSsl
  /** Its internal half is beneath `ssl`. The pump owns both, and frees them. */
  readonly pair: BasicBioPair
  /** Upon the transport. The pump ends it. */
  readonly port: Port
  /** Those that the callbacks of `ssl` ask for. */
  readonly decisions: Decisions
  /** Time limit of a decision that is asked for after the handshake. During it the caller's own deadline applies. 0, the default: none. */
  readonly decisionTimeoutMs?: number | undefined
  /**
   * How long the transport may take to accept the last bytes of a connection that ends well, and for how long a connection
   * that cannot send any more is kept for a reader that makes no progress. 0, the default: no limit.
   */
  readonly closeTimeoutMs?: number | undefined
  /** Called once, when the connection breaks. */
  readonly onBroken: (error: unknown) => void
  /** Called once, when the connection ended cleanly. */
  readonly onClosed: () => void
  readonly onIo?: ((event: IoEvent) => void) | undefined
}
