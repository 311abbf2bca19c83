// Asks a worker and prints its answers: `node drive-workerd.mjs MINIFLARE DIRECTORY FILE OPTIONS PATH…`; OPTIONS are Miniflare's, as JSON.
// All paths but the last are asked for at once. Without a PATH it prints where the worker listens, and stays.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [miniflare, directory, file, options, ...paths] = process.argv.slice(2)
const { Miniflare, Log, LogLevel } = await import(pathToFileURL(miniflare).href)
const worker = new Miniflare({
  host: '127.0.0.1',
  cf: false, // it would ask Cloudflare where this machine is
  modulesRoot: directory,
  modules: [
    { type: 'ESModule', path: join(directory, file) },
    ...readdirSync(directory).filter((name) => name.endsWith('.wasm'))
      .map((name) => ({ type: 'CompiledWasm', path: join(directory, name) })),
  ],
  compatibilityDate: '2026-07-01',
  ...JSON.parse(options),
  log: new Log(LogLevel.WARN),
})
async function ask(path) {
  const response = await worker.dispatchFetch(new URL(path, 'http://localhost'))
  console.log(response.status, await response.text())
  if (!response.ok) process.exit(1)
}
const last = paths.pop()
if (last === undefined) {
  console.log(`listens at ${await worker.ready}`)
} else {
  await Promise.all(paths.map(ask))
  await ask(last)
  await worker.dispose()
}
