// Sockets that only one runtime has, beside Node's, whose Duplexes are everywhere.

import type { ByteTransport } from '../pump/transport.js'
import { fromBunSocket, isBunSocket } from './bun.js'
import { fromCloudflareSocket, isCloudflareSocket } from './cloudflare.js'
import { fromDenoConn, isDenoConn } from './deno.js'
import { whatToCheck as ofPage } from './sockets.browser.js'

/** The transport of a socket of Deno's or Bun's; `undefined` if `value` is none. */
export function fromRuntimeSocket(value: object): ByteTransport | undefined {
  if (isDenoConn(value)) return fromDenoConn(value)
  if (isBunSocket(value)) return fromBunSocket(value)
  return undefined
}

/** The streams as they are, unless they are an edge worker's socket. */
export function withClose(streams: ByteTransport): ByteTransport {
  return isCloudflareSocket(streams) ? fromCloudflareSocket(streams) : streams
}

const platform = globalThis as {
  readonly Deno?: object
  readonly navigator?: { readonly userAgent?: string }
  readonly process?: { readonly versions?: { readonly node?: string } }
  readonly origin?: unknown
}

/** How this platform makes a transport to a host, for messages. */
export const dialling = platform.Deno ? 'await Deno.connect({ hostname, port })'
  : platform.navigator?.userAgent === 'Cloudflare-Workers' ? 'connect({ hostname, port }) of cloudflare:sockets'
  : platform.process?.versions?.node ? 'net.connect(port, host) of node:net' : 'openTunnel(relay, { host, port })'

/** What our relay means by a status (docs/relay.md). */
const meanings: Readonly<Record<string, string>> = {
  400: 'the path or the request is not right', 401: 'the token is missing or wrong', 403: 'the origin or the target is not allowed',
  405: 'a request by another method than GET', 408: 'the request was not whole in time', 426: 'an ordinary request, not for a WebSocket',
  429: 'too many wrong tokens: wait a minute', 502: 'the target cannot be reached, or not in time', 503: 'too many connections',
}

/** Puts the words of a failed WebSocket better: OpenSSL and rustls have their own for a server without TLS, `ws` for an HTTP status. */
export function wordsOfPlatform(said: string): string {
  const [, status] = /^Unexpected server response: (\d+)$/.exec(said) ?? []
  if (status !== undefined) {
    return `HTTP status ${status}: ${meanings[status] ?? 'our relay never answers so; is the URL that of another server?'}`
  }
  return /wrong version number|packet length too long|InvalidContentType/.test(said) ? 'it speaks no TLS: begin its URL with ws:' : said
}

/** The end of a sentence that begins with what is to be checked everywhere. A page without a bundler comes here, too. */
export function whatToCheck(): string {
  return platform.origin ? ofPage() : ', and its token'
}
