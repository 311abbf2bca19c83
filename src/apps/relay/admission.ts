// Who may open a tunnel, and where to. Decided from the request alone, before a byte goes to the target.

import { formatTarget, type Target } from '../../transports/target.js'
import { CREDIT_PROTOCOL, MAX_DATA_BYTES } from '../../transports/websocket-credit.js'
import { RAW_PROTOCOL } from '../../transports/websocket-raw.js'
import { presentedToken, sameToken } from './bearer.js'
import { parseRequestTarget } from './target.js'
import type { Refusal, Visitor } from './visitor.js'

export interface Rules {
  readonly allow: ReadonlySet<string>
  readonly origins: ReadonlySet<string>
  readonly token: string | undefined
  readonly maxMessageBytes: number
}

export interface Admission {
  readonly target: Target
  /** The subprotocol to select. Never the one that carries a token: it would come back in the answer. */
  readonly protocol: string | undefined
}

/** The target, if the request may have it. The origin comes first: a foreign page is told nothing else. */
export async function admit(visitor: Visitor, rules: Rules): Promise<Admission | Refusal> {
  const origin = originOf(visitor)
  if (origin !== undefined && !rules.origins.has(origin)) return { status: 403, reason: 'this origin is not allowed' }
  const upgrade = visitor.header('upgrade')
  if (upgrade === undefined) return { status: 426, reason: 'this is a WebSocket relay' }
  if (upgrade.toLowerCase() !== 'websocket') return { status: 400, reason: 'not a WebSocket request' }
  const offered = (visitor.header('sec-websocket-protocol') ?? '').split(',').map((protocol) => protocol.trim())
  if (rules.token !== undefined) {
    const token = presentedToken(visitor.header('authorization'), offered)
    if (token === undefined || !await sameToken(token, rules.token)) return { status: 401, reason: 'a bearer token is needed' }
  }
  const target = parseRequestTarget(visitor.path)
  if (!target) return { status: 400, reason: 'the path must be /host:port' }
  if (!rules.allow.has(formatTarget(target))) return { status: 403, reason: 'this target is not allowed' }
  return { target, protocol: select(offered, rules) }
}

/** The page that a browser acts for. Version 8 of the protocol, which `ws` still speaks, had another header for it. */
export function originOf(visitor: Visitor): string | undefined {
  return visitor.header('origin') ?? visitor.header('sec-websocket-origin')
}

/** Of those that we speak, the one we would rather. `binary` is what clients of websockify call the plain framing. */
function select(offered: readonly string[], { maxMessageBytes }: Rules): string | undefined {
  const spoken = [RAW_PROTOCOL, 'binary']
  if (maxMessageBytes > MAX_DATA_BYTES) spoken.unshift(CREDIT_PROTOCOL) // its messages would be too long
  return spoken.find((protocol) => offered.includes(protocol))
}
