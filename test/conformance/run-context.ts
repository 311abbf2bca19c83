// One run of the suite: the program is started, its reports are collected, and it is ended with all that it started.

import { spawn, type ChildProcess } from 'node:child_process'
import type { HostServer } from './host/host-server.js'
import type { Result } from './suite/collector.js'

/** How long a runtime may take for all of the suite. */
const PATIENCE_MS = 180_000
/** How long after SIGTERM it is killed. */
const GRACE_MS = 3_000

export interface Outcome {
  readonly results: readonly Result[]
  /** Why the run did not come to its end, with what the program printed. */
  readonly crashed?: string
  /** Where only the running program tells it. */
  readonly version?: string
}

export async function runContext(
  host: HostServer, session: string, [program, ...args]: readonly string[], environment: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const results: Result[] = []
  let output = ''
  let version: string | undefined
  // A process group of its own: browsers start many processes.
  const child = spawn(program!, args, { detached: true, env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] })
  if (child.pid !== undefined) running.add(child.pid)
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => { output = (output + chunk.toString()).slice(-10_000) })
  const crashed = await new Promise<string | undefined>((resolve) => {
    const deadline = setTimeout(() => resolve(`not done within ${PATIENCE_MS} ms`), PATIENCE_MS)
    const settle = (why?: string) => {
      clearTimeout(deadline)
      resolve(why)
    }
    host.listen(session, (report) => {
      if ('result' in report) results.push(report.result)
      else if ('version' in report) version = report.version
      else settle('crashed' in report ? report.crashed : undefined)
    })
    child.once('error', (error) => settle(error.message))
    child.once('close', (status, signal) => settle(`ended early (${status ?? signal})`))
  })
  await end(child)
  await host.end(session)
  return { results, ...(version && { version }), ...(crashed !== undefined && { crashed: `${crashed}\n${output}` }) }
}

async function end(child: ChildProcess): Promise<void> {
  const { pid } = child
  if (pid === undefined) return
  const gone = child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : new Promise<void>((resolve) => child.once('exit', () => resolve()))
  signalGroup(pid, 'SIGTERM')
  const deadline = setTimeout(() => signalGroup(pid, 'SIGKILL'), GRACE_MS)
  await gone
  clearTimeout(deadline)
  signalGroup(pid, 'SIGKILL') // whoever of the group outlived its leader
  running.delete(pid)
}

/** Whatever becomes of the runner, what it started ends with it. */
const running = new Set<number>()
process.once('exit', () => { for (const pid of running) signalGroup(pid, 'SIGKILL') })
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {} // it has ended
}
