// The demonstration as a user starts it, after the build: a program of its own that prints where its page is.

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const repository = fileURLToPath(new URL('../..', import.meta.url))

export interface Demo {
  /** What it has printed. */
  readonly log: string
  /** Its page; rejects, with what it printed, if it ends before it serves one. */
  readonly url: Promise<string>
  /** The exit status, or the name of the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals | null>
  /** As Ctrl-C does. Resolves with {@link exited}. */
  stop(): Promise<number | NodeJS.Signals | null>
}

/** @param env more of the environment */
export function startDemo(args: readonly string[], env: Readonly<Record<string, string>> = {}): Demo {
  // Node itself and not tsx's wrapper, so that a signal reaches the program that it is for.
  const child = spawn(process.execPath, ['--import', 'tsx', 'tools/demo/main.ts', ...args], {
    cwd: repository, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  const exited = new Promise<number | NodeJS.Signals
    | null>((resolve) => { child.once('close', (status, signal) => resolve(status ?? signal)) })
  const url = new Promise<string>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      log += chunk.toString()
      const found = /^page +(http:\S+)/m.exec(log)
      if (found) resolve(found[1]!)
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('error', reject)
    void exited.then((status) => reject(new Error(`the demonstration ended with ${status}:\n${log}`)))
  })
  url.catch(() => {}) // whoever asks for it is told
  return {
    get log() { return log },
    url,
    exited,
    stop: () => {
      child.kill('SIGINT')
      return exited
    },
  }
}
