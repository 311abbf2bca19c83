// The openssl programs of one session, as children that are ended by their own process ids.

import { createHash } from 'node:crypto'
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import type { Digest, Version } from '../suite/host.js'
import { noise } from '../suite/bytes.js'
import type { KeyPair } from '../../../tools/certificates.js'

/** How long a program may take to do what is waited for. */
const PATIENCE_MS = 20_000

const versionFlag = { 'TLSv1.2': '-tls1_2', 'TLSv1.3': '-tls1_3' } as const

/** `openssl s_server` on a port that it picks. Without -quiet, for then it would not say which. */
export async function startServer(
  identity: KeyPair, version: Version, args: readonly string[], cwd: string,
): Promise<{ peer: OpensslPeer; port: number }> {
  const peer = new OpensslPeer(
    ['s_server', '-accept', '127.0.0.1:0', '-cert', identity.certFile, '-key', identity.keyFile, versionFlag[version], ...args], cwd,
  )
  const [port] = await peer.printed(/^ACCEPT .*:(\d+)$/m)
  return { peer, port: Number(port) }
}

/** `openssl s_client`, which verifies `localhost`. */
export function startClient(
  port: number, version: Version, args: readonly string[], ca: KeyPair, identity: KeyPair | undefined, cwd: string,
): OpensslPeer {
  return new OpensslPeer(['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'localhost', versionFlag[version],
    '-verify_return_error', '-verify_hostname', 'localhost', ...(args.includes('-CAfile') ? [] : ['-CAfile', ca.certFile]),
    ...(identity ? ['-cert', identity.certFile, '-key', identity.keyFile] : []), ...args], cwd)
}

export class OpensslPeer {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #args: readonly string[]
  #stdout: Buffer[] = []
  #stdoutBytes = 0
  /** Both streams as they came. */
  #log = ''
  #status: number | string | undefined
  readonly #waiting = new Set<() => void>()

  constructor(args: readonly string[], cwd: string, program = 'openssl') {
    this.#args = args
    this.#child = spawn(program, args, { cwd, env: { ...process.env, LC_ALL: 'C' }, stdio: 'pipe' })
    this.#child.stdin.on('error', () => {}) // it may end before it has read everything; the test sees that elsewhere
    this.#child.stdout.on('data', (chunk: Buffer) => {
      this.#stdout.push(chunk)
      this.#stdoutBytes += chunk.byteLength
      this.#hear(chunk)
    })
    this.#child.stderr.on('data', (chunk: Buffer) => this.#hear(chunk))
    this.#child.on('error', (error) => this.#end(error.message))
    // 'close' rather than 'exit': by then all that it printed has been read.
    this.#child.on('close', (status, signal) => this.#end(status ?? signal ?? 'SIGKILL'))
  }

  async printed(pattern: RegExp): Promise<string[]> {
    let match: RegExpExecArray | null = null
    await this.#until(() => (match = pattern.exec(this.#log)) !== null, `printed ${pattern}`)
    return [...match!].slice(1)
  }

  /** Waits for `bytes` bytes of standard output, after `marker`. */
  async wrote(bytes: number, marker: string): Promise<Digest> {
    let start = -1
    await this.#until(() => {
      if (start < 0) start = Buffer.concat(this.#stdout).indexOf(marker)
      return start >= 0 && this.#stdoutBytes >= start + marker.length + bytes
    }, `written ${bytes} bytes`)
    const all = Buffer.concat(this.#stdout).subarray(start + marker.length)
    return { bytes: all.byteLength, sha256: createHash('sha256').update(all).digest('hex') }
  }

  async write(bytes: Uint8Array | string, end: boolean): Promise<void> {
    if (!this.#child.stdin.write(bytes)) await Promise.race([once(this.#child.stdin, 'drain'), once(this.#child, 'close')])
    if (end) this.#child.stdin.end()
  }

  feed(bytes: number, seed: number, end: boolean): Promise<void> {
    return this.write(noise(bytes, seed), end)
  }

  async exited(): Promise<number | string> {
    await this.#until(() => this.#status !== undefined, 'ended')
    return this.#status!
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.exited()
  }

  #hear(chunk: Buffer): void {
    if (this.#log.length < 1_000_000) this.#log += chunk.toString('latin1')
    for (const look of [...this.#waiting]) look()
  }

  #end(status: number | string): void {
    this.#status ??= status
    for (const look of [...this.#waiting]) look()
  }

  #until(condition: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (how: () => void) => {
        clearTimeout(deadline)
        this.#waiting.delete(look)
        how()
      }
      const look = () => {
        if (condition()) settle(resolve)
        else if (this.#status !== undefined) settle(
          () => reject(new Error(`ended (${this.#status}) and has not ${what}: ${this.#report()}`)),
        )
      }
      const deadline = setTimeout(
        () => settle(() => reject(new Error(`not ${what} within ${PATIENCE_MS} ms: ${this.#report()}`))), PATIENCE_MS,
      )
      this.#waiting.add(look)
      look()
    })
  }

  #report(): string {
    return `openssl ${this.#args.join(' ')}\n${this.#log.replace(/[^\n\x20-\x7e]/g, '.').slice(-2_000)}`
  }
}
