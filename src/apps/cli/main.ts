#!/usr/bin/env node
// The command line: `libssl-wasm connect|serve|relay ...`.

import { readFileSync } from 'node:fs'
import { nearest } from '../../base/option-names.js'
import { exitStatus, exitStatusTable, isUsageError } from './exit-status.js'
import { UsageError } from './flags.js'
import { say, STDERR } from './lines.js'

/** Loaded when they are asked for: the relay needs no OpenSSL. Each resolves with the exit status; `undefined` is 0. */
const commands: Readonly<Record<string, (args: readonly string[]) => Promise<number | void>>> = {
  connect: async (args) => (await import('./connect-command.js')).connectCommand(args),
  serve: async (args) => (await import('./serve-command.js')).serveCommand(args),
  relay: async (args) => (await import('./relay-command.js')).relay(args),
}

const help = `usage: libssl-wasm COMMAND [options]
       libssl-wasm COMMAND --help | --help | --version

  connect HOST:PORT   a TLS client: says what was agreed and what is wrong, then carries standard input and output
  serve               a TLS server: says of each connection what was agreed, and sends back what it is sent
  relay               carries bytes between WebSockets and TCP, for pages

exit status:
${exitStatusTable()}`

const [command, ...rest] = process.argv.slice(2)
process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE' || process.exitCode) return // the program behind the pipe has read enough; or something else is worse
  say(STDERR, `libssl-wasm: standard output takes no more: ${message}`)
  process.exitCode = exitStatus.us
})
process.stderr.on('error', () => {})
try {
  const status = await main()
  process.exitCode ||= status ?? exitStatus.good
} catch (error) {
  const misused = isUsageError(error)
  say(STDERR, `libssl-wasm: ${error instanceof Error ? error.message : String(error)}`)
  if (misused) say(STDERR, `try: libssl-wasm ${command !== undefined && Object.hasOwn(commands, command) ? `${command} ` : ''}--help`)
  process.exitCode = misused ? exitStatus.caller : exitStatus.us
}

async function main(): Promise<number | void> {
  switch (command) {
    case '--help': case '-h': return void process.stdout.write(help)
    case '--version': return void process.stdout.write(`${version()}\n`)
    case undefined: throw new UsageError('no command')
    default: {
      if (Object.hasOwn(commands, command)) return commands[command]!(rest)
      const meant = nearest(command, Object.keys(commands))
      throw new UsageError(`no command '${command}'${meant === undefined ? '' : `: did you mean '${meant}'?`}`)
    }
  }
}

/** The sources and what is built from them lie equally deep, so one path serves both. */
function version(): string {
  const { version: found } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }
  return found
}
