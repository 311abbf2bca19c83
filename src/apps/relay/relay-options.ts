// The options of the relay, checked one by one: a misspelt option of something that guards a network must not pass.

import { ApiMisuseError } from '../../base/errors.js'
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
   * How long nothing may move in a tunnel, or in all streams of a Wisp connection, before it is closed (1001); looked at once in that time, so it may take up to
   * twice as long. Default 0, for ever: mail and messages wait for hours, and a client that has vanished is noticed otherwise.
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

/** Where to listen: checked beside the rules. Throws `ERR_TLS_INVALID_OPTION`. */
export function checkListenOptions(options: RelayOptions): { host: string; port: number } {
  const { host = '127.0.0.1', port = 0 } = options
  if (typeof host !== 'string' || host === '') throw invalid('host', 'a host name or an address')
  return { host, port: wholeNumber('port', port, 0, 65535) }
}

/**
 * Fills in the defaults. Throws `ERR_TLS_UNKNOWN_OPTION` and `ERR_TLS_INVALID_OPTION`, with `option` naming it;
 * `ofHost` are options that the host looks at itself.
 */
export function checkRelayRules(options: RelayRules, ofHost: readonly string[] = []): RelaySettings {
  if (typeof options !== 'object' || options === null) {
    throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', 'the options of the relay must be an object')
  }
  for (const name of Object.keys(options)) {
    if (!(known as readonly string[]).includes(name) && !ofHost.includes(name)) {
      throw new ApiMisuseError('ERR_TLS_UNKNOWN_OPTION', `the relay has no option '${name}'`, { option: name })
    }
  }
  const { token, log = () => {} } = options
  // As one word: RFC 6750 §2.1 has no spaces in it, and whoever types it by hand would not see them.
  if (token !== undefined && (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token))) throw invalid('token', 'printable ASCII without spaces')
  if (typeof log !== 'function') throw invalid('log', 'a function')
  return {
    log,
    token,
    allow: new Set(listOf(options, 'allow', canonicalTarget, 'a list of targets such as \'mail.example:993\' or \'[::1]:443\'')),
    origins: new Set(listOf(options, 'origins', origin, 'a list of origins such as \'https://app.example\', without a path')),
    maxConnections: wholeNumber('maxConnections', options.maxConnections ?? 100, 1),
    maxMessageBytes: wholeNumber('maxMessageBytes', options.maxMessageBytes ?? 1024 * 1024, 1),
    connectTimeoutMs: wholeNumber('connectTimeoutMs', options.connectTimeoutMs ?? 10_000, 1),
    idleTimeoutMs: wholeNumber('idleTimeoutMs', options.idleTimeoutMs ?? 0, 0),
    highWaterMarkBytes: wholeNumber('highWaterMarkBytes', options.highWaterMarkBytes ?? 256 * 1024, 1),
  }
}

const known = [
  'allow', 'origins', 'token', 'maxConnections', 'maxMessageBytes', 'connectTimeoutMs', 'idleTimeoutMs', 'highWaterMarkBytes', 'log',
] as const satisfies readonly (keyof RelayRules)[]

/** Above it, setTimeout fires at once. WebSocket lengths stop at the same number in practice. */
const maxTimerMs = 2 ** 31 - 1

function wholeNumber(name: string, value: number, least: number, most = maxTimerMs): number {
  if (!Number.isInteger(value) || value < least || value > most) throw invalid(name, `a whole number from ${least} to ${most}`)
  return value
}

function listOf(
  options: RelayRules,
  name: 'allow' | 'origins',
  read: (item: string) => string | undefined,
  wanted: string,
): readonly string[] {
  const value = options[name] ?? []
  if (!Array.isArray(value)) throw invalid(name, wanted)
  return value.map((item: unknown) => {
    const text = typeof item === 'string' ? read(item) : undefined
    if (text === undefined) throw invalid(name, `${wanted}; ${JSON.stringify(item)} is none`)
    return text
  })
}

function canonicalTarget(text: string): string | undefined {
  const target = parseTarget(text)
  return target && formatTarget(target)
}

/** `null` is what a browser sends for a page without an origin (a file, a sandbox). */
function origin(text: string): string | undefined {
  return text === 'null' || /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]+$/.test(text) ? text : undefined
}

function invalid(option: string, wanted: string): ApiMisuseError {
  return new ApiMisuseError('ERR_TLS_INVALID_OPTION', `the relay's option '${option}' must be ${wanted}`, { option })
}
