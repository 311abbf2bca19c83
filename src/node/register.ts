// `import 'libssl-wasm/node/register'`: this process's `node:tls` is ours from now on, for require(), import and Node's own https, http2
// and fetch. http2 keeps the tls.Server that it finds when it is loaded: import this before.

import * as modules from 'node:module'
import tls from './tls/index.js'

type Resolve = (name: string, context: object, next: (name: string, context: object) => object) => object

const require = modules.createRequire(import.meta.url)
const builtin = require('node:tls') as Record<string, unknown>
const ours = tls as unknown as Record<string, unknown>

for (const name of Object.keys(ours)) {
  if (Object.getOwnPropertyDescriptor(builtin, name)?.configurable === false) continue // rootCertificates
  Object.defineProperty(builtin, name, {
    enumerable: true, configurable: true, get: () => ours[name], set: (value) => { ours[name] = value },
  })
}
modules.syncBuiltinESMExports()
// If https was imported first, its Server inherits from Node's tls.Server.
const https = require('node:https') as typeof import('node:https')
Object.setPrototypeOf(https.Server.prototype, tls.Server.prototype as object)

// In Deno, imported names keep their values, so our module takes the place of Deno's own. Bun has no such hook.
if ('Deno' in globalThis) {
  const url = new URL('./tls/module-sync.js', import.meta.url).href
  const resolve: Resolve = (name, context, next) => (/^(node:)?tls$/.test(name) ? { url, shortCircuit: true } : next(name, context))
  ;(modules as { registerHooks?(hooks: { resolve: Resolve }): void }).registerHooks?.({ resolve }) // which Node 20's types do not know
}
