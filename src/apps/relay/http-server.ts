// The relay's HTTP server, bounded: what stands here has not been let in.

import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { TransportError } from '../../base/errors.js'
import { invalid } from '../../base/options.js'
import type { ListenSettings } from './listen-options.js'
import { Places } from './places.js'
import type { TrustedProxies } from './trusted-proxies.js'

export type HttpServer = Server | TlsServer

export function createHttpServer(
  { tls, requestTimeoutMs }: Pick<ListenSettings, 'tls' | 'requestTimeoutMs'>, listener: RequestListener,
): HttpServer {
  const options = {
    noDelay: true,
    // Unread bytes lie in the socket in the pieces that TCP brought, which a client can make as small as one byte: so it may hold little.
    highWaterMark: 4096,
    headersTimeout: requestTimeoutMs,
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: Math.min(1_000, requestTimeoutMs),
  }
  if (!tls) return createServer(options, listener)
  return withCertificate(() => createTlsServer({ ...options, ...tls, handshakeTimeout: requestTimeoutMs }, listener))
}

/** Node's own words for what is wrong with a certificate or a key say enough, and nothing of the key. */
export function withCertificate<Result>(use: () => Result): Result {
  try {
    return use()
  } catch (cause) {
    throw invalid('tlsCert', `does not go with tlsKey, or one of them is not PEM: ${(cause as Error).message}`, { cause })
  }
}

/** Gives where it listens. Rejects with `ERR_TLS_TRANSPORT`. */
export function listen(server: HttpServer, { host, port }: { readonly host: string, readonly port: number }): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(new TransportError(`cannot listen: ${cause.message}`, { cause })))
    server.listen({ host, port }, () => resolve(server.address() as AddressInfo))
  })
}

/** Connections that have brought no whole request. One client cannot have all of them. */
export class Requests {
  readonly #places: Places
  readonly #open = new Map<string, { readonly socket: Socket, readonly leave: () => void }>()

  constructor(most: number) {
    this.#places = new Places(most, undefined)
  }

  get taken(): number { return this.#places.taken }

  /** Hangs up on what comes to `server` beyond the limit; `refused` is told. Proxies, which come for many, may have all. */
  watch(server: HttpServer, proxies: TrustedProxies, refused: (address: string, why: string) => void): void {
    server.on('connection', (socket: Socket) => {
      const { remoteAddress = 'unknown' } = socket
      const leave = this.#places.take(proxies.has(remoteAddress) ? 'unknown' : remoteAddress)
      if (typeof leave === 'string') {
        socket.destroy()
        return refused(remoteAddress, leave)
      }
      const name = nameOf(socket)
      this.#leave(name) // an earlier connection of that name has ended, though its event has not come yet
      this.#open.set(name, { socket, leave })
      socket.once('close', () => { if (this.#open.get(name)?.socket === socket) this.#leave(name) })
    })
  }

  /** The request has been read, so the socket is its handler's. With TLS that socket is another object than the one that connected. */
  read(socket: Socket): void {
    this.#leave(nameOf(socket))
  }

  /** Ends all connections that are left. Node's server does not know those whose TLS handshake has not ended. */
  hangUp(): void {
    for (const { socket } of this.#open.values()) socket.destroy()
  }

  #leave(name: string): void {
    this.#open.get(name)?.leave()
    this.#open.delete(name)
  }
}

/** No two open connections to one server have the same. */
function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
