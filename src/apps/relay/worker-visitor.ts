// A request as an edge worker gets it: answered by a Response, which may carry a WebSocket.

import type { WebSocketLike } from '../../transports/websocket-like.js'
import { handshakeFault } from './handshake-fault.js'
import { headersOf, type Refusal, type RelaySocket, type Visitor } from './visitor.js'

export class WorkerVisitor implements Visitor {
  readonly path: string
  readonly address: string
  readonly clientAddress: string
  readonly gone: AbortSignal
  readonly fault: Refusal | undefined
  readonly answered: Promise<Response>
  readonly #headers: Headers
  #answer!: (response: Response) => void

  constructor(request: Request) {
    const { pathname, search } = new URL(request.url)
    this.path = pathname + search
    this.#headers = request.headers
    // Set by the platform's own front end, which removes what a client wrote there.
    this.address = this.clientAddress = request.headers.get('cf-connecting-ip') ?? 'unknown'
    this.gone = request.signal
    // A platform looks itself, but after the worker has answered. One that shows the worker neither header has looked before.
    const isShown = ['sec-websocket-key', 'sec-websocket-version'].some((name) => request.headers.has(name))
    if (isShown || request.method !== 'GET') this.fault = handshakeFault(request.method, (name) => this.header(name))
    this.answered = new Promise((resolve) => { this.#answer = resolve })
  }

  header(name: string): string | undefined {
    return this.#headers.get(name) ?? undefined
  }

  refuse({ status, reason }: Refusal): void {
    // An answer to a client that has gone is not seen, but the platform waits for it.
    this.#answer(new Response(`${reason}\n`, {
      status: status || 499,
      headers: headersOf(status),
    }))
  }

  async accept<Result>(protocol: string | undefined, take: (socket: RelaySocket) => Result): Promise<Result | undefined> {
    const { 0: forClient, 1: ours } = new WebSocketPair()
    ours.accept()
    const result = take(new WorkerSocket(ours, protocol))
    this.#answer(new Response(null, {
      status: 101,
      webSocket: forClient,
      headers: protocol === undefined ? {} : { 'Sec-WebSocket-Protocol': protocol },
    }))
    return result
  }
}

/** The worker's end of a pair. It does not know what subprotocol was selected, and leaves the closing handshake to us. */
class WorkerSocket implements WebSocketLike {
  readonly protocol: string
  readonly #socket: WebSocket

  constructor(socket: WebSocket, protocol = '') {
    this.#socket = socket
    this.protocol = protocol
    socket.addEventListener('close', ({ code, reason }) => {
      try {
        socket.close(code, reason)
      } catch {
        // closed by us before, or with a code that only says that there was none
      }
    })
  }

  get readyState(): number { return this.#socket.readyState }

  set binaryType(type: 'arraybuffer') { this.#socket.binaryType = type }

  send(data: Uint8Array<ArrayBuffer>): void { this.#socket.send(data) }

  close(code?: number, reason?: string): void { this.#socket.close(code, reason) }

  addEventListener(type: 'open' | 'close' | 'error' | 'message', listener: (event: any) => void): void {
    this.#socket.addEventListener(type, listener)
  }
}
