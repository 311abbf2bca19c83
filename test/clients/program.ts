// Runs one client in a process of its own: `program.js CLIENT KIT.json`, with `--ours` with our modules in the place of `node:tls`.
// Prints what was shown (show.ts), and ends by itself when the client has left nothing open.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers'
import { replaceTls } from './replace.js'
import { MARK, type Kit, type Shown, type Shows } from './show.js'

const [name, file, whose] = process.argv.slice(2)
/** How long each may take on a machine with much else to do. */
const PATIENCE_MS = 60_000
/** How long it may go on when all has been shown. */
const LINGER_MS = 30_000

if (whose === '--ours') await replaceTls()
const { default: tls } = await import('node:tls')
if (whose === '--ours') assert.equal(tls.connect, (await import('libssl-wasm/node/tls' as string)).default.connect)
const kit: Kit<unknown> = { ...JSON.parse(readFileSync(file!, 'utf8')), tls, net: (await import('node:net')).default }
const { shows } = await import(new URL(`./${name}.js`, import.meta.url).href) as { shows: Shows<unknown> }
for (const [what, show] of Object.entries(shows)) {
  let deadline
  const late = new Promise<never>((_, reject) => {
    deadline = setTimeout(() => reject(new Error(`not done within ${PATIENCE_MS} ms`)), PATIENCE_MS)
  })
  const error = await Promise.race([show(kit), late]).then(() => undefined, (reason: unknown) => describe(reason))
  clearTimeout(deadline)
  const shown: Shown = { what, ...(error !== undefined && { error }) }
  console.log(`\n${MARK}${JSON.stringify(shown)}`)
}
setTimeout(() => {
  console.error('something is still open:', process.getActiveResourcesInfo?.())
  process.exit(1)
}, LINGER_MS).unref()

function describe(reason: unknown): string {
  if (!(reason instanceof Error)) return String(reason)
  const { code } = reason as NodeJS.ErrnoException
  return `${code === undefined ? '' : `${code}: `}${reason.stack ?? reason.message}`
}
