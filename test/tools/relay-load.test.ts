// bench/relay-load leaves nothing behind when it is interrupted.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'

const main = fileURLToPath(new URL('../../bench/relay-load/main.ts', import.meta.url))

/** Of /proc/PID/stat: state, parent, group. Undefined if there is no such process. */
function statOf(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

const isRunning = (pid: number) => ![undefined, 'Z'].includes(statOf(pid)?.[0])

function childrenOf(parent: number): number[] {
  return readdirSync('/proc').map(Number).filter((pid) => pid > 0 && Number(statOf(pid)?.[1]) === parent)
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20))
}

it.each(['SIGINT', 'SIGTERM'] as const)('relay-load kills its relay upon %s, and ends', async (signal) => {
  const bench = spawn(process.execPath, ['--import', 'tsx', main, '--clients=10'], { stdio: 'ignore' })
  const started = new Set<number>()
  onTestFinished(() => {
    for (const pid of [bench.pid!, ...started]) if (isRunning(pid)) process.kill(pid, 'SIGKILL')
  })
  const ended = once(bench, 'exit')
  await until(() => { // the target, a relay and its clients
    for (const pid of childrenOf(bench.pid!)) started.add(pid)
    return [...started].filter(isRunning).length >= 3
  })
  for (const pid of childrenOf(bench.pid!)) started.add(pid)
  bench.kill(signal)
  expect((await ended)[0]).toBe(signal === 'SIGINT' ? 130 : 143)
  await until(() => ![...started].some(isRunning))
})
