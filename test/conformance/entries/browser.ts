// Pages and workers of browsers. A page tells by its URL what is to be run where: ?session=NAME&context=CONTEXT.

import type { LoadOptions, WebSocketLike } from 'libssl-wasm'
import type { Runtime } from '../suite/harness.js'
import { dataChannelTransport } from '../transports/data-channel.js'
import { messagePortTransport } from '../transports/message-port.js'
import { webSocketStreamTransport, webSocketTransport } from '../transports/websocket.js'
import { conduct } from './conduct.js'

const { searchParams } = new URL(location.href)
const context = searchParams.get('context')!

/** A classic script knows no address of its own, and so not what lies beside it. */
const loadOptions = (): LoadOptions => (context === 'classic worker' ? { wasm: fetch('/libssl-wasm/libssl.wasm') } : {})

void conduct(location.origin, searchParams.get('session')!, (): Runtime => ({
  kind: 'browser',
  loadOptions,
  webSocket: (url) => new WebSocket(url) as WebSocketLike,
  dial: {},
  listen: {},
  hasRoots: false,
  // An import map holds for pages only, so a bundle; a classic worker has no address that its test could start from.
  ...(context !== 'classic worker' && { worker: { worker: '/tls-worker.js' } }),
  transports: (kit, { url }) => {
    messagePortTransport(kit)
    webSocketTransport(kit, url)
    if ('RTCPeerConnection' in globalThis) dataChannelTransport(kit) // on pages
    if ('WebSocketStream' in globalThis) webSocketStreamTransport(kit, url)
  },
}))
