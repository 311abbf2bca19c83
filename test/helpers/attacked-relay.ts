// The relay in a process of its own with little memory, and a client of it that speaks WebSocket by hand, so that it can be bad.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { RelayOptions } from '../../src/apps/relay/relay.js'

const module = fileURLToPath(new URL('../../dist/apps/relay/relay.js', import.meta.url))
const program = (options: object) => `
  import { startRelay } from ${JSON.stringify(module)}
  const { port } = await startRelay(${JSON.stringify(options)})
  process.on('message', async () => {
    // What is freed is counted a little later.
    for (let times = 0; times < 3; times++) await new Promise((resolve) => { gc(); setTimeout(resolve, 20) })
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    process.send({ heapUsed, arrayBuffers })
  })
  process.send({ port })`

export class AttackedRelay {
  readonly port: number
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.port = port
  }

  /** Ends with the test. */
  static async start(options: Omit<RelayOptions, 'log'>, heapMiB = 32): Promise<AttackedRelay> {
    const args = [`--max-old-space-size=${heapMiB}`, '--expose-gc', '--input-type=module', '--eval', program(options)]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'ignore', 'ipc'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    const [{ port }] = await once(child, 'message') as [{ port: number }]
    return new AttackedRelay(child, port)
  }

  /** What it holds: objects, and the buffers beside them. Rejects if it has ended. */
  async memoryBytes(): Promise<number> {
    const [answer] = await Promise.race([
      new Promise<[{ heapUsed: number, arrayBuffers: number }]>((resolve) => {
        this.#child.once('message', (message) => resolve([message as never]))
        if (this.#child.connected) this.#child.send('measure')
      }),
      this.#child.exitCode === null && this.#child.signalCode === null
        ? once(this.#child, 'exit').then(([code, signal]) => { throw new Error(`the relay has ended: ${code ?? signal}`) })
        : Promise.reject(new Error('the relay has ended')),
    ])
    return answer.heapUsed + answer.arrayBuffers
  }

  /** As {@link memoryBytes}, when that has come to rest: two measures may be alike by chance while the relay is still at work. */
  async settledBytes(): Promise<number> {
    for (let first = await this.memoryBytes(), alike = 1; ;) {
      const now = await this.memoryBytes()
      if (Math.abs(now - first) >= 256 * 1024) [first, alike] = [now, 1]
      else if (++alike === 5) return now
    }
  }
}

const TEXT = 1
export const BINARY = 2
export const PING = 9
const PONG = 10

/** One frame from a client: its mask is nought, so that its bytes are as they are. */
export function frame(payload: Uint8Array, opcode = BINARY, last = true): Buffer {
  const long = payload.byteLength > 125
  const head = Buffer.alloc(long ? 14 : 6)
  head[0] = (last ? 0x80 : 0) | opcode
  head[1] = 0x80 | (long ? 127 : payload.byteLength)
  if (long) head.writeUInt32BE(payload.byteLength, 6)
  return Buffer.concat([head, payload])
}

/** A client that reads only when it is told to. */
export class Attacker {
  readonly socket: Socket
  /** Messages that came, and have not been taken away by the test. */
  readonly received: Buffer[] = []
  /** Code of the relay's close. */
  closeCode: number | undefined
  #bytes = Buffer.alloc(0)
  #pongs = 0
  #woke = () => {}

  private constructor(socket: Socket) {
    this.socket = socket
    socket.once('close', () => this.#woke())
  }

  /** Sends a request for `path`, which may be wrong: `more` are further lines of it. */
  static async ask(port: number, path: string, more: readonly string[] = []): Promise<Attacker> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    socket.on('error', () => {})
    onTestFinished(() => void socket.destroy())
    await once(socket, 'connect')
    const lines = [`GET ${path} HTTP/1.1`, 'Host: relay', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', ...more]
    socket.write(`${lines.join('\r\n')}\r\n\r\n`)
    return new Attacker(socket)
  }

  /** As {@link ask}, when the relay has accepted. */
  static async open(port: number, path: string, protocol?: string): Promise<Attacker> {
    const attacker = await Attacker.ask(port, path, protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`])
    const { socket } = attacker
    let head = ''
    while (!head.includes('\r\n\r\n')) {
      const [chunk] = await once(socket, 'data') as [Buffer]
      head += chunk.toString('latin1')
    }
    if (!head.startsWith('HTTP/1.1 101')) throw new Error(head)
    attacker.#take(Buffer.from(head.slice(head.indexOf('\r\n\r\n') + 4), 'latin1'))
    socket.on('data', (chunk) => attacker.#take(chunk))
    return attacker
  }

  /** Fulfilled when the relay's kernel has it, or the relay has hung up. */
  async send(bytes: Uint8Array): Promise<void> {
    if (this.socket.destroyed) return
    await new Promise((resolve) => this.socket.write(bytes, resolve))
  }

  /** All that was sent before has been heard, and all that was said before has come; false if the relay has hung up. */
  async roundTrip(): Promise<boolean> {
    const pongs = this.#pongs
    await this.send(frame(new Uint8Array(), PING))
    while (this.#pongs === pongs && !this.socket.destroyed) await this.news()
    return !this.socket.destroyed
  }

  /** Something comes, or the connection ends. */
  async news(): Promise<void> {
    if (!this.socket.destroyed) await new Promise<void>((resolve) => { this.#woke = resolve })
  }

  #take(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk])
    for (;;) {
      const short = (this.#bytes[1] ?? 0) & 0x7f
      const headBytes = { 126: 4, 127: 10 }[short] ?? 2
      if (this.#bytes.length < headBytes) break
      const length = short === 126 ? this.#bytes.readUInt16BE(2) : short === 127 ? this.#bytes.readUInt32BE(6) : short
      if (this.#bytes.length < headBytes + length) break
      const opcode = this.#bytes[0]! & 0x0f
      const payload = this.#bytes.subarray(headBytes, headBytes + length)
      this.#bytes = this.#bytes.subarray(headBytes + length)
      if (opcode === BINARY || opcode === TEXT) this.received.push(payload)
      else if (opcode === PONG) this.#pongs++
      else if (opcode === 8) this.closeCode = payload.length >= 2 ? payload.readUInt16BE(0) : 1005
    }
    this.#woke()
  }
}
