// The options of the relay, checked one by one: a misspelt option of something that guards a network must not pass.

import { ApiMisuseError } from '../../base/errors.js'
import type { RelayLogEntry } from './relay-log.js'
import { formatTarget, parseTarget } from './target.js'

export interface RelayOptions {
  /** The address to listen on. Default `127.0.0.1`: this machine alone. */
  readonly host?: string | undefined
  /** The port to listen on. Default 0: the system picks one. */
  readonly port?: number | undefined
  /** Exact targets, `host:port`; upper and lower case are one. Default none: every target is refused. */
  readonly allow?: readonly string[] | undefined
  /**
   * Exact Origin headers, such as `https://app.example`, whose pages may connect. Default none. A request without
   * that header does not come from a browser, and is not held to this list.
   */
  readonly origins?: readonly string[] | undefined
  /** Tunnels at one time; a further one is refused with 503. Default 100. */
  readonly maxConnections?: number | undefined
  /** The longest message a client may send; a longer one closes the tunnel with 1009. Default 1 MiB. */
  readonly maxMessageBytes?: number | undefined
  /** How long to wait for the target's TCP handshake; then 502. Default 10000. */
  readonly connectTimeoutMs?: number | undefined
  /** How much may wait for a slow client before the relay stops reading from the target. Default 256 KiB. */
  readonly highWaterMarkBytes?: number | undefined
  /** Called when a tunnel opens, is refused, and ends; what it throws is not caught. Default none. */
  readonly log?: ((entry: RelayLogEntry) => void) | undefined
}

/** The same, complete. */
export interface RelaySettings {
  readonly host: string
  readonly port: number
  readonly allow: ReadonlySet<string>
  readonly origins: ReadonlySet<string>
  readonly maxConnections: number
  readonly maxMessageBytes: number
  readonly connectTimeoutMs: number
  readonly highWaterMarkBytes: number
  readonly log: (entry: RelayLogEntry) => void
}

/** Fills in the defaults. Throws `ERR_TLS_UNKNOWN_OPTION` and `ERR_TLS_INVALID_OPTION`, with `option` naming it. */
export function checkRelayOptions(options: RelayOptions): RelaySettings {
  if (typeof options !== 'object' || options === null) {
    throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', 'the options of the relay must be an object')
  }
  for (const name of Object.keys(options)) {
    if (!(known as readonly string[]).includes(name)) {
      throw new ApiMisuseError('ERR_TLS_UNKNOWN_OPTION', `the relay has no option '${name}'`, { option: name })
    }
  }
  const { host = '127.0.0.1', log = () => {} } = options
  if (typeof host !== 'string' || host === '') throw invalid('host', 'a host name or an address')
  if (typeof log !== 'function') throw invalid('log', 'a function')
  return {
    host,
    log,
    port: wholeNumber(options, 'port', 0, 0, 65535),
    allow: new Set(listOf(options, 'allow', canonicalTarget, 'a list of targets such as \'mail.example:993\' or \'[::1]:443\'')),
    origins: new Set(listOf(options, 'origins', origin, 'a list of origins such as \'https://app.example\', without a path')),
    maxConnections: wholeNumber(options, 'maxConnections', 100, 1),
    maxMessageBytes: wholeNumber(options, 'maxMessageBytes', 1024 * 1024, 1),
    connectTimeoutMs: wholeNumber(options, 'connectTimeoutMs', 10_000, 1, maxTimerMs),
    highWaterMarkBytes: wholeNumber(options, 'highWaterMarkBytes', 256 * 1024, 1),
  }
}

const known = [
  'host', 'port', 'allow', 'origins', 'maxConnections', 'maxMessageBytes', 'connectTimeoutMs', 'highWaterMarkBytes', 'log',
] as const satisfies readonly (keyof RelayOptions)[]

/** Above it, setTimeout fires at once. WebSocket lengths stop at the same number in practice. */
const maxTimerMs = 2 ** 31 - 1

function wholeNumber(
  options: RelayOptions,
  name: 'port' | 'maxConnections' | 'maxMessageBytes' | 'connectTimeoutMs' | 'highWaterMarkBytes',
  fallback: number,
  least: number,
  most = maxTimerMs,
): number {
  const value = options[name] ?? fallback
  if (!Number.isInteger(value) || value < least || value > most) throw invalid(name, `a whole number from ${least} to ${most}`)
  return value
}

function listOf(
  options: RelayOptions,
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
