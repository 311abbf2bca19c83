// Start-up, each time in a new process or a new page. Two figures in Node: all of it, from the import on; and, in Node
// and in Chromium, what is the library's own: from having the bytes (fetching or reading them excluded) to a first
// context, which is compiling, instantiating, and OpenSSL's initialisation; and to a client's first handshake, with node:tls as its server.

import { execFile, execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as tls from 'node:tls'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { median, row } from './measure.js'
import { credentials } from './peers.js'

const ROUNDS = 9
/** Without these it looks for updates in the background, at the time of what is measured. */
const CHROMIUM_ARGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync',
]
/** Times to be reached, from having the bytes to the first context, and to the end of the first handshake. */
const WANTED_MS = { context: 20, handshake: 45 }
const core = new URL('../dist/core.js', import.meta.url)
const wasm = new URL('../lib/libssl-wasm/libssl.wasm', import.meta.url)

const whole = `const t = performance.now(); const { load, SslCtx } = await import(${JSON.stringify(core.href)});
  new SslCtx(await load(), 'TLS_client_method'); console.log(performance.now() - t)`
const own = `const { load, SslCtx } = await import(${JSON.stringify(core.href)});
  const wasm = (await import('node:fs')).readFileSync(new URL(${JSON.stringify(wasm.href)}));
  const t = performance.now(); new SslCtx(await load({ wasm }), 'TLS_client_method'); console.log(performance.now() - t)`
const handshake = (port: number) =>
  `const { connect, load } = await import(${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)});
  const wasm = (await import('node:fs')).readFileSync(new URL(${JSON.stringify(wasm.href)}));
  const socket = (await import('node:net')).connect(${port}, '127.0.0.1'); await new Promise((resolve) => socket.once('connect', resolve));
  const t = performance.now();
  await connect(socket, { servername: 'localhost', ca: process.env.LIBSSL_WASM_BENCH_CA, libssl: await load({ wasm }) }).opened;
  console.log(performance.now() - t); process.exit()`
const theirs =
  `const t = performance.now(); const tls = await import('node:tls'); `
    + `tls.createSecureContext({ ca: [] }); console.log(performance.now() - t)`

const ms = (value: number) => `${value.toFixed(1)} ms`

export async function startUp(): Promise<void> {
  const run = (code: string) => Number(execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' }))
  const [all, bytes, node]: [number[], number[], number[]] = [[], [], []]
  for (let i = 0; i < ROUNDS; i++) {
    all.push(run(whole))
    bytes.push(run(own))
    node.push(run(theirs))
  }
  row('start-up: import, load, first context (new process)', ms(median(all)), ms(median(node)), median(all) / median(node), '')
  report(`start-up in Node ${process.versions.node}: bytes to first context`, bytes, WANTED_MS.context)
  report(`start-up in Node ${process.versions.node}: bytes to first handshake`, await firstHandshakes(), WANTED_MS.handshake)
  const pages = await inChromium()
  if (pages) report('start-up in Chromium: bytes to first context', pages, WANTED_MS.context)
  else console.log('start-up in Chromium: not measured: playwright-core or Chromium is missing (tools/install-runtimes.sh)')
}

/** The best of the rounds stands beside the median: on a machine that does other things it is the truer one. */
function report(what: string, times: readonly number[], wantedMs: number): void {
  console.log(
    `${what.padEnd(58)} ${ms(median(times)).padStart(14)} ${`best ${ms(Math.min(...times))}`.padStart(14)} `
      + `${''.padStart(8)}  < ${wantedMs} ms`,
  )
}

async function firstHandshakes(): Promise<number[]> {
  const server = tls.createServer({ cert: credentials.cert, key: credentials.key }, (socket) => socket.on('error', () => {}))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const code = handshake((server.address() as AddressInfo).port)
  const env = { ...process.env, LIBSSL_WASM_BENCH_CA: credentials.ca }
  const times: number[] = []
  for (let i = 0; i < ROUNDS; i++) {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], { env })
    times.push(Number(stdout))
  }
  server.close()
  return times
}

interface Playwright {
  readonly chromium: { launch(options: object): Promise<{ newPage(): Promise<Page>; close(): Promise<void> }> }
}
interface Page {
  goto(url: string, options: object): Promise<unknown>
  evaluate(code: string): Promise<unknown>
  close(): Promise<void>
}

async function inChromium(): Promise<number[] | undefined> {
  const driver = new URL('../test/runtimes/node_modules/playwright-core/index.mjs', import.meta.url).href
  const playwright = await import(driver).catch(() => undefined) as Playwright | undefined
  const executablePath = '/usr/bin/chromium'
  const browser = await playwright?.chromium.launch({ executablePath, args: CHROMIUM_ARGS }).catch(() => undefined)
  if (!browser) return undefined

  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(core)], bundle: true, format: 'esm', write: false, conditions: ['browser'], logLevel: 'error',
  })
  const bodies: Readonly<Record<string, { type: string; body: string | Uint8Array }>> = {
    '/': { type: 'text/html', body: '<!doctype html><title>start-up</title>' },
    '/core.js': { type: 'text/javascript', body: outputFiles[0]!.contents },
    '/libssl.wasm': { type: 'application/wasm', body: readFileSync(wasm) },
  }
  const server = createServer((request, response) => {
    const found = bodies[request.url ?? '']
    response.writeHead(found ? 200 : 404, { 'content-type': found?.type ?? 'text/plain' }).end(found?.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const times: number[] = []
  try {
    for (let i = 0; i < ROUNDS; i++) {
      const page = await browser.newPage() // a profile of its own: nothing is cached
      // The browser's own work for a new page is over by then, most of which is in other processes.
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { waitUntil: 'networkidle' })
      times.push(await page.evaluate(`(async () => {
        const { load, SslCtx } = await import('/core.js')
        const wasm = await (await fetch('/libssl.wasm')).arrayBuffer()
        const t = performance.now()
        new SslCtx(await load({ wasm }), 'TLS_client_method')
        return performance.now() - t
      })()`) as number)
      await page.close()
    }
  } finally {
    await browser.close()
    server.closeAllConnections()
    server.close()
  }
  return times
}
