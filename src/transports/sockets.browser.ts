// A browser has no sockets but WebSockets and data channels.

import type { ByteTransport } from '../pump/transport.js'

/** In browsers no value is a socket of Deno's or Bun's. */
export function fromRuntimeSocket(_value: object): ByteTransport | undefined {
  return undefined
}

/** The streams as they are, unless they are an edge worker's socket. */
export function withClose(streams: ByteTransport): ByteTransport {
  return streams
}

/** How this platform makes a transport to a host, for messages. */
export const dialling = 'openTunnel(relay, { host, port })'

/** What a WebSocket says that did not open, in better words. A browser says nothing of it. */
export function wordsOfPlatform(said: string): string {
  return said
}

/** The end of a sentence that begins with what is to be checked everywhere. */
export function whatToCheck(): string {
  return ` and the origin ${origin} (--origin), and that the page's Content-Security-Policy has it in connect-src; `
    + "the browser's console has the status, the relay's log the reason"
}
