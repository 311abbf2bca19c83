// The WebSocket-to-TCP relay: lets code that has no sockets (a browser, an edge worker) reach the few TCP servers that
// its operator names. It carries ciphertext and holds no keys: TLS is between the client and the target.

import type { Server } from 'node:http'
import { isIPv6, type AddressInfo, type Socket } from 'node:net'
import { createSecureContext } from 'node:tls'
import { ApiMisuseError } from '../../base/errors.js'
import { checkOptions, invalid, isMilliseconds } from '../../base/options.js'
import { connectTarget } from './connect-target.js'
import { Doorkeeper } from './doorkeeper.js'
import { createHttpServer, listen, Requests, withCertificate, type HttpServer } from './http-server.js'
import { changeable, checkRelayOptions, type ListenSettings, type RelayChanges, type RelayOptions } from './listen-options.js'
import { NodeHandshakes, NodeVisitor } from './node-visitor.js'
import { metric } from './relay-metrics.js'
import type { RelaySettings } from './relay-options.js'
import { TrustedProxies } from './trusted-proxies.js'
import { createWatchServer, plainListener } from './watch-server.js'

export { formatRelayLogEntry, type RelayLogEntry } from './relay-log.js'
export type { RelayChanges, RelayOptions } from './listen-options.js'
export type { RelayRules } from './relay-options.js'

/** A relay that listens. */
export interface Relay {
  /** The address it listens on. */
  readonly host: string
  /** The port it listens on. */
  readonly port: number
  /** For example `ws://127.0.0.1:8080`, or `wss:` with a certificate; a client adds `/host:port`. */
  readonly url: string
  /** Where `metricsListen` serves, for example `http://127.0.0.1:9090`. */
  readonly metricsUrl: string | undefined
  /** Tunnels now, with those whose target is still being connected. */
  readonly connections: number
  /** What it has counted, in the text format of Prometheus. */
  metrics(): string
  /** Allows one more target, `host:port`. Throws `ERR_TLS_INVALID_ARGUMENT` if it is none. */
  allow(target: string): void
  /**
   * Replaces what is given: lists, tokens, the certificate and its key, which go together. What is open stays so. Throws
   * `ERR_TLS_UNKNOWN_OPTION` or `ERR_TLS_INVALID_OPTION`, and has changed nothing then.
   */
  change(changes: RelayChanges): void
  /**
   * Stops listening, closes every tunnel (1001), and is fulfilled when nothing is left open. With `drainTimeoutMs` tunnels have so
   * long to end by themselves; `/healthz` says 503 meanwhile. Called again, it ends the waiting. Rejects with
   * `ERR_TLS_UNKNOWN_OPTION` or `ERR_TLS_INVALID_OPTION`, and closes nothing then.
   */
  close(how?: { drainTimeoutMs?: number | undefined }): Promise<void>
}

/**
 * Starts a relay and is fulfilled when it listens. Without options it listens on this machine alone, and refuses every
 * target. Rejects with `ERR_TLS_UNKNOWN_OPTION` or `ERR_TLS_INVALID_OPTION` (`option` names it), or with
 * `ERR_TLS_TRANSPORT` if it cannot listen (`cause` is the system's error).
 */
export async function startRelay(options: RelayOptions = {}): Promise<Relay> {
  const { settings, listening } = checkRelayOptions(options)
  const relay = new ListeningRelay(options, settings, listening)
  await relay.listen()
  return relay
}

/** What was left out of the log, or lost, is told after so long at most. */
const LOG_FLUSH_MS = 10_000

class ListeningRelay implements Relay {
  #options: RelayOptions
  readonly #listening: ListenSettings
  readonly #server: HttpServer
  readonly #watchServer: Server | undefined
  readonly #requests: Requests
  readonly #doorkeeper: Doorkeeper
  readonly #flushing: ReturnType<typeof setInterval>
  /** Ends the waiting for tunnels that drain. */
  readonly #hurry: Promise<void>
  #dontWait!: () => void
  #closed: Promise<void> | undefined
  /** Known when it listens. */
  #address!: AddressInfo
  #watchAddress: AddressInfo | undefined

  constructor(options: RelayOptions, settings: RelaySettings, listening: ListenSettings) {
    this.#options = options
    this.#listening = listening
    this.#doorkeeper = new Doorkeeper(settings, connectTarget)
    this.#requests = new Requests(listening.maxRequests)
    this.#hurry = new Promise((resolve) => { this.#dontWait = resolve })
    const watched = { isDraining: () => this.#doorkeeper.draining, metrics: () => this.metrics() }
    this.#server = createHttpServer(listening, plainListener(watched))
    if (listening.metricsListen) this.#watchServer = createWatchServer(watched, listening.metricsListen.host)
    this.#flushing = setInterval(() => this.#doorkeeper.log.flush(), LOG_FLUSH_MS).unref()
    this.#serve(settings)
  }

  #serve({ maxMessageBytes }: RelaySettings): void {
    const proxies = new TrustedProxies(this.#listening.trustProxy)
    const handshakes = new NodeHandshakes(maxMessageBytes)
    this.#requests.watch(this.#server, proxies, (address, why) => this.#doorkeeper.hungUp(address, why))
    this.#server.on('upgrade', (request, client, head) => {
      // An HTTP server's sockets are net.Sockets; the event's type is wider.
      this.#requests.read(client as Socket)
      void this.#doorkeeper.serve(new NodeVisitor(request, client as Socket, head, handshakes, proxies))
    })
  }

  async listen(): Promise<void> {
    try {
      this.#address = await listen(this.#server, this.#listening)
      if (this.#watchServer) this.#watchAddress = await listen(this.#watchServer, this.#listening.metricsListen!)
    } catch (error) {
      await this.close()
      throw error
    }
  }

  get host(): string { return this.#address.address }

  get port(): number { return this.#address.port }

  get url(): string { return urlOf(this.#listening.tls ? 'wss' : 'ws', this.#address) }

  get metricsUrl(): string | undefined { return this.#watchAddress && urlOf('http', this.#watchAddress) }

  get connections(): number { return this.#doorkeeper.connections }

  metrics(): string {
    return this.#doorkeeper.metrics()
      + metric('requests', 'gauge', 'Connections that have brought no whole request.', ['', this.#requests.taken])
  }

  allow(target: string): void {
    this.#doorkeeper.allow(target)
    this.#options = { ...this.#options, allow: [...this.#options.allow ?? [], target] }
  }

  change(changes: RelayChanges): void {
    const fixed = Object.keys(changes).find((name) => !(changeable as readonly string[]).includes(name))
    if (fixed !== undefined) throw new ApiMisuseError('ERR_TLS_UNKNOWN_OPTION', `option '${fixed}' cannot be changed`, { option: fixed })
    const given = Object.entries(changes).filter(([, value]) => value !== undefined)
    const options: RelayOptions = { ...this.#options, ...Object.fromEntries(given) }
    const { settings, listening: { tls } } = checkRelayOptions(options)
    if ((tls === undefined) !== (this.#listening.tls === undefined)) {
      throw invalid('tlsCert', 'cannot be given or taken away while the relay runs')
    }
    if (tls && 'setSecureContext' in this.#server) {
      withCertificate(() => createSecureContext({ ...tls }))
      this.#server.setSecureContext({ ...tls })
    }
    this.#doorkeeper.change(settings)
    this.#options = options
  }

  async close(how: { drainTimeoutMs?: number | undefined } = {}): Promise<void> {
    const { drainTimeoutMs = 0 } = checkOptions(how, { drainTimeoutMs: isMilliseconds(0) }, 'close()')
    if (this.#closed) this.#dontWait()
    this.#closed ??= this.#close(drainTimeoutMs)
    return this.#closed
  }

  async #close(drainTimeoutMs: number): Promise<void> {
    const stopped = new Promise((resolve) => this.#server.close(resolve))
    this.#requests.hangUp()
    if (drainTimeoutMs > 0) {
      const timer = setTimeout(() => this.#dontWait(), drainTimeoutMs)
      await Promise.race([this.#doorkeeper.drain(), this.#hurry])
      clearTimeout(timer)
    }
    await this.#doorkeeper.close()
    await stopped
    clearInterval(this.#flushing)
    if (!this.#watchServer) return
    const watched = new Promise((resolve) => this.#watchServer!.close(resolve))
    this.#watchServer.closeAllConnections()
    await watched
  }
}

function urlOf(scheme: string, { address, port }: AddressInfo): string {
  return `${scheme}://${isIPv6(address) ? `[${address}]` : address}:${port}`
}
