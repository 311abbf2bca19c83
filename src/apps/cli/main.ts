#!/usr/bin/env node
// The command line: `libssl-wasm relay ...`.

import { readFileSync } from 'node:fs'
import { ApiMisuseError } from '../../base/errors.js'
import { nearest } from '../../base/option-names.js'
import { isMilliseconds } from '../../base/options.js'
import { isLoopback } from '../relay/addresses.js'
import { formatRelayLogEntry, startRelay, type Relay, type RelayLogEntry } from '../relay/relay.js'
import { relayWarnings } from '../relay/relay-warnings.js'
import { listenWarnings } from './listen-warnings.js'
import { say, STDERR, STDOUT, writeLine } from './lines.js'
import { optionsOf, readFlags, relayHelp, UsageError, wholeNumber, type FlagValues } from './relay-flags.js'

const help = `usage: libssl-wasm relay [options]
       libssl-wasm --help | --version

relay: carries bytes between WebSockets and TCP, for code that has no sockets.
A client connects to ws://HOST:PORT/target:port, or to ws://HOST:PORT/wisp/ to speak Wisp. It carries ciphertext; TLS ends
in the client and in the target. Upon SIGHUP the files are read again.

${relayHelp()}`

const names = { allow: '--allow HOST:PORT', origins: '--origin https://app.example', token: '--token-file FILE' }

try {
  await main(process.argv.slice(2))
} catch (error) {
  const misused = error instanceof UsageError || error instanceof ApiMisuseError || isParseArgsError(error)
  say(STDERR, `libssl-wasm: ${error instanceof Error ? error.message : String(error)}`)
  if (misused) say(STDERR, 'try: libssl-wasm --help')
  process.exitCode = misused ? 2 : 1
}

async function main([command, ...rest]: readonly string[]): Promise<void> {
  switch (command) {
    case 'relay': return relay(rest)
    case '--help': case '-h': return void process.stdout.write(help)
    case '--version': return void process.stdout.write(`${version()}\n`)
    case undefined: throw new UsageError('no command')
    default: throw new UsageError(`no command '${command}'${nearest(command, ['relay']) === undefined ? '' : ": did you mean 'relay'?"}`)
  }
}

async function relay(args: readonly string[]): Promise<void> {
  const values = readFlags(args)
  if (values['help']) return void process.stdout.write(help)
  const drainTimeoutMs = drainTimeoutOf(values)
  const format = formatOf(values)
  const log = (entry: RelayLogEntry) => writeLine(STDERR, formatRelayLogEntry(entry, format))
  /** Beside its entries. */
  const note = (text: string) =>
    say(STDERR, format === 'json' ? JSON.stringify({ time: new Date().toISOString(), event: 'note', result: text }) : text)
  const options = optionsOf(values)
  const running = await startRelay({ ...options, log: values['quiet'] ? undefined : log })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    let signals = 0
    process.on(signal, () => {
      // The first waits, the second does not, and the third does what it does without us.
      if (++signals === 2) process.removeAllListeners(signal)
      void running.close(signals === 1 ? { drainTimeoutMs } : {})
    })
  }
  process.on('SIGHUP', () => note(reload(running, values)))
  say(STDOUT, `relay listening on ${running.url}`)
  if (running.metricsUrl !== undefined) say(STDOUT, `metrics on ${running.metricsUrl}`)
  const reachable = isLoopback(running.host) ? undefined : `at ${running.host}`
  const warnings = [...relayWarnings(options, names, reachable), ...listenWarnings(options.trustProxy ?? [], running.metricsUrl)]
  for (const warning of warnings) note(warning)
}

/** Says what became of it. */
function reload(running: Relay, values: FlagValues): string {
  try {
    const { allow = [], token, tlsCert, tlsKey } = optionsOf(values)
    running.change({ allow, token, tlsCert, tlsKey })
    return 'read the files again'
  } catch (error) {
    return `nothing has changed: ${(error as Error).message}`
  }
}

function drainTimeoutOf({ 'drain-timeout': text = '0' }: FlagValues): number {
  const drainTimeoutMs = wholeNumber('drain-timeout', String(text))
  const wrong = isMilliseconds(0)(drainTimeoutMs)
  if (wrong !== undefined) throw new UsageError(`--drain-timeout ${wrong}`)
  return drainTimeoutMs
}

function formatOf({ 'log-format': format = 'text' }: FlagValues): 'text' | 'json' {
  if (format !== 'text' && format !== 'json') throw new UsageError(`--log-format must be text or json, not '${String(format)}'`)
  return format
}

/** The sources and what is built from them lie equally deep, so one path serves both. */
function version(): string {
  const { version: found } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }
  return found
}

function isParseArgsError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_')
}
