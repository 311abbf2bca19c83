// A request as Node's HTTP server gives it: still a bare socket, to be answered by hand or handed to `ws`.

import { STATUS_CODES, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import { WebSocketServer } from 'ws'
import { concat } from '../../base/bytes.js'
import { ByteQueue } from '../../transports/byte-queue.js'
import { CREDIT_PROTOCOL, MAX_DATA_BYTES } from '../../transports/websocket-credit.js'
import { handshakeFault } from './handshake-fault.js'
import { PacedSocket } from './paced-socket.js'
import type { TrustedProxies } from './trusted-proxies.js'
import { headersOf, type Refusal, type RelaySocket, type Visitor } from './visitor.js'

/** A client says nothing before our answer (RFC 6455 §4.1). One that does says no more than this. */
const EARLY_BYTES = 64 * 1024

/** Shakes hands for all visitors of a relay. */
export class NodeHandshakes {
  readonly #selected = new WeakMap<IncomingMessage, string>()
  readonly #server: WebSocketServer
  /** For the credit window, whose messages are short. */
  readonly #ofCredit: WebSocketServer

  constructor(maxMessageBytes: number) {
    this.#server = this.#serverOf(maxMessageBytes)
    this.#ofCredit = this.#serverOf(Math.min(maxMessageBytes, 2 * MAX_DATA_BYTES))
  }

  #serverOf(maxMessageBytes: number): WebSocketServer {
    return new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: maxMessageBytes,
      // An unfinished message costs memory for each of its fragments, and for each piece in which TCP has brought them.
      maxFragments: 64 + Math.ceil(maxMessageBytes / 16_384),
      maxBufferedChunks: 64 + Math.ceil(maxMessageBytes / 256),
      perMessageDeflate: false, // ciphertext does not compress, and compression beside secrets leaks them (CRIME)
      handleProtocols: (_offered, request) => this.#selected.get(request) ?? false,
    })
  }

  shake<Result>(
    request: IncomingMessage, client: Socket, head: Buffer, protocol: string | undefined, take: (socket: RelaySocket) => Result,
  ): Promise<Result | undefined> {
    return new Promise((resolve) => {
      const failed = () => resolve(undefined)
      if (client.destroyed) return failed()
      if (protocol !== undefined) this.#selected.set(request, protocol)
      client.once('close', failed)
      const server = protocol === CREDIT_PROTOCOL ? this.#ofCredit : this.#server
      server.handleUpgrade(request, new PacedSocket(client, head), Buffer.alloc(0), (webSocket) => {
        client.off('close', failed)
        resolve(take(Object.defineProperties(webSocket as RelaySocket, {
          bytesReceived: { get: () => client.bytesRead },
          binaryType: { value: webSocket.binaryType, writable: true }, // the form of `ws` stays, which saves a copy
        })))
      })
    })
  }
}

export class NodeVisitor implements Visitor {
  readonly path: string
  readonly address: string
  readonly clientAddress: string
  readonly gone: AbortSignal
  readonly fault: Refusal | undefined
  readonly #request: IncomingMessage
  readonly #client: Socket
  /** What came before our answer. */
  readonly #early = new ByteQueue()
  readonly #handshakes: NodeHandshakes
  /** An end or a reset is seen by a socket that is read, and by no other. */
  readonly #hear: (chunk: Buffer) => void

  constructor(request: IncomingMessage, client: Socket, head: Buffer, handshakes: NodeHandshakes, proxies: TrustedProxies) {
    this.#request = request
    this.#client = client
    this.#handshakes = handshakes
    this.path = request.url ?? ''
    const { remoteAddress = 'unknown', remotePort = 0 } = client // now: a closed socket has forgotten it
    this.clientAddress = proxies.clientOf(remoteAddress, this.header('x-forwarded-for'))
    this.address = proxies.has(remoteAddress) ? this.clientAddress : `${remoteAddress}:${remotePort}`
    const gone = new AbortController()
    this.gone = gone.signal
    client.on('error', () => {}) // its close says enough
    client.once('end', () => gone.abort()).once('close', () => gone.abort())
    this.#hear = (chunk) => {
      if (this.#early.byteLength + chunk.byteLength > EARLY_BYTES) gone.abort()
      else this.#early.push(chunk)
    }
    if (head.byteLength > 0) this.#hear(head)
    client.on('data', this.#hear)
    this.fault = handshakeFault(request.method, (name) => this.header(name))
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }

  /** Answers in one line of text, and hangs up. */
  refuse({ status, reason }: Refusal): void {
    const client = this.#client
    if (status === 0 || !client.writable) return void client.destroy()
    const body = `${reason}\n`
    const headers: OutgoingHttpHeaders = {
      'Connection': 'close',
      'Content-Length': Buffer.byteLength(body),
      ...headersOf(status),
    }
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')
    client.once('finish', () => client.destroy())
    client.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head}\r\n${body}`)
  }

  accept<Result>(protocol: string | undefined, take: (socket: RelaySocket) => Result): Promise<Result | undefined> {
    this.#client.off('data', this.#hear)
    const head: Uint8Array[] = []
    for (let chunk; (chunk = this.#early.shift());) head.push(chunk)
    return this.#handshakes.shake(this.#request, this.#client, Buffer.from(concat(head).buffer), protocol, take)
  }
}
