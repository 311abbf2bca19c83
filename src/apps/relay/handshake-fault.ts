// What is wrong with a WebSocket handshake, before anything is dialled for it.

import type { Refusal } from './visitor.js'

/** By the rules of RFC 6455 §4.2.1 that `ws` applies, so that it accepts each request that passes here. Subprotocols are not looked at. */
export function handshakeFault(method: string | undefined, header: (name: string) => string | undefined): Refusal | undefined {
  if (method !== 'GET') return { status: 405, reason: 'a WebSocket is opened by GET' }
  const key = header('sec-websocket-key') ?? ''
  if (!/^[+/0-9a-z]{22}==$/i.test(key)) return { status: 400, reason: 'no Sec-WebSocket-Key, or a wrong one' }
  if (!['13', '8'].includes(header('sec-websocket-version') ?? '')) return { status: 426, reason: 'Sec-WebSocket-Version must be 13' }
  const protocols = header('sec-websocket-protocol')?.split(/[ \t]*,[ \t]*/) ?? []
  const areNames = protocols.every((protocol) => /^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(protocol))
  if (areNames && new Set(protocols).size === protocols.length) return undefined
  return { status: 400, reason: 'Sec-WebSocket-Protocol must be a list of names, each once' }
}
