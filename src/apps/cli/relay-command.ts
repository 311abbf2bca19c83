// `libssl-wasm relay`.

import { isMilliseconds } from '../../base/options.js'
import { isLoopback } from '../relay/addresses.js'
import { formatRelayLogEntry, startRelay, type Relay, type RelayLogEntry } from '../relay/relay.js'
import { relayWarnings } from '../relay/relay-warnings.js'
import { UsageError, wholeNumber, type FlagValues } from './flags.js'
import { listenWarnings } from './listen-warnings.js'
import { say, STDERR, STDOUT, writeLine } from './lines.js'
import { optionsOf, readFlags, relayFlags, relayHelp } from './relay-flags.js'
import { inFlags } from './tls-flags.js'

const names = { allow: '--allow HOST:PORT', origins: '--origin https://app.example', token: '--token-file FILE' }

export function relayCommandHelp(): string {
  return `usage: libssl-wasm relay [options]

Carries bytes between WebSockets and TCP, for code that has no sockets.
A client connects to ws://HOST:PORT/target:port, or to ws://HOST:PORT/wisp/ to speak Wisp. It carries ciphertext; TLS ends
in the client and in the target. Upon SIGHUP the files are read again.

examples:
  libssl-wasm relay --allow mail.example:993 --origin https://app.example --port 8080
  libssl-wasm connect mail.example:993 --via ws://127.0.0.1:8080    tries it

options:
${relayHelp()}`
}

export async function relay(args: readonly string[]): Promise<void> {
  const values = readFlags(args)
  if (values['help']) return void process.stdout.write(relayCommandHelp())
  const drainTimeoutMs = drainTimeoutOf(values)
  const format = formatOf(values)
  const log = (entry: RelayLogEntry) => writeLine(STDERR, formatRelayLogEntry(entry, format))
  /** Beside its entries. */
  const note = (text: string) =>
    say(STDERR, format === 'json' ? JSON.stringify({ time: new Date().toISOString(), event: 'note', result: text }) : text)
  const options = optionsOf(values)
  const running = await startRelay({ ...options, log: values['quiet'] ? undefined : log }).catch((error: Error) => {
    error.message = inFlags(relayFlags, error.message)
    throw error
  })
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
    return `nothing has changed: ${inFlags(relayFlags, (error as Error).message)}`
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
