// The WebSocket-to-TCP relay: lets code that has no sockets (a browser, an edge worker) reach the few TCP servers that
// its operator names. It carries ciphertext and holds no keys: TLS is between the client and the target.

import { createServer, type Server } from 'node:http'
import { isIPv6, type AddressInfo, type Socket } from 'node:net'
import { TransportError } from '../../base/errors.js'
import { connectTarget } from './connect-target.js'
import { Doorkeeper } from './doorkeeper.js'
import { NodeHandshakes, NodeVisitor } from './node-visitor.js'
import { checkRelayOptions, type RelayOptions, type RelaySettings } from './relay-options.js'

export type { RelayLogEntry } from './relay-log.js'
export type { RelayOptions, RelayRules } from './relay-options.js'

/** A relay that listens. */
export interface Relay {
  /** The address it listens on. */
  readonly host: string
  readonly port: number
  /** For example `ws://127.0.0.1:8080`; a client adds `/host:port`. */
  readonly url: string
  /** Tunnels now, with those whose target is still being connected. */
  readonly connections: number
  /** Allows one more target, `host:port`. Throws `ERR_TLS_INVALID_ARGUMENT` if it is none. */
  allow(target: string): void
  /** Stops listening, closes every tunnel (1001), and is fulfilled when nothing is left open. */
  close(): Promise<void>
}

/**
 * Starts a relay and is fulfilled when it listens. Without options it listens on this machine alone, and refuses every
 * target. Rejects with `ERR_TLS_UNKNOWN_OPTION` or `ERR_TLS_INVALID_OPTION` (`option` names it), or with
 * `ERR_TLS_TRANSPORT` if it cannot listen (`cause` is the system's error).
 */
export async function startRelay(options: RelayOptions = {}): Promise<Relay> {
  const { settings, host, port } = checkRelayOptions(options)
  // What a socket holds that is not read lies there as TCP brought it, byte by byte if the client likes: so it holds little.
  const server = createServer({ noDelay: true, highWaterMark: 4096 }, (_request, response) => {
    response.writeHead(426, { 'Content-Type': 'text/plain; charset=utf-8', 'Connection': 'close', 'Upgrade': 'websocket' })
    response.end('this is a WebSocket relay\n')
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(new TransportError(`cannot listen: ${cause.message}`, { cause })))
    server.listen({ host, port }, resolve)
  })
  return new ListeningRelay(settings, server, server.address() as AddressInfo)
}

class ListeningRelay implements Relay {
  readonly host: string
  readonly port: number
  readonly url: string
  readonly #server: Server
  readonly #doorkeeper: Doorkeeper
  #closed: Promise<void> | undefined

  constructor(settings: RelaySettings, server: Server, address: AddressInfo) {
    this.host = address.address
    this.port = address.port
    this.url = `ws://${isIPv6(this.host) ? `[${this.host}]` : this.host}:${this.port}`
    this.#server = server
    this.#doorkeeper = new Doorkeeper(settings, connectTarget)
    const handshakes = new NodeHandshakes(settings.maxMessageBytes)
    server.on('upgrade', (request, client, head) => {
      // An HTTP server's sockets are net.Sockets; the event's type is wider.
      void this.#doorkeeper.serve(new NodeVisitor(request, client as Socket, head, handshakes))
    })
  }

  get connections(): number { return this.#doorkeeper.connections }

  allow(target: string): void {
    this.#doorkeeper.allow(target)
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const stopped = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections() // those that have not asked for a tunnel
    await this.#doorkeeper.close()
    await stopped
  }
}
