// The options of the relay, checked one by one: a misspelt option of something that guards a network must not pass.

import { checkOptions, invalid, isCount, isFunction, isIntegerFrom, isMilliseconds, isString, type Check } from '../../base/options.js'
import type { RelayLogEntry } from './relay-log.js'
import { formatTarget, parseTarget } from '../../transports/target.js'
import { INITIAL_WINDOW_BYTES } from '../../transports/websocket-credit.js'

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
   * How many of them for one client: an IPv4 address, or a network of 64 bits in IPv6. Default: half of `maxConnections`, rounded
   * up, but for clients on this machine all, since a server in front of the relay is one, for whomever it speaks.
   */
  readonly maxConnectionsPerAddress?: number | undefined
  /**
   * The longest message a client may send; a longer one closes the tunnel with 1009. Default 1 MiB. With less than 65537
   * the credit window is not offered, as its messages are longer.
   */
  readonly maxMessageBytes?: number | undefined
  /** How long to wait for the target's TCP handshake; then 502. Default 10000. */
  readonly connectTimeoutMs?: number | undefined
  /**
   * How long nothing may move in a tunnel, or in all streams of a Wisp connection, before it is closed (1001); looked at once
   * in that time, so it may take up to twice as long. Default 3600000, an hour: a mail client says something every half hour.
   * 0: for ever.
   */
  readonly idleTimeoutMs?: number | undefined
  /**
   * How long a Wisp connection may have no stream before it is closed (1001), up to twice as long as with `idleTimeoutMs`.
   * Default 120000. 0: for ever.
   */
  readonly streamlessTimeoutMs?: number | undefined
  /**
   * How long a client may be silent before it is taken for lost. It is asked after half of that (a ping), and its answer counts.
   * Default 120000. 0: it is not asked. Not at the edge, where the platform looks.
   */
  readonly clientTimeoutMs?: number | undefined
  /** How much may wait for a slow client before the relay stops reading from the target. Default 256 KiB. */
  readonly highWaterMarkBytes?: number | undefined
  /**
   * How much may wait in the relay, in all connections and both directions. It is divided into `maxConnections` equal parts, one
   * for each tunnel, Wisp connection and Wisp stream; at least 512 KiB each. Default: for each 1 MiB from the client,
   * `highWaterMarkBytes` from the target, and 128 KiB; so 137.5 MiB in all.
   */
  readonly maxBufferedBytes?: number | undefined
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
  readonly maxConnectionsPerAddress: number | undefined
  readonly maxMessageBytes: number
  readonly connectTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly streamlessTimeoutMs: number
  readonly clientTimeoutMs: number
  /** The parts of a connection: from the target, and from the client. */
  readonly highWaterMarkBytes: number
  readonly windowBytes: number
  readonly log: (entry: RelayLogEntry) => void
}

const MOST_WINDOW_BYTES = 1024 * 1024
/** A piece under way in each direction. */
const UNDER_WAY_BYTES = 2 * 64 * 1024
const LEAST_PART_BYTES = 512 * 1024

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
  maxConnectionsPerAddress: isCount,
  maxMessageBytes: isCount,
  connectTimeoutMs: isMilliseconds(1),
  idleTimeoutMs: isMilliseconds(0),
  streamlessTimeoutMs: isMilliseconds(0),
  clientTimeoutMs: isMilliseconds(0),
  highWaterMarkBytes: isCount,
  maxBufferedBytes: isIntegerFrom(1, Number.MAX_SAFE_INTEGER),
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

function complete({ allow = [], origins = [], token, maxBufferedBytes, ...others }: RelayRules): RelaySettings {
  const defaults = {
    maxConnections: 100,
    maxMessageBytes: 1024 * 1024,
    connectTimeoutMs: 10_000,
    idleTimeoutMs: 3_600_000,
    streamlessTimeoutMs: 120_000,
    clientTimeoutMs: 120_000,
    highWaterMarkBytes: 256 * 1024,
    log: () => {},
  }
  const targets = allow.map((target) => formatTarget(parseTarget(target)!)) // so that equal targets are equal strings
  const settings = { ...defaults, ...others, token, allow: new Set(targets), origins: new Set(origins), windowBytes: MOST_WINDOW_BYTES }
  if (maxBufferedBytes !== undefined) Object.assign(settings, parts(settings as RelaySettings, maxBufferedBytes))
  return settings as RelaySettings
}

/** What each connection may hold, that all together hold no more than they may. */
function parts({ maxConnections, highWaterMarkBytes }: RelaySettings, maxBufferedBytes: number) {
  const partBytes = Math.floor(maxBufferedBytes / maxConnections)
  if (partBytes < LEAST_PART_BYTES) {
    const leastBytes = LEAST_PART_BYTES * maxConnections
    throw invalid('maxBufferedBytes', `must be ${leastBytes} or more: 512 KiB for each of ${maxConnections} connections (maxConnections)`)
  }
  const bothBytes = partBytes - UNDER_WAY_BYTES
  const toClientBytes = Math.min(highWaterMarkBytes, bothBytes - INITIAL_WINDOW_BYTES)
  return { highWaterMarkBytes: toClientBytes, windowBytes: Math.min(MOST_WINDOW_BYTES, bothBytes - toClientBytes) }
}

/** `null` is what a browser sends for a page without an origin, for example a file or a sandbox. */
function isOrigin(text: string): boolean {
  return text === 'null' || /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]+$/.test(text)
}
