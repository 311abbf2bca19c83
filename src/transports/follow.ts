// The reading half of a transport that is made from another stream.

import { isUint8Array } from '../base/bytes.js'
import type { Incoming } from './stream-ends.js'

/** As {@link Incoming.readAhead}, from a stream that keeps what has arrived itself. */
export function follow(incoming: Incoming, reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  let aheadBytes = 0
  // Nothing is left of it but its failure, which is told even to those who do not read.
  reader.closed.catch(() => {
    aheadBytes = Infinity
    incoming.advance()
  })
  return incoming.readAhead(async () => {
    const { done, value } = await reader.read()
    if (!done && !isUint8Array(value)) throw new TypeError('the transport gave something other than a Uint8Array')
    return value
  }, () => aheadBytes)
}
