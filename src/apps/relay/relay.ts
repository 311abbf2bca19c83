// The WebSocket-to-TCP relay: lets code that has no sockets (a browser, an edge worker) reach the few TCP servers that
// its operator names. It carries ciphertext and holds no keys: TLS is between the client and the target.

import { createServer, type IncomingMessage, type Server } from 'node:http'
import { isIPv6, type AddressInfo, type Socket } from 'node:net'
import { WebSocketServer } from 'ws'
import { ApiMisuseError, TransportError } from '../../base/errors.js'
import { checkRelayOptions, type RelayOptions, type RelaySettings } from './relay-options.js'
import { formatTarget, parseTarget } from './target.js'
import { visit, type Visit } from './visit.js'

export type { RelayLogEntry } from './relay-log.js'
export type { RelayOptions } from './relay-options.js'

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
  const settings = checkRelayOptions(options)
  const server = createServer({ noDelay: true }, (_request, response) => {
    response.writeHead(426, { 'Content-Type': 'text/plain; charset=utf-8', 'Connection': 'close', 'Upgrade': 'websocket' })
    response.end('this is a WebSocket relay\n')
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(new TransportError(`cannot listen: ${cause.message}`, { cause })))
    server.listen({ host: settings.host, port: settings.port }, resolve)
  })
  return new ListeningRelay(settings, server, server.address() as AddressInfo)
}

class ListeningRelay implements Relay {
  readonly host: string
  readonly port: number
  readonly url: string
  readonly #settings: RelaySettings
  readonly #server: Server
  readonly #allowed: Set<string>
  readonly #visits = new Set<Visit>()
  readonly #webSockets: WebSocketServer
  #closed: Promise<void> | undefined

  constructor(settings: RelaySettings, server: Server, address: AddressInfo) {
    this.host = address.address
    this.port = address.port
    this.url = `ws://${isIPv6(this.host) ? `[${this.host}]` : this.host}:${this.port}`
    this.#settings = settings
    this.#server = server
    this.#allowed = new Set(settings.allow)
    this.#webSockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: settings.maxMessageBytes,
      perMessageDeflate: false, // ciphertext does not compress, and compression beside secrets leaks them (CRIME)
    })
    // An HTTP server's sockets are net.Sockets; the event's type is wider.
    server.on('upgrade', (request, client, head) => this.#upgrade(request, client as Socket, head))
  }

  get connections(): number { return this.#visits.size }

  allow(text: string): void {
    const target = typeof text === 'string' ? parseTarget(text) : undefined
    if (!target) {
      throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', `${JSON.stringify(text)} is not a target such as 'mail.example:993'`)
    }
    this.#allowed.add(formatTarget(target))
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const stopped = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections() // those that have not asked for a tunnel
    for (const each of this.#visits) each.stop()
    await Promise.all([...this.#visits].map((each) => each.over))
    await stopped
  }

  #upgrade(request: IncomingMessage, client: Socket, head: Buffer): void {
    const { maxConnections } = this.#settings
    const started = visit(request, client, head, {
      ...this.#settings,
      allow: this.#allowed,
      full: this.#closed !== undefined || this.#visits.size >= maxConnections,
      webSockets: this.#webSockets,
    })
    if (!started) return
    this.#visits.add(started)
    void started.over.then(() => this.#visits.delete(started))
  }
}
