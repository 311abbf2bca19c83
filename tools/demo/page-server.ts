// Serves the page, on loopback: its files, its script in one piece, the WebAssembly code, the trust anchors and the list
// of targets. Under the strictest content security policy that WebAssembly can live with: no inline code, no eval.

import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { PageDatabase, PageTarget } from './page-target.js'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export interface PageServer {
  readonly port: number
  readonly url: string
  /** From now on the page is served. */
  show(content: PageContent): void
  close(): Promise<void>
}

export interface PageContent {
  /** The one other place that the page may talk to. */
  readonly relayUrl: string
  readonly targets: readonly PageTarget[]
  readonly database: PageDatabase
  /** PEM, by path. */
  readonly anchors: Readonly<Record<string, string>>
}

/** The page's script, with the library as a bundler for browsers takes it, and pg with our `net` and `tls` for Node's (docs/node.md). */
export const bundlePage = (): Promise<Uint8Array> => bundle('./page/main.ts')

/** Another script beside it, as one file. */
export async function bundle(script: string, options: { readonly minify?: boolean } = {}): Promise<Uint8Array> {
  const node = here('./page/node.ts')
  const others = ['util', 'util/types', 'crypto', 'dns', 'fs', 'pgpass']
  const { outputFiles } = await build({
    ...options, entryPoints: [here(script)], bundle: true, format: 'esm', platform: 'browser', target: 'es2022', write: false,
    logLevel: 'silent',
    alias: { net: 'libssl-wasm/node/net', tls: 'libssl-wasm/node/tls', ...Object.fromEntries(others.map((name) => [name, node])) },
    inject: [node], define: { global: 'globalThis' },
    external: ['pg-native'],
  })
  return outputFiles[0]!.contents
}

export async function startPageServer(script: Uint8Array): Promise<PageServer> {
  // With this type it is compiled while it arrives.
  const wasm = { type: 'application/wasm', body: await readFile(here('../../lib/libssl-wasm/libssl.wasm')) }
  const files = new Map<string, { readonly type: string; readonly body: Uint8Array | string }>([
    ['/', { type: 'text/html; charset=utf-8', body: await readFile(here('./page/index.html')) }],
    ['/page.css', { type: 'text/css; charset=utf-8', body: await readFile(here('./page/page.css')) }],
    ['/sql.css', { type: 'text/css; charset=utf-8', body: await readFile(here('./page/sql.css')) }],
    ['/timeline.css', { type: 'text/css; charset=utf-8', body: await readFile(here('./page/timeline.css')) }],
    ['/icon.svg', { type: 'image/svg+xml', body: await readFile(here('./page/icon.svg')) }],
    ['/main.js', { type: 'text/javascript; charset=utf-8', body: script }],
    ['/libssl.wasm', wasm],
    ['/libssl-wasm/libssl.wasm', wasm], // where ready() looks for it, beside the script
  ])
  let policy = "default-src 'none'"

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const path = (request.url ?? '/').split('?')[0]!
    const file = files.get(path)
    const known = file !== undefined && (request.method === 'GET' || request.method === 'HEAD')
    response.writeHead(known ? 200 : file ? 405 : 404, {
      'Content-Type': known ? file.type : 'text/plain; charset=utf-8',
      'Content-Security-Policy': policy,
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'no-store',
    })
    response.end(request.method === 'HEAD' ? undefined : known ? file.body : 'there is no such page\n')
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}/`,
    show({ relayUrl, targets, database, anchors }) {
      policy = ["default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "style-src 'self'", "img-src 'self'",
        `connect-src 'self' ${relayUrl}`, "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"].join('; ')
      files.set('/targets.json', { type: 'application/json', body: JSON.stringify(targets) })
      files.set('/database.json', { type: 'application/json', body: JSON.stringify(database) })
      for (const [path, pem] of Object.entries(anchors)) files.set(path, { type: 'application/x-pem-file', body: pem })
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
