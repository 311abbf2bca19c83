// Pages and workers of browsers. A page tells by its URL what is to be run where: ?session=NAME&context=CONTEXT.

import type { WebSocketLike } from 'libssl-wasm'
import type { LoadOptions } from 'libssl-wasm'
import type { Runtime } from '../suite/harness.js'
import { conduct } from './conduct.js'

const { searchParams } = new URL(location.href)
const context = searchParams.get('context')!

/** Whoever bundles it as one file without modules must say where the WebAssembly is. */
const loadOptions = (): LoadOptions => (context === 'page' ? {} : { wasm: fetch('/node_modules/libssl-wasm/lib/libssl.wasm') })

void conduct(location.origin, searchParams.get('session')!, (): Runtime => ({
  kind: 'browser',
  loadOptions,
  webSocket: (url) => new WebSocket(url) as WebSocketLike,
  dial: {},
  listen: {},
  hasRoots: false,
}))
