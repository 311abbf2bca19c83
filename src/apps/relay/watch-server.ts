// For those who watch the relay: whether it is well, and what it has counted. Not for its clients, nor for pages.

import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { isIP } from 'node:net'

export interface Watched {
  isDraining(): boolean
  metrics(): string
}

/** Serves `/metrics` and `/healthz`. `host` is the one that the operator gave: a name that requests may be for. */
export function createWatchServer(watched: Watched, host: string): Server {
  const timeouts = { headersTimeout: 2_000, requestTimeout: 2_000, connectionsCheckingInterval: 500 }
  const server = createServer(timeouts, (request, response) => {
    if (isFromPage(request, host)) return answer(response, 403, 'not for pages\n')
    if (isHealthCheck(request)) return answerHealth(response, watched)
    if (request.method !== 'GET' || pathOf(request) !== '/metrics') return answer(response, 404, 'there are /metrics and /healthz\n')
    answer(response, 200, watched.metrics(), 'text/plain; version=0.0.4; charset=utf-8')
  })
  server.maxConnections = 16
  return server
}

/** What the relay's own port says to a request that wants no WebSocket. */
export function plainListener(watched: Watched): RequestListener {
  return (request, response) => {
    if (isHealthCheck(request)) return answerHealth(response, watched)
    response.setHeader('Upgrade', 'websocket')
    answer(response, 426, 'this is a WebSocket relay\n')
  }
}

/**
 * Browsers tell of themselves; and where they do not, for a name that an attacker's DNS made to point here, they tell that name. An
 * address that the user has typed or has among the bookmarks (`none`) is no page's doing, and no page sees what comes.
 */
function isFromPage({ headers }: IncomingMessage, host: string): boolean {
  const { origin, referer, 'sec-fetch-site': site = 'none' } = headers
  if (origin !== undefined || referer !== undefined || site !== 'none') return true
  const name = (headers.host ?? '').replace(/:[0-9]+$/, '').toLowerCase()
  return isIP(name.replace(/^\[|\]$/g, '')) === 0 && name !== 'localhost' && name !== host.toLowerCase()
}

function isHealthCheck(request: IncomingMessage): boolean {
  const { method, headers } = request
  return (method === 'GET' || method === 'HEAD') && headers.origin === undefined && pathOf(request) === '/healthz'
}

function answerHealth(response: ServerResponse, watched: Watched): void {
  const draining = watched.isDraining()
  answer(response, draining ? 503 : 200, draining ? 'draining\n' : 'ok\n')
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.replace(/\?.*/s, '')
}

function answer(response: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store', 'Connection': 'close' })
  response.end(body)
}
