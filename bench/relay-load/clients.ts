// The clients of a run, in a process of their own: real WebSockets, all open before any of them sends. Each sends so many bytes, and
// has as many back.

import { WebSocket } from 'ws'
import { time } from '../measure.js'
import { subprotocols, wires, type Form, type Place, type Sender, type Wire } from './wire.js'

export interface Job {
  readonly url: string
  readonly form: Form
  readonly target: Place
  readonly token: string
  readonly count: number
  /** In each direction. */
  readonly bytes: number
  /** A client that has not finished by then has failed. */
  readonly longestMs: number
}

export interface Times {
  /** Milliseconds until all were open, and from then until all bytes were there. */
  readonly opening: number
  readonly moving: number
  /** Of each client that came to its end: its own opening, and its bytes. */
  readonly each: readonly number[]
  readonly failures: readonly string[]
}

/** That of a TLS record. */
const PIECE = Buffer.alloc(16 * 1024, 'x')
/** How many open their WebSocket at one time. */
const AT_ONCE = 32

class Client implements Sender {
  allowance = 0
  /** Milliseconds that it took to open. */
  opening = 0
  readonly #socket: WebSocket
  readonly #wire: Wire
  #received = 0
  #failure: Error | undefined
  #waiting: (() => void)[] = []

  constructor({ url, form, target, token }: Job, index: number) {
    const localAddress = `127.0.2.${1 + index % 250}` // to a relay with a limit per address they are many
    const headers = { authorization: `Bearer ${token}` }
    this.#socket = new WebSocket(url, subprotocols[form] ?? [], { localAddress, headers, perMessageDeflate: false })
    this.#wire = wires[form](this, target)
    this.#socket.on('message', (message: Buffer) => {
      this.#received += this.#wire.hear(message)
      this.#wake()
    })
    this.#socket.on('open', () => this.#wake())
    this.#socket.on('error', ({ message }) => this.fail(message))
    this.#socket.on('close', (code, reason) => this.fail(`closed with ${code} ${reason.toString()}`))
  }

  fail(why: string): void {
    this.#failure ??= new Error(why)
    this.#wake()
  }

  async open(): Promise<void> {
    this.opening = await time(() => this.#until(() => this.#socket.readyState === WebSocket.OPEN && this.allowance > 0))
  }

  async exchange(bytes: number): Promise<void> {
    await Promise.all([this.#send(bytes), this.#until(() => this.#received >= bytes)])
  }

  async #send(bytes: number): Promise<void> {
    for (let left = bytes; left > 0; left -= PIECE.byteLength) {
      await this.#until(() => this.allowance > 0)
      const message = this.#wire.wrap(PIECE.subarray(0, left))
      await new Promise((resolve) => this.#socket.send(message, resolve)) // failures are seen above
    }
  }

  send(message: Buffer): void { this.#socket.send(message) }

  /** Each event is a reason to look again. */
  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#failure) throw this.#failure
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    if (this.#failure) throw this.#failure
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }
}

async function run(job: Job): Promise<Times> {
  const failures: string[] = []
  const note = ({ message }: Error) => void failures.push(message)
  const begun: Client[] = []
  const clients: Client[] = []
  const openOneByOne = async () => {
    while (begun.length < job.count) {
      const client = new Client(job, begun.length)
      begun.push(client)
      await client.open().then(() => clients.push(client), note)
    }
  }
  setTimeout(() => { for (const client of begun) client.fail(`not done in ${job.longestMs} ms`) }, job.longestMs)
  const opening = await time(async () => void await Promise.all(Array.from({ length: AT_ONCE }, openOneByOne)))
  const each: number[] = []
  const moving = await time(async () => void await Promise.all(clients.map(
    (client) => time(() => client.exchange(job.bytes)).then((ms) => each.push(client.opening + ms), note),
  )))
  return { opening, moving, each, failures }
}

process.once('message', async (job: Job) => process.send!(await run(job)))
process.once('disconnect', () => process.exit())
