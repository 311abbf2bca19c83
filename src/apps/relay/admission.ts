// Who may open a tunnel, and where to. Decided from the request alone, before a byte goes to the target.

import type { RelayErrorCode } from '../../base/errors.js'
import { relayRefusals } from '../../transports/relay-refusals.js'
import { formatTarget, type Target } from '../../transports/target.js'
import { CREDIT_PROTOCOL, MAX_DATA_BYTES } from '../../transports/websocket-credit.js'
import { RAW_PROTOCOL } from '../../transports/websocket-framing.js'
import { WispCloseReason } from '../../transports/wisp/close-reason.js'
import { WISP_SUBPROTOCOL } from '../../transports/wisp/handshake.js'
import { closePacket } from '../../transports/wisp/packets.js'
import { isBearer, isOneOf, presentedToken } from './bearer.js'
import { isWispPath, parseRequestTarget, wrongPath } from './request-target.js'
import type { Refusal, Visitor } from './visitor.js'
import type { WrongTokens } from './wrong-tokens.js'

export interface Rules {
  readonly allow: ReadonlySet<string>
  readonly origins: ReadonlySet<string>
  /** One of them is to be presented, if there are any. */
  readonly tokens: readonly string[]
  readonly wrongTokens: WrongTokens
  readonly maxMessageBytes: number
}

export interface Admission {
  /** Where a tunnel leads; or the version of Wisp, whose client names a target for each stream. */
  readonly to: Target | 1 | 2
  /** The subprotocol to select. Never the one that carries a token: it would come back in the answer. */
  readonly protocol: string | undefined
}

/** The target, if the request may have it, and is one for a WebSocket: nothing is dialled for another. */
export function admit(visitor: Visitor, rules: Rules): Admission | Refusal {
  const verdict = judge(visitor, rules)
  return 'status' in verdict ? verdict : visitor.fault ?? verdict
}

/** The origin is judged first, so that a foreign page learns nothing else. */
function judge(visitor: Visitor, rules: Rules): Admission | Refusal {
  const origin = originOf(visitor)
  if (origin !== undefined && !rules.origins.has(origin)) return { status: 403, reason: 'this origin is not allowed' }
  const upgrade = visitor.header('upgrade')
  if (upgrade === undefined) return { status: 426, reason: 'this is a WebSocket relay' }
  if (upgrade.toLowerCase() !== 'websocket') return { status: 400, reason: 'not a WebSocket request' }
  const offered = (visitor.header('sec-websocket-protocol') ?? '').split(',').map((protocol) => protocol.trim())
  const stranger = refuseStranger(visitor, presentedToken(visitor.header('authorization'), offered), rules)
  if (stranger) return stranger
  if (isWispPath(visitor.path)) return admitWisp(offered)
  const target = parseRequestTarget(visitor.path)
  const protocol = select(offered, rules)
  if (!target) return refusal(400, wrongPath(visitor.path), 'ERR_TLS_RELAY_TARGET_INVALID', protocol)
  if (rules.allow.has(formatTarget(target))) return { to: target, protocol }
  return refusal(403, 'this target is not allowed', 'ERR_TLS_RELAY_TARGET_NOT_ALLOWED', protocol)
}

/** A refusal for a client that may use the relay. */
export function refusal(status: number, reason: string, code: RelayErrorCode, protocol: string | undefined): Refusal {
  return { status, reason, close: { protocol, code: relayRefusals[code][0] } }
}

/** There is no place for it. Wisp has words of its own for that, about the connection as a whole (stream 0). */
export function busy(reason: string, { to, protocol }: Admission): Refusal {
  const refused = refusal(503, reason, 'ERR_TLS_RELAY_BUSY', protocol)
  const message = typeof to === 'number' ? { message: closePacket(0, WispCloseReason.THROTTLED) } : {}
  return { ...refused, close: { ...refused.close!, ...message } }
}

/** A client that has guessed too often is not told whether this guess was right. One that presents nothing has not guessed. */
function refuseStranger({ clientAddress }: Visitor, token: string | undefined, rules: Rules): Refusal | undefined {
  const { tokens, wrongTokens } = rules
  if (tokens.length === 0) return undefined
  if (token !== undefined && wrongTokens.tooMany(clientAddress)) return { status: 429, reason: 'too many wrong tokens: wait a minute' }
  if (token !== undefined && isOneOf(token, tokens)) return undefined
  if (token !== undefined) wrongTokens.count(clientAddress)
  return { status: 401, reason: 'a bearer token is needed' }
}

/** By the specification, a client that offers any subprotocol asks for version 2. A subprotocol that carries a token does not count. */
function admitWisp(offered: readonly string[]): Admission {
  const protocol = [WISP_SUBPROTOCOL, RAW_PROTOCOL].find((name) => offered.includes(name))
  return { to: offered.some((name) => name !== '' && !isBearer(name)) ? 2 : 1, protocol }
}

/** The page that a browser acts for. Version 8 of the protocol, which `ws` still speaks, had another header for it. */
export function originOf(visitor: Visitor): string | undefined {
  return visitor.header('origin') ?? visitor.header('sec-websocket-origin')
}

/** The best of the offered subprotocols that we speak. Clients of websockify call the plain framing `binary`. */
function select(offered: readonly string[], { maxMessageBytes }: Rules): string | undefined {
  const spoken = [RAW_PROTOCOL, 'binary']
  if (maxMessageBytes > MAX_DATA_BYTES) spoken.unshift(CREDIT_PROTOCOL) // its messages would be too long
  return spoken.find((protocol) => offered.includes(protocol))
}
