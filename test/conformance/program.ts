// A program that the runner starts, with all that it starts itself: browsers are many processes. They are one process
// group, which is ended as one.

import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'

/** How long after SIGTERM it is killed. */
const GRACE_MS = 3_000
/** How long it may take to print what is waited for. */
const PATIENCE_MS = 60_000

export class Program {
  readonly #child: ChildProcess
  #output = ''
  #onNews = () => {}
  /** How it ended, in words, whenever it does. */
  readonly ended: Promise<string>

  constructor(
    [program, ...args]: readonly string[], environment: Readonly<Record<string, string>> = {},
    place: Pick<SpawnOptions, 'uid' | 'gid' | 'cwd'> = {},
  ) {
    const child = spawn(program!, args, { detached: true, env: { ...process.env, ...environment }, stdio: 'pipe', ...place })
    child.stdin.on('error', () => {})
    this.#child = child
    if (child.pid !== undefined) running.add(child.pid)
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        this.#output = (this.#output + chunk.toString()).slice(-20_000)
        this.#onNews()
      })
    }
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message))
      child.once('close', (status, signal) => resolve(`ended with ${status ?? signal}`))
    })
  }

  /** 0 if it could not be started. */
  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** The last of what it printed. */
  get output(): string {
    return this.#output
  }

  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(
        () => reject(new Error(`has not printed ${pattern} within ${PATIENCE_MS} ms:\n${this.#output}`)), PATIENCE_MS,
      )
      this.#onNews = () => {
        const match = pattern.exec(this.#output)
        if (match) resolve(match)
      }
      this.#onNews()
      void this.ended.then((how) => {
        clearTimeout(deadline)
        reject(new Error(`${how}, and has not printed ${pattern}:\n${this.#output}`))
      })
    })
  }

  /** Ends it and what it has started. */
  async end(): Promise<void> {
    const { pid } = this.#child
    if (pid === undefined) return
    signalGroup(pid, 'SIGTERM')
    const deadline = setTimeout(() => signalGroup(pid, 'SIGKILL'), GRACE_MS)
    await this.ended
    clearTimeout(deadline)
    signalGroup(pid, 'SIGKILL') // whoever of the group has outlived it
    running.delete(pid)
  }
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
