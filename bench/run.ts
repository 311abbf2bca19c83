// `npm run bench` (versions.ts): every figure beside node:tls's, taken by turns in the same run. Only the ratios mean anything.
// With names of measurements it takes those alone.

import { bulk } from './bulk.js'
import { cold } from './cold.js'
import { echo } from './echo.js'
import { firstByte } from './first-byte.js'
import { handshakes } from './handshake.js'
import { kernels } from './kernels.js'
import { manyPairs } from './many.js'
import { memory } from './memory.js'
import { roots } from './roots.js'
import { nodeFace } from './node-face.js'
import { startUp } from './start-up.js'
import { head } from './measure.js'

const measurements: Readonly<Record<string, () => Promise<void>>> = {
  'kernels': kernels, 'bulk': bulk, 'handshake': handshakes, 'echo': echo, 'cold': cold, 'roots': roots,
  'start-up': startUp, 'memory': memory, 'many': manyPairs, 'first-byte': firstByte, 'node-face': nodeFace,
}

console.log(`Node ${process.versions.node} (OpenSSL ${process.versions.openssl}); client and server on one thread, in memory\n`)
head()
const asked = process.argv.slice(2).filter((word) => !word.startsWith('--'))
for (const name of asked.length > 0 ? asked : Object.keys(measurements)) {
  const measure = measurements[name]
  if (!measure) throw new Error(`there is no measurement ${name}: ${Object.keys(measurements).join(', ')}`)
  await measure()
}
process.exit() // connections are open
