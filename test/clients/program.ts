// Runs one client in a process of its own: `program.js CLIENT KIT.json`, with `--ours` with our modules in the place of `node:tls`.
// Prints what was shown (show.ts), and ends by itself when the client has left nothing open.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers'
import { MARK, type Kit, type Shows } from './show.js'
import { showEach } from './show-each.js'

const [name, file, whose] = process.argv.slice(2)
/** How long it may go on when all has been shown. */
const LINGER_MS = 30_000

if (whose === '--ours') await import('libssl-wasm/node/register' as string)
const { default: tls } = await import('node:tls')
if (whose === '--ours') assert.equal(tls.connect, (await import('libssl-wasm/node/tls' as string)).default.connect)
const kit: Kit<unknown> = { ...JSON.parse(readFileSync(file!, 'utf8')), tls, net: (await import('node:net')).default }
const { shows } = await import(new URL(`./${name}.js`, import.meta.url).href) as { shows: Shows<unknown> }
await showEach(shows, kit, (shown) => console.log(`\n${MARK}${JSON.stringify(shown)}`))
setTimeout(() => {
  console.error('something is still open:', process.getActiveResourcesInfo?.())
  process.exit(1)
}, LINGER_MS).unref()
