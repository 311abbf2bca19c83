// Runs what wrangler wrote in workerd, asks it once, prints the answer: `node run-worker.mjs MINIFLARE DIRECTORY SCRIPT BODY [COMPATIBILITY
// FLAGS...]`, with `BINDINGS` of the environment, JSON.

import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [miniflare, directory, script, body, ...compatibilityFlags] = process.argv.slice(2)
const { Miniflare } = await import(pathToFileURL(miniflare).href)
const wasm = readdirSync(directory).filter((name) => name.endsWith('.wasm'))
const worker = new Miniflare({
  modulesRoot: directory,
  modules: [
    { type: 'ESModule', path: join(directory, script) },
    ...wasm.map((name) => ({ type: 'CompiledWasm', path: join(directory, name), contents: readFileSync(join(directory, name)) })),
  ],
  compatibilityDate: '2026-01-01',
  compatibilityFlags,
  bindings: JSON.parse(process.env.BINDINGS ?? '{}'),
})
try {
  const response = await worker.dispatchFetch('http://worker/', { method: 'POST', body })
  console.log(await response.text())
} finally {
  await worker.dispose()
}
