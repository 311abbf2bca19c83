// The flags of `libssl-wasm relay`, as a list: parsing, the help and the table in docs/relay.md are made from it.

import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { nearest } from '../../base/option-names.js'
import { listenDefaults, type RelayOptions } from '../relay/listen-options.js'
import { bindingOf, relayDefaults, relayNumbers } from '../relay/relay-options.js'

export interface RelayFlag {
  readonly name: string
  /** What its value is; absent for a flag without one. A number's is N (how many) or MS. */
  readonly value?: string
  /** It may be given more than once. */
  readonly repeats?: true
  /** The option of `startRelay` that it is for. */
  readonly option?: keyof RelayOptions
  readonly words: string
  /** What holds without it, where the option's own default does not say it. */
  readonly initially?: string
}

const TOKEN_VARIABLE = 'LIBSSL_WASM_RELAY_TOKEN'

const count = (name: string, option: keyof RelayOptions, words: string): RelayFlag => ({ name, value: 'N', option, words })
const time = (name: string, option: keyof RelayOptions, words: string): RelayFlag => ({ name, value: 'MS', option, words })

export const relayFlags: readonly RelayFlag[] = [
  { name: 'allow', value: 'HOST:PORT', repeats: true, option: 'allow', words: 'a target that may be reached', initially: 'none' },
  { name: 'allow-file', value: 'FILE', words: 'more of them, one in each line; # begins a comment' },
  {
    name: 'origin', value: 'ORIGIN', repeats: true, option: 'origins', initially: 'none',
    words: 'an origin whose pages may connect, such as https://app.example. Clients that are not browsers send none and may always connect',
  },
  {
    name: 'token-file', value: 'FILE', option: 'token', initially: `the environment variable ${TOKEN_VARIABLE}, if it is set`,
    words: 'ask every client for a bearer token: one of those in the file, one in each line',
  },
  count('max-wrong-tokens', 'maxWrongTokens', 'wrong tokens of one client in a minute, then 429. 0: any number'),
  { name: 'host', value: 'ADDRESS', option: 'host', words: 'where to listen', initially: '127.0.0.1' },
  { name: 'port', value: 'N', option: 'port', words: 'where to listen', initially: '0, the system picks one' },
  { name: 'tls-cert', value: 'FILE', option: 'tlsCert', words: 'a certificate and its chain, PEM: speak wss, not ws' },
  { name: 'tls-key', value: 'FILE', option: 'tlsKey', words: 'the key for it, PEM' },
  {
    name: 'trust-proxy', value: 'NETWORK', repeats: true, option: 'trustProxy', initially: 'none',
    words: 'the address of a proxy in front, or a network such as 10.0.0.0/8: X-Forwarded-For tells the client then',
  },
  {
    name: 'metrics-listen', value: 'HOST:PORT', option: 'metricsListen', initially: 'nowhere',
    words: 'where to serve /metrics and /healthz to those who watch the relay',
  },
  count('max-connections', 'maxConnections', 'places: each tunnel, each Wisp connection and each of its streams has one'),
  {
    name: 'max-per-address', value: 'N', option: 'maxConnectionsPerAddress', initially: 'half of them; for a client on this machine all',
    words: 'how many of them for one client: an IPv4 address, or a /64 of IPv6',
  },
  count('max-requests', 'maxRequests', 'connections that have brought no whole request, half of them for one client'),
  time('request-timeout-ms', 'requestTimeoutMs', 'until a request is whole'),
  time('connect-timeout-ms', 'connectTimeoutMs', 'until a target is reached'),
  count('max-message-bytes', 'maxMessageBytes', 'the longest message from a client'),
  {
    name: 'max-buffered', value: 'N', option: 'maxBufferedBytes', initially: '1441792 for each place',
    words: 'bytes that may wait in all places together, at least 524288 for each',
  },
  count('high-water-mark-bytes', 'highWaterMarkBytes', 'of those, bytes that wait for one client'),
  time('idle-timeout-ms', 'idleTimeoutMs', 'close a tunnel or a Wisp connection in which nothing moves. 0: never'),
  time('streamless-timeout-ms', 'streamlessTimeoutMs', 'close a Wisp connection without a stream. 0: never'),
  time('client-timeout-ms', 'clientTimeoutMs', 'give up a client that is asked and does not answer. 0: never'),
  { name: 'drain-timeout', value: 'MS', words: 'after SIGTERM or SIGINT, how long tunnels may take to end by themselves', initially: '0' },
  { name: 'log-format', value: 'text|json', words: 'how a line of the log is written', initially: 'text' },
  count('max-log-lines', 'maxLogLines', 'lines about one client in 10 seconds; the others are counted. 0: any number'),
  { name: 'quiet', words: 'no line for each tunnel and refusal' },
  { name: 'help', words: 'print this' },
]

/** What the user typed makes no sense: exit status 2. */
export class UsageError extends Error {}

export type FlagValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>

/** Throws Node's own errors, `ERR_PARSE_ARGS_…`, or for a flag that there is not, `UsageError`. */
export function readFlags(args: readonly string[]): FlagValues {
  const options = relayFlags.map(({ name, value, repeats = false }) => {
    const short = name === 'help' ? { short: 'h' } : {}
    return [name, { type: value === undefined ? 'boolean' : 'string', multiple: repeats, ...short }] as const
  })
  try {
    return parseArgs({ args: [...args], options: Object.fromEntries(options) }).values as FlagValues
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const [, unknown] = (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' && /'(-[^' =]*)/.exec(message)) || []
    if (unknown === undefined) throw error
    const meant = nearest(unknown.replace(/^-+/, ''), relayFlags.map(({ name }) => name))
    throw new UsageError(`relay has no flag '${unknown}'${meant === undefined ? '' : `: did you mean '--${meant}'?`}`)
  }
}

/** The options that flags ask for. Files are read each time. */
export function optionsOf(values: FlagValues): RelayOptions {
  const given = relayFlags.flatMap((flag) => (flag.option === undefined ? [] : [[flag.option, valueOf(flag, values[flag.name])] as const]))
  const options = Object.fromEntries(given) as RelayOptions
  const inFile = linesOf('allow-file', values['allow-file'])?.map((line) => line.replace(/#.*/, '').trim()).filter((line) => line !== '')
  const { token = process.env[TOKEN_VARIABLE] } = options // not on the command line, which every user of the machine can read
  if (token?.length === 0) {
    const source = options.token ? `--token-file, ${values['token-file'] as string},` : `the environment variable ${TOKEN_VARIABLE}`
    throw new UsageError(`${source} is empty: give it a token that cannot be guessed, or leave it out, and no token is asked for`)
  }
  return { ...options, token, allow: inFile ? [...options.allow ?? [], ...inFile] : options.allow }
}

function valueOf({ name, value, option }: RelayFlag, given: FlagValues[string]): unknown {
  if (given === undefined) return undefined
  if (value === 'N' || value === 'MS') return wholeNumber(name, given as string)
  if (value !== 'FILE') return given
  return option === 'token' ? linesOf(name, given) : read(name, given as string)
}

export function wholeNumber(name: string, text: string): number {
  if (!/^[0-9]{1,15}$/.test(text)) throw new UsageError(`--${name} must be a whole number, not '${text}'`)
  return Number(text)
}

function read(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`--${name}: ${(error as Error).message}`)
  }
}

function linesOf(name: string, file: FlagValues[string]): string[] | undefined {
  if (file === undefined) return undefined
  return read(name, file as string).split(/\r?\n/).filter((line) => line !== '')
}

/** Of each flag: how it is written, and what it does. */
export function relayHelp(): string {
  return relayFlags.map((flag) => {
    const initially = initialOf(flag)
    const words = `${flag.words}${flag.repeats ? '; repeat it for more' : ''}${initially === '' ? '' : ` (default: ${initially})`}`
    return `  ${written(flag).padEnd(28)}${wrapped(words, 92).join(`\n${' '.repeat(30)}`)}\n`
  }).join('')
}

/** The options of a worker at the edge, which asks no client whether it is there. */
const atEdge = ['allow', 'origins', 'token', ...relayNumbers].filter((option) => option !== 'clientTimeoutMs')

/** For docs/relay.md. */
export function relayFlagTable(): string {
  const rows = relayFlags.filter(({ name }) => name !== 'help').map((flag) => {
    const { option } = flag
    const binding = option !== undefined && atEdge.includes(option) ? `\`${bindingOf(option)}\`` : ''
    return [`\`${written(flag).replace('|', '\\|')}\``, option === undefined ? '' : `\`${option}\``, binding, initialOf(flag), flag.words]
  })
  const head = [['flag', 'option', 'binding', 'default', ''], ['---', '---', '---', '---', '---']]
  return [...head, ...rows].map((row) => `| ${row.join(' | ')} |\n`).join('')
}

function written({ name, value }: RelayFlag): string {
  return `--${name}${value === undefined ? '' : ` ${value}`}`
}

function initialOf({ option, initially }: RelayFlag): string {
  if (initially !== undefined || option === undefined) return initially ?? ''
  const number = ({ ...relayDefaults, ...listenDefaults } as Readonly<Partial<Record<keyof RelayOptions, number>>>)[option]
  return number === undefined ? '' : String(number)
}

function wrapped(text: string, width: number): string[] {
  return text.match(new RegExp(`.{1,${width}}(?= |$)`, 'g'))!.map((line) => line.trim())
}
