// A server of the built site, as a host of static files is one: on loopback, below the base that the site was built for.

import { existsSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const html = fileURLToPath(new URL('../../build/site/html/', import.meta.url))
const base = process.env['LIBSSL_WASM_SITE_BASE'] ?? '/'
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.png': 'image/png',
  '.wasm': 'application/wasm', '.json': 'application/json',
}

export interface SiteServer {
  /** With the base. */
  readonly url: string
  /** What was asked for and is not there. */
  readonly missing: readonly string[]
  close(): void
}

export async function serveSite(): Promise<SiteServer> {
  const missing: string[] = []
  const server = createServer(({ url = '/' }, response) => {
    const path = decodeURIComponent(new URL(url, 'http://site').pathname)
    const file = join(html, path.slice(base.length - 1), path.endsWith('/') ? 'index.html' : '')
    const found = path.startsWith(base) && existsSync(file) && statSync(file).isFile()
    if (!found) missing.push(path)
    response.writeHead(found ? 200 : 404, { 'Content-Type': types[extname(file)] ?? 'text/plain' }).end(found ? readFileSync(file) : '')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}${base}`,
    missing,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
