#!/usr/bin/env node
// The command line: `libssl-wasm relay ...`.

import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { ApiMisuseError } from '../../base/errors.js'
import { startRelay, type RelayLogEntry, type RelayOptions } from '../relay/relay.js'

const help = `usage: libssl-wasm relay [options]
       libssl-wasm --help | --version

relay: carries bytes between WebSockets and TCP, for code that has no sockets.
A client connects to ws://HOST:PORT/target:port, or to ws://HOST:PORT/wisp/ to speak Wisp. It carries ciphertext; TLS ends
in the client and in the target.

  --allow HOST:PORT         a target that may be reached; repeat it for more (default: none)
  --origin ORIGIN           an origin whose pages may connect, such as https://app.example; repeat it for more
                            (default: none; clients that are not browsers send none and may always connect)
  --token-file FILE         ask every client for the bearer token that is the file's only line (default: that of the
                            environment variable LIBSSL_WASM_RELAY_TOKEN, if it is set)
  --host ADDRESS            where to listen (default: 127.0.0.1)
  --port PORT               where to listen (default: 0, the system picks one)
  --max-connections N       tunnels at one time (default: 100)
  --max-per-address N       how many of them for one client's address (default: half of them, and on this machine all)
  --max-message-bytes N     the longest message from a client (default: 1048576)
  --max-buffered N          bytes that may wait in all connections together, at least 524288 for each of --max-connections
                            (default: 1441792 for each)
  --idle-timeout-ms N       close a tunnel or a Wisp connection in which nothing moves for so long (default: 3600000; 0: never)
  --streamless-timeout-ms N close a Wisp connection that has no stream for so long (default: 120000; 0: never)
  --client-timeout-ms N     give up a client that is asked and does not answer for so long (default: 120000; 0: never)
  --help                    print this
`

/** What the user typed makes no sense: exit status 2. */
class UsageError extends Error {}

try {
  await main(process.argv.slice(2))
} catch (error) {
  const misused = error instanceof UsageError || error instanceof ApiMisuseError || isParseArgsError(error)
  process.stderr.write(`libssl-wasm: ${error instanceof Error ? error.message : String(error)}\n`)
  if (misused) process.stderr.write('try: libssl-wasm --help\n')
  process.exitCode = misused ? 2 : 1
}

async function main([command, ...rest]: readonly string[]): Promise<void> {
  switch (command) {
    case 'relay': return relay(rest)
    case '--help': case '-h': return void process.stdout.write(help)
    case '--version': return void process.stdout.write(`${version()}\n`)
    case undefined: throw new UsageError('no command')
    default: throw new UsageError(`no command '${command}'`)
  }
}

async function relay(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      'allow': { type: 'string', multiple: true },
      'origin': { type: 'string', multiple: true },
      'host': { type: 'string' },
      'port': { type: 'string' },
      'max-connections': { type: 'string' },
      'max-message-bytes': { type: 'string' },
      'max-buffered': { type: 'string' },
      'idle-timeout-ms': { type: 'string' },
      'streamless-timeout-ms': { type: 'string' },
      'client-timeout-ms': { type: 'string' },
      'max-per-address': { type: 'string' },
      'token-file': { type: 'string' },
      'help': { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) return void process.stdout.write(help)
  const options: RelayOptions = {
    allow: values.allow,
    origins: values.origin,
    host: values.host,
    port: wholeNumber('--port', values.port),
    maxConnections: wholeNumber('--max-connections', values['max-connections']),
    maxConnectionsPerAddress: wholeNumber('--max-per-address', values['max-per-address']),
    maxMessageBytes: wholeNumber('--max-message-bytes', values['max-message-bytes']),
    maxBufferedBytes: wholeNumber('--max-buffered', values['max-buffered']),
    idleTimeoutMs: wholeNumber('--idle-timeout-ms', values['idle-timeout-ms']),
    streamlessTimeoutMs: wholeNumber('--streamless-timeout-ms', values['streamless-timeout-ms']),
    clientTimeoutMs: wholeNumber('--client-timeout-ms', values['client-timeout-ms']),
    token: token(values['token-file']),
    log: (entry) => process.stderr.write(`${line(entry)}\n`),
  }
  const running = await startRelay(options)
  // Once: a second signal ends the process at once, as it would have without us.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void running.close())
  process.stdout.write(`relay listening on ${running.url}\n`)
  if (!values.allow) process.stderr.write('every target is refused: name those to allow with --allow HOST:PORT\n')
}

/** Not on the command line, which every user of the machine can read. */
function token(file: string | undefined): string | undefined {
  if (file === undefined) return process.env['LIBSSL_WASM_RELAY_TOKEN']
  return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
}

function wholeNumber(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^[0-9]+$/.test(text)) throw new UsageError(`${flag} must be a whole number, not '${text}'`)
  return Number(text)
}

function line(entry: RelayLogEntry): string {
  const { event, client, origin, target, stream, status, result, bytesToTarget, bytesToClient, durationMs } = entry
  const from = origin === undefined ? client : `${client} (${plain(origin)})`
  const to = stream === undefined ? plain(target) : `${plain(target)} (stream ${stream})`
  const what = event === 'refuse' ? `${status} ${result}` : result
  const how = event === 'end' ? `, ${bytesToTarget} bytes to target, ${bytesToClient} bytes to client, ${durationMs} ms` : ''
  return `${new Date().toISOString()} ${event} ${from} -> ${to}: ${what}${how}`
}

/** What a client wrote must not move the cursor, or forge a line. */
function plain(text: string): string {
  return text.slice(0, 300)
    .replace(/[^\x21-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** The sources and what is built from them lie equally deep, so one path serves both. */
function version(): string {
  const { version: found } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }
  return found
}

function isParseArgsError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_')
}
