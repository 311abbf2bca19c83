// A program that others wrote, as a child of the test that started it: ended with the test by its own pid, and what
// it printed is shown if the test fails.

import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { onTestFailed, onTestFinished } from 'vitest'

/** How long a peer may take to print what a test waits for, or to end. */
const PATIENCE_MS = 15_000
/** How long after SIGTERM it is killed. */
const GRACE_MS = 2_000

// Servers live in sbin, which is not on everyone's PATH.
const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`, LC_ALL: 'C' }

export class Peer {
  readonly pid: number
  /** The exit status, or the name of the signal that ended it. Never rejects. */
  readonly exited: Promise<number | NodeJS.Signals>
  readonly stdin: ChildProcessWithoutNullStreams['stdin']
  readonly #command: string
  readonly #child: ChildProcessWithoutNullStreams
  readonly #stdout: Buffer[] = []
  /** Both streams as they came, for people and for {@link printed}. */
  #log = ''
  #ended = false
  #onNews = () => {}

  private constructor(command: string, child: ChildProcessWithoutNullStreams, pid: number) {
    this.#command = command
    this.#child = child
    this.pid = pid
    this.stdin = child.stdin
    this.stdin.on('error', () => {}) // it may end before it has read everything; the test sees that elsewhere
    child.stdout.on('data', (chunk: Buffer) => {
      this.#stdout.push(chunk)
      this.#hear(chunk)
    })
    child.stderr.on('data', (chunk: Buffer) => this.#hear(chunk))
    this.exited = new Promise((resolve) => {
      // 'close' rather than 'exit': by then all that it printed has been read.
      child.on('close', (status, signal) => {
        this.#ended = true
        resolve(status ?? signal ?? 'SIGKILL')
        this.#onNews()
      })
    })
  }

  /** Starts it; fails the test, with what to do, if it is not installed. */
  static async start(command: string, args: readonly string[], options: { readonly cwd?: string } = {}): Promise<Peer> {
    const child = spawn(command, args, { env, stdio: 'pipe', ...options })
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', (cause: NodeJS.ErrnoException) => reject(cause.code === 'ENOENT'
        ? new Error(`${command} is not installed: run tools/install-test-peers.sh`, { cause }) : cause))
    })
    const peer = new Peer([command, ...args].join(' '), child, child.pid!)
    onTestFailed(() => console.error(peer.report()))
    onTestFinished(() => peer.stop())
    return peer
  }

  get stdout(): Buffer {
    return Buffer.concat(this.#stdout)
  }

  /** Everything it printed. */
  get log(): string {
    return this.#log
  }

  report(): string {
    const text = this.#log.replace(/[^\n\x20-\x7e]/g, '.')
    return `${this.#command}\n${text.length > 4_000 ? `${text.slice(0, 2_000)}\n[…]\n${text.slice(-2_000)}` : text}`
  }

  /** Waits until it has printed `pattern`; rejects if it ends without. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    let match: RegExpExecArray | null = null
    await this.#until(() => (match = pattern.exec(this.#log)) !== null, `printed ${pattern}`)
    return match!
  }

  /** Waits until `count` bytes have come to its standard output. */
  async wrote(count: number): Promise<Buffer> {
    await this.#until(() => this.#stdout.reduce((sum, { byteLength }) => sum + byteLength, 0) >= count, `written ${count} bytes`)
    return this.stdout
  }

  /** Waits until it ends by itself. */
  async end(): Promise<number | NodeJS.Signals> {
    await this.#until(() => this.#ended, 'ended', true)
    return this.exited
  }

  async stop(): Promise<void> {
    if (!this.#ended) {
      this.#child.kill()
      const kill = setTimeout(() => this.#child.kill('SIGKILL'), GRACE_MS)
      await this.exited
      clearTimeout(kill)
    }
  }

  #hear(chunk: Buffer): void {
    this.#log += chunk.toString('latin1')
    this.#onNews()
  }

  #until(condition: () => boolean, what: string, endIsFine = false): Promise<void> {
    return new Promise((resolve, reject) => {
      const give = (how: () => void) => {
        clearTimeout(deadline)
        this.#onNews = () => {}
        how()
      }
      const deadline = setTimeout(
        () => give(() => reject(new Error(`not ${what} within ${PATIENCE_MS} ms: ${this.report()}`))), PATIENCE_MS,
      )
      const look = () => {
        if (condition()) give(resolve)
        else if (this.#ended && !endIsFine) give(() => reject(new Error(`ended and has not ${what}: ${this.report()}`)))
      }
      this.#onNews = look
      look()
    })
  }
}
