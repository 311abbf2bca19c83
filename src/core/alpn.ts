// RFC 7301 §3.1: protocol names, each with its length before it.

import { ApiMisuseError } from '../base/errors.js'
import { concat, utf8 } from '../base/bytes.js'

/** The wire form of a list of protocol names. Each has 1 to 255 bytes, all together 65,535 at most. */
export function encodeAlpn(protocols: readonly string[]): Uint8Array {
  const encoded = concat(protocols.flatMap((name) => {
    const bytes = utf8(name)
    if (bytes.byteLength < 1 || bytes.byteLength > 255) {
      throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', `an ALPN protocol name has 1 to 255 bytes, '${name}' has ${bytes.byteLength}`)
    }
    return [Uint8Array.of(bytes.byteLength), bytes]
  }))
  if (encoded.byteLength > 65535) throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', 'the list of ALPN protocols is longer than 65,535 bytes')
  return encoded
}
