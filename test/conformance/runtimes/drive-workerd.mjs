// Asks a worker to run the suite: `node drive-workerd.mjs MINIFLARE DIRECTORY FILE URL SESSION`.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [miniflare, directory, file, url, session] = process.argv.slice(2)
const { Miniflare, Log, LogLevel } = await import(pathToFileURL(miniflare).href)
const worker = new Miniflare({
  host: '127.0.0.1',
  cf: false, // it would ask Cloudflare where this machine is
  modulesRoot: directory,
  modules: [
    { type: 'ESModule', path: join(directory, file) },
    ...readdirSync(directory).filter((name) => name.endsWith('.wasm')).map((name) => ({ type: 'CompiledWasm', path: join(directory, name) })),
  ],
  compatibilityDate: '2026-07-01',
  log: new Log(LogLevel.WARN),
})
// What one request has made another may not wait for: several at once must load, each for itself.
for (const version of await Promise.all([1, 2, 3].map(async () => (await worker.dispatchFetch('http://localhost/version')).text()))) {
  if (!version.startsWith('OpenSSL ')) throw new Error(`a request could not load: ${version}`)
}
const response = await worker.dispatchFetch(`http://localhost/?${new URLSearchParams({ url, session })}`)
console.log(response.status, await response.text())
await worker.dispose()
