// A browser has no sockets but WebSockets and data channels.

import type { ByteTransport } from '../pump/transport.js'

/** Of Deno or Bun; `undefined` if `value` is none. */
export function fromRuntimeSocket(_value: object): ByteTransport | undefined {
  return undefined
}

/** The streams as they are, unless they are an edge worker's socket. */
export function withClose(streams: ByteTransport): ByteTransport {
  return streams
}

/** How this platform makes a transport to a host, for messages. */
export function dialling(): string {
  return 'openTunnel(relay, { host, port })'
}
