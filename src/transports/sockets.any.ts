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
