// `import 'libssl-wasm/node/register'`: this process's `node:tls` is ours from now on, for require(), import and Node's own https, http2
// and fetch. http2 keeps the tls.Server that it finds when it is loaded: import this before.

import { createRequire, syncBuiltinESMExports } from 'node:module'
import tls from './tls/index.js'

const builtin = createRequire(import.meta.url)('node:tls') as Record<string, unknown>
const ours = tls as unknown as Record<string, unknown>

for (const name of Object.keys(ours)) {
  if (Object.getOwnPropertyDescriptor(builtin, name)?.configurable === false) continue // rootCertificates
  Object.defineProperty(builtin, name, {
    enumerable: true, configurable: true, get: () => ours[name], set: (value) => { ours[name] = value },
  })
}
syncBuiltinESMExports()
// Where https was imported first, its servers have been made of Node's.
const https = createRequire(import.meta.url)('node:https') as typeof import('node:https')
Object.setPrototypeOf(https.Server.prototype, tls.Server.prototype as object)
