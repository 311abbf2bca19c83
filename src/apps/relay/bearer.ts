// Who may use the relay at all: those who have one of its tokens.

import { utf8, utf8Text } from '../../base/bytes.js'

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
    return utf8Text(Uint8Array.from(atob(encoded.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0)))
  } catch {
    return undefined // not base64
  }
}

/** Whether it is one of them; all are looked at. */
export async function isOneOf(token: string, tokens: readonly string[]): Promise<boolean> {
  const same = await Promise.all(tokens.map((one) => sameToken(token, one)))
  return same.filter(Boolean).length > 0
}

/**
 * Whether both are the same. How long it takes says nothing about where they differ: their hashes are compared, and all
 * of them.
 */
export async function sameToken(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([one, other].map(async (token) =>
    new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(token) as Uint8Array<ArrayBuffer>))))
  let different = 0
  for (let at = 0; at < 32; at++) different |= first![at]! ^ second![at]!
  return different === 0
}
