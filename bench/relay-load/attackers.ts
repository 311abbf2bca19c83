// The hostile tenth, in a process of their own. They write WebSocket by hand, from buffers that are made once: a blow costs them less
// than it costs the relay. Each has one connection at a time, and an address of its own.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Job } from './clients.js'
import { subprotocols, wispClose, wispConnect, wispData } from './wire.js'

/** A frame whose mask is nought, so that its bytes are as they are. */
function frame(payload: Buffer): Buffer {
  const long = payload.byteLength > 125
  const head = Buffer.alloc(long ? 14 : 6)
  head[0] = 0x82
  head[1] = 0x80 | (long ? 127 : payload.byteLength)
  if (long) head.writeUInt32BE(payload.byteLength, 6)
  return Buffer.concat([head, payload])
}

const repeated = (bytes: Buffer, times: number) => Buffer.concat(Array<Buffer>(times).fill(bytes))

/** What comes before the bytes in a message of each form. */
const heads = { raw: Buffer.alloc(0), credit: Buffer.of(0), Wisp: wispData(1) } as const
/** What may be sent before the relay has granted more. */
const GRANTED_BYTES = 256 * 1024
const GRANTED_PACKETS = 128

class Attacker {
  readonly #job: Job
  readonly #localAddress: string

  constructor(job: Job, index: number) {
    this.#job = job
    this.#localAddress = `127.0.${3 + Math.floor(index / 250)}.${1 + index % 250}`
  }

  /** Sends a request. Gives the connection when the relay has answered, or hung up. */
  async #ask({ token = this.#job.token, path }: { readonly token?: string, readonly path?: string } = {}): Promise<Socket> {
    const { url, form } = this.#job
    const { hostname, port, pathname } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port), localAddress: this.#localAddress })
    socket.on('error', () => {})
    const protocol = subprotocols[form]
    const lines = [
      `GET ${path ?? pathname} HTTP/1.1`, 'Host: relay', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', `Authorization: Bearer ${token}`,
      ...protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`],
    ]
    socket.write(`${lines.join('\r\n')}\r\n\r\n`)
    await Promise.race([once(socket, 'data'), once(socket, 'close')])
    if (form === 'credit') socket.write(frame(Buffer.of(1, 0, 0, 0, 0)))
    if (form === 'Wisp') socket.write(frame(wispConnect(1, this.#job.target)))
    return socket
  }

  /** As many as the relay takes, each of one byte; what comes back is thrown away. */
  async sendOneByteMessages(): Promise<void> {
    const { form, target } = this.#job
    const socket = await this.#ask()
    socket.resume()
    const message = frame(Buffer.concat([heads[form], Buffer.of(1)]))
    if (form === 'Wisp') {
      return await this.#useStreams(socket, frame(wispClose(1)), frame(wispConnect(1, target)), repeated(message, GRANTED_PACKETS))
    }
    const block = repeated(message, 8192)
    for (let sent = 0; !socket.destroyed && (form === 'raw' || sent < GRANTED_BYTES); sent += 8192) await write(socket, block)
    socket.resetAndDestroy()
  }

  /** The block again for each answer. */
  async #useStreams(socket: Socket, ...block: readonly Buffer[]): Promise<void> {
    const bytes = Buffer.concat(block)
    await write(socket, bytes)
    for await (const _ of socket) await write(socket, bytes)
  }

  /** Sends, and takes nothing of what comes back. */
  async doNotRead(): Promise<void> {
    const { form } = this.#job
    const socket = await this.#ask()
    socket.pause()
    const message = frame(Buffer.concat([heads[form], Buffer.alloc(16 * 1024)]))
    const most = { raw: Infinity, credit: GRANTED_BYTES / (16 * 1024), Wisp: GRANTED_PACKETS }[form]
    for (let sent = 0; !socket.destroyed && sent < most; sent++) await write(socket, message)
    if (!socket.destroyed) await once(socket, 'close')
  }

  async vanish(): Promise<void> {
    const socket = await this.#ask()
    await write(socket, frame(Buffer.concat([heads[this.#job.form], Buffer.alloc(16 * 1024)])))
    socket.resetAndDestroy()
  }

  async presentWrongToken(): Promise<void> {
    const socket = await this.#ask({ token: 'wrong' })
    socket.destroy()
  }

  async askForRefusedTarget(): Promise<void> {
    const refused = { host: '127.0.0.1', port: 1 }
    if (this.#job.form === 'Wisp') {
      const socket = await this.#ask()
      return await this.#useStreams(socket, frame(wispConnect(2, refused)))
    }
    const socket = await this.#ask({ path: `/${refused.host}:${refused.port}` })
    socket.destroy()
  }
}

/** Fulfilled when the relay's machine has it, or the connection has ended. */
async function write(socket: Socket, bytes: Buffer): Promise<void> {
  if (!socket.destroyed) await new Promise<void>((resolve) => socket.write(bytes, () => resolve()))
}

/** What they do; each does one of these. */
const ways = ['sendOneByteMessages', 'doNotRead', 'vanish', 'presentWrongToken', 'askForRefusedTarget'] as const

process.once('message', (job: Job) => {
  for (let index = 0; index < job.count; index++) void attackForEver(new Attacker(job, index), ways[index % ways.length]!)
  process.send!('begun')
})

async function attackForEver(attacker: Attacker, way: typeof ways[number]): Promise<never> {
  for (;;) {
    await attacker[way]().catch(() => {}) // the relay has hung up
    await new Promise(setImmediate)
  }
}

process.once('disconnect', () => process.exit())
