// The command line as users run it: the built program, as a process.

import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

export const MAIN = fileURLToPath(new URL('../../dist/apps/cli/main.js', import.meta.url))

export interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcessWithoutNullStreams
  readonly ended: Promise<Ran>
}

/** What the tests' own environment says of terminals, tokens and secrets does not count. */
const { NO_COLOR: _noColor, FORCE_COLOR: _forceColor, LIBSSL_WASM_RELAY_TOKEN: _token, ...env } = process.env

export function startCommand(args: readonly string[], more: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: 'pipe', env: { ...env, ...more } })
  onTestFinished(() => void child.kill('SIGKILL'))
  child.stdin.on('error', () => {}) // it may end before it has read everything
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
    .then(([stdout, stderr, [status]]) => ({ stdout, stderr, status: status as number | null }))
  return { child, ended }
}

/** Runs it to its end, with `input`. */
export function runCommand(args: readonly string[], input = '', more: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const { child, ended } = startCommand(args, more)
  child.stdin.end(input)
  return ended
}
