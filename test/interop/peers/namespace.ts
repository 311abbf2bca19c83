// A network namespace of our own: for servers that listen on every address, so that nobody else can reach them.
// A socket stays in the namespace in which it was made: an agent inside dials, and hands the socket over to us.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { Peer } from './process.js'

/** What the agent is asked, and answers; with the socket if it could connect. */
export interface DialRequest { readonly id: number; readonly port: number }
export type AgentMessage = { readonly ready: true } | { readonly id: number; readonly error?: string }

const agent = fileURLToPath(new URL('namespace-agent.ts', import.meta.url))

export class Namespace {
  readonly #agent: ChildProcess
  readonly #dialled = new Map<number, (error: string | undefined, socket: Socket | undefined) => void>()
  #lastId = 0

  private constructor(child: ChildProcess) {
    this.#agent = child
    child.on('message', (message: AgentMessage, socket: Socket | undefined) => {
      if ('ready' in message) return
      this.#dialled.get(message.id)?.(message.error, socket)
      this.#dialled.delete(message.id)
    })
  }

  /** Makes one, its loopback interface up. For a whole test file: close it in afterAll. */
  static async open(): Promise<Namespace> {
    // Without root, a user namespace in which we are root may make one, where the system permits that.
    const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
    const child =
        spawn('unshare', [
          ...user, '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', process.execPath, '--import', 'tsx', agent,
        ], {
      env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    let stderr = ''
    child.stderr!.on('data', (chunk: Buffer) => { stderr += chunk.toString() })
    const failed = new Promise<never>((_, reject) => {
      child.once('error', (cause) => reject(new Error('unshare cannot be run: see tools/install-test-peers.sh', { cause })))
      child.once('close', (status) => reject(new Error(
        `no network namespace (status ${status}); these tests need root or permission for user namespaces: ${stderr}`)))
    })
    failed.catch(() => {}) // after it was ready it may end
    await Promise.race([once(child, 'message'), failed])
    return new Namespace(child)
  }

  /** Starts a peer inside it, for the length of a test. */
  start(command: string, args: readonly string[]): Promise<Peer> {
    const user = process.getuid?.() === 0 ? [] : ['--user', '--preserve-credentials']
    // nsenter becomes the command: the peer's pid is the command's.
    return Peer.start('nsenter', [`--target=${this.#agent.pid}`, ...user, '--net', '--', command, ...args])
  }

  /** A socket that is connected to a port inside. */
  async dial(port: number): Promise<Socket> {
    const id = ++this.#lastId
    const socket = await new Promise<Socket>((resolve, reject) => {
      this.#dialled.set(
        id, (error, dialled) => (dialled ? resolve(dialled) : reject(new Error(`cannot connect inside the namespace: ${error}`))),
      )
      this.#agent.send({ id, port } satisfies DialRequest)
    })
    onTestFinished(() => void socket.destroy())
    return socket
  }

  async close(): Promise<void> {
    const exited = once(this.#agent, 'exit')
    this.#agent.disconnect() // it ends when nobody can ask any more
    await exited
  }
}
