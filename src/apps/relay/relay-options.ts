// The options of the relay, checked one by one: a misspelt option of something that guards a network must not pass.

import { checkOptions, invalid, isCount, isFunction, isIntegerFrom, isMilliseconds, isOneOrMore, type Check } from '../../base/options.js'
import { wrongOrigin } from './origins.js'
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
  /** A bearer token, or several, one of which every request must present; else it is answered 401. Default: none is asked for. */
  readonly token?: string | readonly string[] | undefined
  /** Wrong tokens of one client in a minute; after that many all of its tokens are answered 429. Default 10. 0: any number. */
  readonly maxWrongTokens?: number | undefined
  /** Tunnels at one time; a further one is refused with 503. Default 100. */
  readonly maxConnections?: number | undefined
  /**
   * How many of them for one client: an IPv4 address, or a network of 64 bits in IPv6. Default: half of `maxConnections`, rounded
   * up, but for clients on this machine all, since a server in front of the relay is one, for whomever it speaks.
   */
  readonly maxConnectionsPerAddress?: number | undefined
  /**
   * The longest message a client may send; a longer one closes the tunnel with 1009. Default 1 MiB, or less with
   * `maxBufferedBytes`: what may wait from one client. With less than 65537 the credit window is not offered, as its messages are longer.
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
  /**
   * Called when a tunnel opens, is refused, and ends. Texts in it are printable ASCII; what is not is escaped. If it throws, or its
   * promise rejects, the relay goes on, and tells how many entries were lost before the next one (event `omit`). Default none.
   */
  readonly log?: ((entry: RelayLogEntry) => unknown) | undefined
  /** Entries about one client in 10 seconds; the others are counted, and told in one (event `omit`). Default 100. 0: any number. */
  readonly maxLogLines?: number | undefined
}

/** The rules, complete. */
export interface RelaySettings {
  readonly allow: ReadonlySet<string>
  readonly origins: ReadonlySet<string>
  readonly tokens: readonly string[]
  readonly maxWrongTokens: number
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
  readonly log: (entry: RelayLogEntry) => unknown
  readonly maxLogLines: number
}

const MOST_WINDOW_BYTES = 1024 * 1024
/** A piece under way in each direction. */
const UNDER_WAY_BYTES = 2 * 64 * 1024
const LEAST_PART_BYTES = 512 * 1024

/** A list of texts that `read` understands. */
export const isListOf = (wanted: string, read: (item: string) => unknown): Check => (value) => {
  if (!Array.isArray(value)) return `must be a list of ${wanted}`
  const at = value.findIndex((item: unknown) => typeof item !== 'string' || !read(item))
  return at < 0 ? undefined : `must be a list of ${wanted}; ${JSON.stringify(value[at])} is not one`
}

function isListOfOrigins(value: unknown): string | undefined {
  const rule = "must be a list of origins such as 'https://app.example'"
  if (!Array.isArray(value)) return rule
  const at = value.findIndex(wrongOrigin)
  return at < 0 ? undefined : `${rule}; ${JSON.stringify(value[at])} ${wrongOrigin(value[at])}`
}

/** As one word: RFC 6750 §2.1 has no spaces in it, and they would not be seen where it is typed by hand. */
function isToken(value: unknown): string | undefined {
  if (value === '' || (Array.isArray(value) && value.length === 0)) {
    return 'is empty: give a text that cannot be guessed, or leave the option out, and no token is asked for'
  }
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value) ? undefined : 'must be printable ASCII without spaces'
}

const isCountOrNone = isIntegerFrom(0, 2 ** 31 - 1)
const numberOf = (check: Check, initial?: number) => ({ check, initial })

/** The rules that are numbers, and their defaults. */
const numbers = {
  maxConnections: numberOf(isCount, 100),
  maxConnectionsPerAddress: numberOf(isCount),
  maxMessageBytes: numberOf(isCount, 1024 * 1024),
  connectTimeoutMs: numberOf(isMilliseconds(1), 10_000),
  idleTimeoutMs: numberOf(isMilliseconds(0), 3_600_000),
  streamlessTimeoutMs: numberOf(isMilliseconds(0), 120_000),
  clientTimeoutMs: numberOf(isMilliseconds(0), 120_000),
  highWaterMarkBytes: numberOf(isCount, 256 * 1024),
  maxBufferedBytes: numberOf(isIntegerFrom(1, Number.MAX_SAFE_INTEGER)),
  maxWrongTokens: numberOf(isCountOrNone, 10),
  maxLogLines: numberOf(isCountOrNone, 100),
}

type NumberRule = keyof typeof numbers

function mapValues<Value, Result>(record: Readonly<Record<NumberRule, Value>>, map: (value: Value) => Result): Record<NumberRule, Result> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)])) as Record<NumberRule, Result>
}

/** How an edge worker's environment calls an option. */
export function bindingOf(option: string): string {
  return option.replace(/[A-Z]/g, '_$&').toUpperCase()
}

export const relayNumbers = Object.keys(numbers) as readonly NumberRule[]

/** Defaults of the rules that are numbers; `undefined` where a default depends on other rules. */
export const relayDefaults: Readonly<Record<NumberRule, number | undefined>> = mapValues(numbers, ({ initial }) => initial)

export const ruleChecks: Readonly<Record<keyof RelayRules, Check>> = {
  allow: isListOf('targets such as \'mail.example:993\' or \'[::1]:443\'', parseTarget),
  origins: isListOfOrigins,
  token: isOneOrMore(isToken),
  log: isFunction,
  ...mapValues(numbers, ({ check }) => check),
}

/** Fills in the defaults. Throws `ERR_TLS_UNKNOWN_OPTION` and `ERR_TLS_INVALID_OPTION`, with `option` naming it. */
export function checkRelayRules(rules: RelayRules): RelaySettings {
  return complete(checkOptions(rules, ruleChecks, 'a relay'))
}

/** What was checked, with the defaults. */
export function complete({ allow = [], origins = [], token, maxBufferedBytes, ...others }: RelayRules): RelaySettings {
  const defaults = { ...relayDefaults, log: () => {} }
  const targets = allow.map((target) => formatTarget(parseTarget(target)!)) // so that equal targets are equal strings
  const tokens = token === undefined ? [] : [token].flat()
  const settings = { ...defaults, ...others, tokens, allow: new Set(targets), origins: new Set(origins), windowBytes: MOST_WINDOW_BYTES }
  if (maxBufferedBytes !== undefined) Object.assign(settings, parts(settings as RelaySettings, maxBufferedBytes))
  const { maxMessageBytes = Math.min(relayDefaults.maxMessageBytes!, settings.windowBytes) } = others // one that is not whole waits, too
  return { ...settings, maxMessageBytes } as RelaySettings
}

/** The share of each connection, so that all together stay below the limit. */
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
