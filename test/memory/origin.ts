// The two servers of the memory test: one that gives the page, and one that gives the download, by TLS.

import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createServer as createTlsServer } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { onTestFinished } from 'vitest'
import type { KeyPair } from '../helpers/certificates.js'
import { listening } from '../interop/peers/tcp.js'
import { patternAt } from './pattern.js'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Serves a page that runs page.ts; returns its origin. */
export async function startPageServer(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [here('./page.ts')], bundle: true, format: 'esm', platform: 'browser', target: 'es2022', write: false, logLevel: 'silent',
  })
  const files = new Map<string | undefined, readonly [type: string, body: Uint8Array | string]>([
    ['/', [
      'text/html', '<!doctype html><title>download</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>',
    ]],
    ['/page.js', ['text/javascript', outputFiles[0]!.contents]],
    ['/libssl-wasm/libssl.wasm', ['application/wasm', await readFile(here('../../lib/libssl-wasm/libssl.wasm'))]],
  ])
  const server = createServer(({ url }, response) => {
    const [type, body] = files.get(url) ?? ['text/plain', 'there is no such page\n']
    response.writeHead(files.has(url) ? 200 : 404, { 'content-type': type }).end(body)
  })
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${await listening(server)}`
}

export interface DownloadServer {
  readonly port: number
  /** What was sent of the last client's, as plaintext: to the system, but for a block or two. */
  readonly sentBytes: number
}

/** Gives each client as many bytes as it asks for in a line, as fast as it takes them, then close_notify. Node's own TLS. */
export async function startDownloadServer({ cert, key }: KeyPair): Promise<DownloadServer> {
  let sentBytes = 0
  const server = createTlsServer({ cert, key }, (socket) => {
    socket.once('data', (line: Buffer) => {
      sentBytes = 0
      // A client that goes away tells the test itself.
      pipeline(Readable.from(blocks(Number(line), (size) => { sentBytes += size })), socket).catch(() => {})
    })
    socket.on('error', () => {})
  })
  onTestFinished(() => void server.close())
  return { port: await listening(server), get sentBytes() { return sentBytes } }
}

function* blocks(bytes: number, onSent: (size: number) => void): Generator<Uint8Array> {
  for (let at = 0; at < bytes;) {
    const block = patternAt(at).subarray(0, Math.min(64 * 1024, bytes - at))
    yield block
    at += block.byteLength
    onSent(block.byteLength)
  }
}
