// Early data (0-RTT, RFC 8446 §2.3): a client writes it before SSL_connect, a server reads it before SSL_accept, and may write
// meanwhile.

import type { IoResult } from '../core/io-result.js'
import type { Ssl } from '../core/ssl.js'
import { SSL_READ_EARLY_DATA_FINISH } from '../ffi/constants.gen.js'
import type { Verdict } from './pump-options.js'
import { RECORD_BYTES } from './wire.js'

/** What a connection does about it. */
export interface EarlyData {
  /** A client's: written before anything is heard. Its session must allow so much. */
  readonly send?: Uint8Array | undefined
  /** A server's: told of each piece, as it comes. */
  readonly receive?: ((bytes: Uint8Array<ArrayBuffer>) => void) | undefined
}

/**
 * Less than the pair holds, with the record's overhead: on a server SSL_write_early_data(3) reports success even if the pair
 * had no room for what it wrote.
 */
export const EARLY_WRITE_BYTES = 8 * 1024

/** A step of the pump's loop: reads until there is no more, or there was none. `judge` is given each call's result. */
export function receiveEarlyData(
  ssl: Ssl, receive: (bytes: Uint8Array<ArrayBuffer>) => void, judge: (result: IoResult) => Verdict,
): Verdict {
  const buffer = new Uint8Array(RECORD_BYTES)
  const result = ssl.readEarlyData(buffer)
  const verdict = judge(result)
  if (verdict === 'done' && result.count > 0) receive(buffer.slice(0, result.count))
  return verdict === 'done' && result.ret !== SSL_READ_EARLY_DATA_FINISH ? 'again' : verdict
}
