// `npm run bench`: every figure beside node:tls's, taken by turns in the same run. Only the ratios mean anything.

import { bulk } from './bulk.js'
import { firstByte } from './first-byte.js'
import { handshakes } from './handshake.js'
import { head } from './measure.js'
import { memory } from './memory.js'
import { startUp } from './start-up.js'

console.log(`Node ${process.versions.node} (OpenSSL ${process.versions.openssl}); client and server on one thread, in memory\n`)
head()
await handshakes()
await bulk()
await startUp()
await memory()
await firstByte()
