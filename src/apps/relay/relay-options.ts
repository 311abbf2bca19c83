// The options of the relay, checked one by one: a misspelt option of something that guards a network must not pass.

import { checkOptions, isCount, isFunction, isIntegerFrom, isMilliseconds, isString, type Check } from '../../base/options.js'
import type { RelayLogEntry } from './relay-log.js'
import { formatTarget, parseTarget } from '../../transports/target.js'

/** What a relay may do, on any host. */
export interface RelayRules {
  /** Exact targets, `host:port`; upper and lower case are one. Default none: every target is refused. */
  readonly allow?: readonly string[] | undefined
  /**
   * Exact Origin headers, such as `https://app.example`, whose pages may connect. Default none. A request without
   * that header does not come from a browser, and is not held to this list.
   */
  readonly origins?: readonly string[] | undefined
  /** A bearer token that every request must present; else 401. Default none: it is not asked for. */
  readonly token?: string | undefined
  /** Tunnels at one time; a further one is refused with 503. Default 100. */
  readonly maxConnections?: number | undefined
  /**
   * The longest message a client may send; a longer one closes the tunnel with 1009. Default 1 MiB. With less than 65537
   * the credit window is not offered, as its messages are longer.
   */
  readonly maxMessageBytes?: number | undefined
  /** How long to wait for the target's TCP handshake; then 502. Default 10000. */
  readonly connectTimeoutMs?: number | undefined
  /**
   * How long nothing may move in a tunnel, or in all streams of a Wisp connection, before it is closed (1001); looked at once
   * in that time, so it may take up to twice as long. Default 0, for ever: mail and messages wait for hours, and a client
   * that has vanished is noticed otherwise.
   */
  readonly idleTimeoutMs?: number | undefined
  /** How much may wait for a slow client before the relay stops reading from the target. Default 256 KiB. */
  readonly highWaterMarkBytes?: number | undefined
  /** Called when a tunnel opens, is refused, and ends; what it throws is not caught. Default none. */
  readonly log?: ((entry: RelayLogEntry) => void) | undefined
}

export interface RelayOptions extends RelayRules {
  /** The address to listen on. Default `127.0.0.1`: this machine alone. */
  readonly host?: string | undefined
  /** The port to listen on. Default 0: the system picks one. */
  readonly port?: number | undefined
}

/** The rules, complete. */
export interface RelaySettings {
  readonly allow: ReadonlySet<string>
  readonly origins: ReadonlySet<string>
  readonly token: string | undefined
  readonly maxConnections: number
  readonly maxMessageBytes: number
  readonly connectTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly highWaterMarkBytes: number
  readonly log: (entry: RelayLogEntry) => void
}

/** A list of texts that `read` understands. */
const isListOf = (wanted: string, read: (item: string) => unknown): Check => (value) => {
  if (!Array.isArray(value)) return `must be a list of ${wanted}`
  const at = value.findIndex((item: unknown) => typeof item !== 'string' || !read(item))
  return at < 0 ? undefined : `must be a list of ${wanted}; ${JSON.stringify(value[at])} is not one`
}

const ruleChecks: Readonly<Record<keyof RelayRules, Check>> = {
  allow: isListOf('targets such as \'mail.example:993\' or \'[::1]:443\'', parseTarget),
  origins: isListOf('origins such as \'https://app.example\', without a path', isOrigin),
  // As one word: RFC 6750 §2.1 has no spaces in it, and they would not be seen where it is typed by hand.
  token: (value) => (typeof value === 'string' && /^[\x21-\x7e]+$/.test(value) ? undefined : 'must be printable ASCII without spaces'),
  maxConnections: isCount,
  maxMessageBytes: isCount,
  connectTimeoutMs: isMilliseconds(1),
  idleTimeoutMs: isMilliseconds(0),
  highWaterMarkBytes: isCount,
  log: isFunction,
}

const optionChecks: Readonly<Record<keyof RelayOptions, Check>> = { ...ruleChecks, host: isString, port: isIntegerFrom(0, 65535) }

/** Fills in the defaults. Throws `ERR_TLS_UNKNOWN_OPTION` and `ERR_TLS_INVALID_OPTION`, with `option` naming it. */
export function checkRelayRules(rules: RelayRules): RelaySettings {
  return complete(checkOptions(rules, ruleChecks, 'a relay'))
}

/** As {@link checkRelayRules}, with where to listen. */
export function checkRelayOptions(options: RelayOptions): { settings: RelaySettings; host: string; port: number } {
  const { host = '127.0.0.1', port = 0, ...rules } = checkOptions(options, optionChecks, 'a relay')
  return { settings: complete(rules), host, port }
}

function complete({ allow = [], origins = [], token, ...others }: RelayRules): RelaySettings {
  const defaults = {
    maxConnections: 100,
    maxMessageBytes: 1024 * 1024,
    connectTimeoutMs: 10_000,
    idleTimeoutMs: 0,
    highWaterMarkBytes: 256 * 1024,
    log: () => {},
  }
  const targets = allow.map((target) => formatTarget(parseTarget(target)!)) // so that equal targets are equal strings
  return { ...defaults, ...others, token, allow: new Set(targets), origins: new Set(origins) } as RelaySettings
}

/** `null` is what a browser sends for a page without an origin, for example a file or a sandbox. */
function isOrigin(text: string): boolean {
  return text === 'null' || /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]+$/.test(text)
}
