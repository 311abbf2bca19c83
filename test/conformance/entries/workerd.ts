// A Cloudflare-style worker: the suite runs within one request, /?url=URL&session=SESSION. Any other path answers with
// the version that this request has loaded.

import { connect } from 'cloudflare:sockets'
import { load, type WebSocketLike } from 'libssl-wasm'
import type { Runtime } from '../suite/harness.js'
import { edge } from '../suite/edge.js'
import { cloudflareSocketTransport } from '../transports/cloudflare.js'
import { conduct } from './conduct.js'

const runtime: Runtime = {
  kind: 'workerd',
  loadOptions: () => ({}),
  webSocket: (address) => new WebSocket(address) as WebSocketLike,
  dial: { 'cloudflare:sockets': (port) => connect({ hostname: '127.0.0.1', port }, { allowHalfOpen: true }) },
  listen: {},
  hasRoots: false,
  transports: (kit, { port, reset }) => cloudflareSocketTransport(kit, port, reset),
  own: edge,
}

const worker = {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname !== '/') return new Response((await load()).version)
    await conduct(searchParams.get('url')!, searchParams.get('session')!, () => runtime)
    return new Response()
  },
}
export { worker as default }
