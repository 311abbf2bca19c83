// Serves what a bundler wrote, opens it in Chromium, and waits for the answer of the app in it: the app fetches a page
// of `openssl s_server` by TLS through our relay.

import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { onTestFailed, onTestFinished } from 'vitest'
import { startRelay, type Relay } from '../../src/apps/relay/relay.js'
import { authority, localhost } from '../helpers/certificates.js'
import { startOpensslServer } from '../interop/peers/openssl.js'
import { importInstalled } from '../helpers/installed.js'
import { onPath } from '../helpers/on-path.js'

/** The user's app. It takes the library from `from`, and tells by the console what came of it. */
export const app = (from = 'libssl-wasm') => appThat(`import { connect } from '${from}'`)

/** The same with OpenSSL in a worker, made with `options` (code). */
export const workerApp = (options = '') => appThat(`
import { createWorker } from 'libssl-wasm/worker'
const { connect } = createWorker(${options})`)

const appThat = (imports: string) => `${imports}

async function main() {
  const ca = await (await fetch('/ca.pem')).text()
  const tls = connect(new WebSocket(new URLSearchParams(location.search).get('tunnel')), { servername: 'localhost', ca })
  const { protocol, verifyResult } = await tls.opened
  await new Response('GET / HTTP/1.0\\r\\n\\r\\n').body.pipeTo(tls.writable, { preventClose: true })
  let page = ''
  await tls.readable.pipeThrough(new TextDecoderStream()).pipeTo(new WritableStream({ write(text) { page += text } }))
  await tls.close()
  await tls.closed
  return { protocol, verifyResult, status: page.split('\\r\\n')[0] }
}

main().then((result) => console.log('result ' + JSON.stringify(result)), (error) => console.error('failed ' + error.stack))
`

/** What the app says when all is well. */
export const connected = { protocol: 'TLSv1.3', verifyResult: 'X509_V_OK', status: 'HTTP/1.0 200 ok' }

export interface Visit {
  readonly result: unknown
  /** What the server was asked for, but for the favicon. */
  readonly requests: readonly string[]
  /** What the browser had to complain about. */
  readonly complaints: readonly string[]
  /** Through which it has connected. */
  readonly relay: Relay
}

export interface VisitOptions {
  /** The path of the page's script: a page is made around it. Default: the directory has an index.html of its own. */
  readonly script?: string
  /** Content-Security-Policy of the page. */
  readonly csp?: string
  /** Content-Type of .wasm. */
  readonly wasmType?: string
  /** Where its server listens, on 127.0.0.1. Default: that of an `openssl s_server` that serves a page. */
  readonly port?: number
}

/** Opens `directory` as a site. */
export async function visit(directory: string, { script, csp, wasmType = 'application/wasm', port }: VisitOptions = {}): Promise<Visit> {
  const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': wasmType }
  const requests: string[] = []
  const server = createServer((request, response) => {
    const path = new URL(request.url!, 'http://localhost').pathname
    if (path === '/favicon.ico') return void response.writeHead(204).end()
    requests.push(path)
    if (path === '/ca.pem') return void response.end(authority.ca.cert)
    if (path === '/' && script !== undefined) {
      response.writeHead(200, { 'content-type': 'text/html', ...(csp && { 'content-security-policy': csp }) })
      return void response.end(`<!doctype html><title>app</title><script type="module" src="${script}"></script>`)
    }
    const file = join(directory, path === '/' ? 'index.html' : path)
    if (!existsSync(file) || !statSync(file).isFile()) return void response.writeHead(404).end()
    response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' })
    createReadStream(file).pipe(response)
  })
  return { ...await open(await listening(server), port), requests }
}

/**
 * Opens a site that is served already, at `origin`. What it needs to connect is in its query, as the pages' examples and {@link app} want
 * it.
 */
export async function open(origin: string, targetPort?: number): Promise<Omit<Visit, 'requests'>> {
  const port = targetPort ?? (await startOpensslServer(localhost, 'TLSv1.3')).port
  const relay = await startRelay({ allow: [`127.0.0.1:${port}`], origins: [origin] })
  onTestFinished(() => relay.close())

  const page = await newPage()
  const complaints: string[] = []
  onTestFailed(() => console.error(complaints))
  const result = new Promise((resolve, reject) => {
    page.on('console', (message) => {
      const text = message.text()
      if (text.startsWith('result ')) resolve(JSON.parse(text.slice('result '.length)))
      else complaints.push(text)
      if (text.startsWith('failed ')) reject(new Error(text))
    })
    page.on('pageerror', reject)
  })
  const { url } = relay
  const query = { tunnel: `${url}/127.0.0.1:${port}`, relay: url, host: '127.0.0.1', port: String(port) }
  await page.goto(`${origin}/?${new URLSearchParams(query)}`)
  return { result: await result, complaints, relay }
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** What is used of playwright-core: its types are there only once it is installed. */
export interface Page {
  goto(url: string, options?: { readonly waitUntil: 'commit' }): Promise<unknown>
  evaluate<T>(expression: string): Promise<T>
  waitForSelector(selector: string, options: { readonly state: 'attached'; readonly timeout: number }): Promise<unknown>
  setInputFiles(selector: string, files: readonly string[]): Promise<void>
  on(event: 'console', listener: (message: { text(): string }) => void): void
  on(event: 'pageerror', listener: (error: Error) => void): void
}
interface Playwright {
  readonly chromium: { launch(options: object): Promise<{ newPage(): Promise<Page>; close(): Promise<void> }> }
}

export async function newPage(): Promise<Page> {
  const executablePath = onPath('chromium')
  if (executablePath === undefined) throw new Error("Chromium is missing: install Debian's package chromium")
  const { chromium } = await importInstalled<Playwright>('playwright-core/index.mjs')
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
      '--disable-sync',
    ],
  })
  onTestFinished(() => browser.close())
  return browser.newPage()
}
