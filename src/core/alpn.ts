// RFC 7301 §3.1: protocol names, each with its length before it.

import { ApiMisuseError } from '../base/errors.js'
import { concat, decodeUtf8, utf8 } from '../base/bytes.js'
import { demand } from './setters.js'

/** Reads names in their wire form: each with its offset. Throws `ERR_TLS_INVALID_ARGUMENT` for anything else. */
export function decodeAlpn(protos: Uint8Array): { readonly name: string; readonly offset: number }[] {
  const names = []
  for (let offset = 0; offset < protos.byteLength;) {
    const end = offset + 1 + protos[offset]!
    demand(end > offset + 1 && end <= protos.byteLength, 'this is no list of ALPN protocols')
    names.push({ name: decodeUtf8(protos.subarray(offset + 1, end)), offset })
    offset = end
  }
  return names
}

/** The wire form of a list of protocol names. Each has 1 to 255 bytes, all together 65,535 at most. */
export function encodeAlpn(protocols: readonly string[]): Uint8Array {
  const encoded = concat(protocols.flatMap((name) => {
    const bytes = utf8(name)
    if (bytes.byteLength < 1 || bytes.byteLength > 255) {
      throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', `an ALPN protocol name has 1 to 255 bytes, '${name}' has ${bytes.byteLength}`)
    }
    return [Uint8Array.of(bytes.byteLength), bytes]
  }))
  demand(encoded.byteLength <= 65535, 'the list of ALPN protocols is longer than 65,535 bytes')
  return encoded
}
