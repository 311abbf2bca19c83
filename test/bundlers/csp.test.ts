// A page whose policy forbids everything but its own scripts, WebAssembly, and what it must reach.

import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { runInstalled } from '../helpers/installed.js'
import { app, connected, visit, workerApp } from './page.js'
import { project } from '../helpers/project.js'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 }) // other people's programs, on a machine that may be busy

const CSP = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' ws://127.0.0.1:*"

async function bundled(from: string, source = app(from)): Promise<string> {
  const directory = await project({ 'src/index.js': source })
  await runInstalled('esbuild/bin/esbuild', ['src/index.js', '--bundle', '--format=esm', '--outfile=dist/app.js'], directory)
  if (from === 'libssl-wasm') {
    cpSync(join(directory, 'node_modules/libssl-wasm/lib/libssl-wasm'), join(directory, 'dist/libssl-wasm'), { recursive: true })
  }
  return join(directory, 'dist')
}

it.each([
  'libssl-wasm', 'libssl-wasm/inline',
])('%s connects under a strict policy, and the browser has nothing to complain about', async (from) => {
  const { result, complaints } = await visit(await bundled(from), { script: '/app.js', csp: CSP })
  expect(result).toEqual(connected)
  expect(complaints).toEqual([])
})

it('the policy is in force: without wasm-unsafe-eval nothing is compiled', async () => {
  const forbidden = visit(await bundled('libssl-wasm'), { script: '/app.js', csp: CSP.replace(" 'wasm-unsafe-eval'", '') })
  await expect(forbidden).rejects.toThrow(/failed InternalError.*'wasm-unsafe-eval'/)
})

it('a server that sends the .wasm with another type costs the streaming alone', async () => {
  const { result, complaints } = await visit(
    await bundled('libssl-wasm'), { script: '/app.js', csp: CSP, wasmType: 'application/octet-stream' },
  )
  expect(result).toEqual(connected)
  expect(complaints).toEqual([])
})

it('a worker that worker-src forbids fails its connections, the later ones too, and the error says what to look at', async () => {
  const source = workerApp("{ worker: '/worker.js' }").replace('async function main() {', `async function main() {
  const first = connect(new WebSocket(new URLSearchParams(location.search).get('tunnel')), { servername: 'localhost', ca: 'x' })
  await first.closed.catch(() => {})`)
  const forbidden = visit(await bundled('libssl-wasm/worker', source), { script: '/app.js', csp: `${CSP}; worker-src 'none'` })
  await expect(forbidden).rejects.toThrow(/failed InternalError: cannot load the worker's script.*docs\/bundlers\.md/)
})
