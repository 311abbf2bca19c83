// Who may use the relay at all: those who have one of its tokens.

import { fromBase64, utf8, utf8Text } from '../../base/bytes.js'

/** What a page offers as a subprotocol, since it can set no headers: this, and the token in base64url. */
const prefix = 'libssl-wasm.bearer.'

export function isBearer(protocol: string): boolean {
  return protocol.startsWith(prefix)
}

/**
 * The token that a request presents: in `Authorization: Bearer`, else among the subprotocols it offers. Undefined if
 * there is none.
 */
export function presentedToken(authorization: string | undefined, offered: readonly string[]): string | undefined {
  const bearer = /^Bearer +([^ ]+) *$/i.exec(authorization ?? '')?.[1]
  if (bearer !== undefined) return bearer
  const encoded = offered.find(isBearer)?.slice(prefix.length)
  if (encoded === undefined) return undefined
  try {
    return utf8Text(fromBase64(encoded.replaceAll('-', '+').replaceAll('_', '/')))
  } catch {
    return undefined // not base64
  }
}

/** Whether it is one of them; all are looked at. */
export function isOneOf(token: string, tokens: readonly string[]): boolean {
  return tokens.filter((one) => sameToken(token, one)).length > 0
}

/** Whether `given` is `token`. How long it takes says nothing about where they differ: all of `given` is looked at. */
export function sameToken(given: string, token: string): boolean {
  const theirs = utf8(given)
  const ours = utf8(token)
  let different = theirs.byteLength ^ ours.byteLength
  for (let at = 0; at < theirs.byteLength; at++) different |= theirs[at]! ^ ours[at % ours.byteLength]!
  return different === 0
}
