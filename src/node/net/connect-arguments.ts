// What connect() may be given: `(options, callback?)`, `(port, host?, callback?)`, `(path, callback?)`.

import { demandType, invalidArgType } from '../invalid-arguments.js'
import { nodeError } from '../node-error.js'

/** Options of a connection. Others, which are for sockets of the system's, are ignored. */
export interface ConnectOptions {
  /** A name or an address. Default `localhost`, as the dialer sees it. */
  host?: string | undefined
  /** 0 to 65,535. */
  port?: number | string | undefined
  /** A socket of the system's, which is not here: `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM`. */
  path?: string | undefined
  /** Called for a `host` that is no address; what it finds is dialled. Default: the dialer gets the name. */
  lookup?: LookupFunction | undefined
  /** Passed on to `lookup`. */
  family?: number | undefined
  /** Passed on to `lookup`. */
  hints?: number | undefined
  /** Milliseconds without activity until 'timeout'. Default: none. */
  timeout?: number | undefined
}

/** As `dns.lookup`: calls `callback` with an address, or several. */
export type LookupFunction = (
  hostname: string, options: { family?: number | undefined; hints?: number | undefined; all?: boolean },
  callback: (error: NodeJS.ErrnoException | null, address: string | { address: string; family: number }[], family?: number) => void,
) => void

type Callback = () => void

export function normalize(args: readonly unknown[]): [ConnectOptions, Callback | undefined] {
  const given = Array.isArray(args[0]) ? args[0] as unknown[] : args // as tls.connect() and http.Agent pass them on
  const [first, second] = given
  const last = given.at(-1)
  const callback = typeof last === 'function' ? last as Callback : undefined
  if (typeof first === 'object' && first !== null) return [first as ConnectOptions, callback]
  if (isPath(first)) return [{ path: first as string }, callback]
  return [{ port: first as number, ...(typeof second === 'string' && { host: second }) }, callback]
}

/** The same for others who take such arguments: `null` for no callback. */
export function _normalizeArgs(args: readonly unknown[]): [ConnectOptions, Callback | null] {
  const [options, callback = null] = args.length === 0 ? [{}] : normalize(args)
  return [options, callback]
}

/** Host and port of these options. Throws Node's errors. */
export function targetOf({ host, port, path, lookup }: ConnectOptions): { host: string; port: number } {
  if (path) {
    demandType(path, 'string', 'options.path')
    throw unavailable(`net.connect({ path: ${JSON.stringify(path)} })`, 'connect to a host and a port')
  }
  const missing = 'The "options" or "port" or "path" argument must be specified'
  if (port === undefined) throw nodeError('ERR_MISSING_ARGS', missing, {}, TypeError)
  if (host !== undefined && host !== null) demandType(host, 'string', 'options.host')
  if (typeof port !== 'number' && typeof port !== 'string') throw invalidArgType('options.port', 'one of type number or string', port)
  if (lookup !== undefined && lookup !== null) demandType(lookup, 'function', 'options.lookup')
  return { host: host || 'localhost', port: portOf(port, 'Port') }
}

/** A port as a number. Throws `ERR_SOCKET_BAD_PORT`. */
export function portOf(port: number | string, name: string): number {
  const number = typeof port === 'string' && port.trim() === '' ? NaN : Number(port)
  if (Number.isInteger(number) && number >= 0 && number <= 65535) return number
  const printed = typeof port === 'string' ? `'${port}'` : String(port)
  const message = `${name} should be >= 0 and < 65536. Received type ${typeof port} (${printed}).`
  throw nodeError('ERR_SOCKET_BAD_PORT', message, {}, RangeError)
}

/** What only a system with sockets can do. */
export function unavailable(what: string, instead: string): Error & { code: string } {
  const message = `${what} needs sockets of the system's, which are not here: ${instead}`
  return nodeError('ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', message, {}, TypeError)
}

/** Whether a first argument is a path: text that is no port. */
export function isPath(value: unknown): boolean {
  return typeof value === 'string' && !(Number(value) >= 0)
}
