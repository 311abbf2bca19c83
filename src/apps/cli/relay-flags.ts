// The flags of `libssl-wasm relay`, as a list: parsing, the help and the table in docs/relay.md are made from it.

import { listenDefaults, type RelayOptions } from '../relay/listen-options.js'
import { bindingOf, relayDefaults, relayNumbers } from '../relay/relay-options.js'
import {
  flagHelp, HELP_FLAG, parseFlags, readFlagFile, readFlagLines, UsageError, wholeNumber, writtenFlag, type Flag, type FlagValues,
} from './flags.js'

export interface RelayFlag extends Flag {
  /** The option of `startRelay` that it is for; its default holds where `initially` says nothing. */
  readonly option?: keyof RelayOptions
}

export const TOKEN_VARIABLE = 'LIBSSL_WASM_RELAY_TOKEN'

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
  { name: 'tls-key', value: 'FILE', option: 'tlsKey', words: 'the key for it, PEM, without a passphrase' },
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
  HELP_FLAG,
]

/** Throws as {@link parseFlags}. */
export function readFlags(args: readonly string[]): FlagValues {
  return parseFlags('relay', relayFlags, args).values
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
  if (option === 'token') return linesOf(name, given)
  const text = readFlagFile(name, given as string).toString()
  if (text !== '' && !text.includes('-----BEGIN ')) throw new UsageError(`--${name}: ${given as string} is not PEM`)
  return text
}

function linesOf(name: string, file: FlagValues[string]): string[] | undefined {
  return file === undefined ? undefined : readFlagLines(name, file as string)
}

export function relayHelp(): string {
  return flagHelp(relayFlags.map((flag) => ({ ...flag, initially: initialOf(flag) })))
}

/** The options of a worker at the edge, which asks no client whether it is there. */
const atEdge = ['allow', 'origins', 'token', ...relayNumbers].filter((option) => option !== 'clientTimeoutMs')

/** For docs/relay.md. */
export function relayFlagTable(): string {
  const rows = relayFlags.filter(({ name }) => name !== 'help').map((flag) => {
    const { option } = flag
    const binding = option !== undefined && atEdge.includes(option) ? `\`${bindingOf(option)}\`` : ''
    const written = `\`${writtenFlag(flag).replace('|', '\\|')}\``
    return [written, option === undefined ? '' : `\`${option}\``, binding, initialOf(flag), flag.words]
  })
  const head = [['flag', 'option', 'binding', 'default', ''], ['---', '---', '---', '---', '---']]
  return [...head, ...rows].map((row) => `| ${row.join(' | ')} |\n`).join('')
}

function initialOf({ option, initially }: RelayFlag): string {
  if (initially !== undefined || option === undefined) return initially ?? ''
  const number = ({ ...relayDefaults, ...listenDefaults } as Readonly<Partial<Record<keyof RelayOptions, number>>>)[option]
  return number === undefined ? '' : String(number)
}
