// A request as Node's HTTP server gives it: still a bare socket, to be answered by hand or handed to `ws`.

import { STATUS_CODES, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import { WebSocketServer } from 'ws'
import type { Refusal, RelaySocket, Visitor } from './visitor.js'

/** Shakes hands for all visitors of a relay. */
export class NodeHandshakes {
  readonly #selected = new WeakMap<IncomingMessage, string>()
  readonly #server: WebSocketServer

  constructor(maxMessageBytes: number) {
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: maxMessageBytes,
      // A message that is not whole costs memory for each of its fragments, and for each piece in which TCP brings them.
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
      this.#server.handleUpgrade(request, client, head, (webSocket) => {
        client.off('close', failed)
        resolve(take(webSocket as RelaySocket))
      })
    })
  }
}

export class NodeVisitor implements Visitor {
  readonly path: string
  readonly address: string
  readonly gone: AbortSignal
  readonly #request: IncomingMessage
  readonly #client: Socket
  readonly #head: Buffer
  readonly #handshakes: NodeHandshakes

  constructor(request: IncomingMessage, client: Socket, head: Buffer, handshakes: NodeHandshakes) {
    this.#request = request
    this.#client = client
    this.#head = head
    this.#handshakes = handshakes
    this.path = request.url ?? ''
    this.address = `${client.remoteAddress ?? 'unknown'}:${client.remotePort ?? 0}` // now: a closed socket has forgotten it
    const gone = new AbortController()
    this.gone = gone.signal
    client.on('error', () => {}) // its close says enough
    client.once('end', () => gone.abort()).once('close', () => gone.abort())
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
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': Buffer.byteLength(body),
      ...(status === 401 && { 'WWW-Authenticate': 'Bearer' }),
    }
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')
    client.once('finish', () => client.destroy())
    client.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head}\r\n${body}`)
  }

  accept<Result>(protocol: string | undefined, take: (socket: RelaySocket) => Result): Promise<Result | undefined> {
    return this.#handshakes.shake(this.#request, this.#client, this.#head, protocol, take)
  }
}
