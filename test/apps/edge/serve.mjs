// Serves a worker until its standard input ends: `node serve.mjs MINIFLARE WORKER BINDINGS`. Prints the port.

import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'

const [miniflare, worker, bindings] = process.argv.slice(2)
const { Miniflare, Log, LogLevel } = await import(pathToFileURL(miniflare).href)
const host = new Miniflare({
  host: '127.0.0.1',
  port: 0,
  cf: false, // it would ask Cloudflare where this machine is
  modulesRoot: dirname(worker),
  modules: [{ type: 'ESModule', path: worker }],
  bindings: JSON.parse(bindings),
  compatibilityDate: '2026-07-01',
  log: new Log(LogLevel.WARN),
})
console.log(`port ${(await host.ready).port}`)
for await (const _ of process.stdin);
await host.dispose()
