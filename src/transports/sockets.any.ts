// Sockets that only one runtime has, beside Node's, whose Duplexes are everywhere.

import type { ByteTransport } from '../pump/transport.js'
import { fromBunSocket, isBunSocket } from './bun.js'
import { fromCloudflareSocket, isCloudflareSocket } from './cloudflare.js'
import { fromDenoConn, isDenoConn } from './deno.js'

/** Of Deno or Bun; `undefined` if `value` is none. */
export function fromRuntimeSocket(value: object): ByteTransport | undefined {
  if (isDenoConn(value)) return fromDenoConn(value)
  if (isBunSocket(value)) return fromBunSocket(value)
  return undefined
}

/** The streams as they are, unless they are an edge worker's socket. */
export function withClose(streams: ByteTransport): ByteTransport {
  return isCloudflareSocket(streams) ? fromCloudflareSocket(streams) : streams
}

/** How this platform makes a transport to a host, for messages. */
export function dialling(): string {
  const { Deno, navigator, process } = globalThis as {
    readonly Deno?: object; readonly navigator?: { readonly userAgent?: string }; readonly process?: { readonly versions?: { readonly node?: string } }
  }
  if (Deno) return 'await Deno.connect({ hostname, port })'
  if (navigator?.userAgent === 'Cloudflare-Workers') return 'connect({ hostname, port }) of cloudflare:sockets'
  return process?.versions?.node === undefined ? 'openTunnel(relay, { host, port })' : 'net.connect(port, host) of node:net'
}
