// A small app, built by each bundler without a configuration for this package, and its output run: it must connect.
// The .wasm is emitted once, as it is; by esbuild and Rollup, which know nothing of assets, it is put beside the output.

import { cpSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { authority } from '../helpers/certificates.js'
import { importInstalled, installed, runInstalled } from '../helpers/installed.js'
import { app, connected, open, visit, workerApp } from './page.js'
import { project, wasmFiles } from '../helpers/project.js'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 }) // other people's programs, on a machine that may be busy

const html = '<!doctype html><title>app</title><script type="module" src="/src/index.js"></script>'

/** What is used of Vite: its types are there only once it is installed. */
interface Vite {
  createServer(config: object): Promise<{ listen(): Promise<unknown>; close(): Promise<void>; httpServer: { address(): { port: number } } }>
}

/** The .wasm is fetched once, from where the bundler has put it. */
function once(requests: readonly string[], wasm: readonly string[]): void {
  expect(requests.filter((path) => path.endsWith('.wasm'))).toEqual(wasm.map((file) => `/${file}`))
}

// The oldest that works, and the newest: their optimizers are others'.
const vites = ['vite-oldest', 'vite']

it.each(vites)('%s: the build connects', async (vite) => {
  const directory = await project({ 'index.html': html, 'src/index.js': app() })
  await runInstalled(`${vite}/bin/vite.js`, ['build'], directory)
  const wasm = wasmFiles(join(directory, 'dist'))
  expect(wasm).toEqual([expect.stringMatching(/^assets\/libssl-.*\.wasm$/)])
  const { result, requests } = await visit(join(directory, 'dist'))
  expect(result).toEqual(connected)
  once(requests, wasm)
})

/** Serves a project as `vite` does, without a configuration; returns its origin. */
async function developed(vite: string, directory: string): Promise<string> {
  const { createServer } = await importInstalled<Vite>(`${vite}/dist/node/index.js`)
  const server = await createServer({ root: directory, configFile: false, logLevel: 'error', server: { host: '127.0.0.1', port: 0 } })
  onTestFinished(() => server.close())
  await server.listen()
  return `http://127.0.0.1:${server.httpServer.address().port}`
}

it.each(vites.flatMap((vite) => [[vite, 'libssl-wasm', app()], [vite, 'libssl-wasm/worker', workerApp()]] as const))(
  '%s: the development server connects, with %s', async (vite, _, script) => {
    const directory = await project({ 'index.html': html, 'src/index.js': script, 'public/ca.pem': authority.ca.cert })
    expect((await open(await developed(vite, directory))).result).toEqual(connected)
  })

it.each(vites)('%s: the development server answers with the page where the .wasm is not, and the error says so, and where',
    async (vite) => {
  const directory = await project({ 'index.html': html, 'src/index.js': app(), 'public/ca.pem': authority.ca.cert })
  rmSync(join(directory, 'node_modules/libssl-wasm/lib/libssl-wasm'), { recursive: true })
  await expect(open(await developed(vite, directory))).rejects
    .toThrow(/failed InternalError: cannot load libssl\.wasm from http:\S+libssl\.wasm: what came is not WebAssembly \(text\/html/)
})

it('webpack: the build connects', async () => {
  const directory = await project({ 'src/index.js': app() })
  await runInstalled('webpack-cli/bin/cli.js', ['build', '--mode', 'production', '--config-node-env', 'production'], directory)
  const wasm = wasmFiles(join(directory, 'dist'))
  expect(wasm).toHaveLength(1)
  const { result, requests } = await visit(join(directory, 'dist'), { script: '/main.js' })
  expect(result).toEqual(connected)
  once(requests, wasm)
})

it.each([
  ['Vite', 'vite/bin/vite.js', ['build']],
  ['Vite (oldest)', 'vite-oldest/bin/vite.js', ['build']],
  ['webpack', 'webpack-cli/bin/cli.js', ['build', '--mode', 'production']],
])('%s: libssl-wasm/worker connects, its script emitted as a chunk of its own', async (name, command, args) => {
  const directory = await project({ 'src/index.js': workerApp(), ...(name !== 'webpack' && { 'index.html': html }) })
  await runInstalled(command, args, directory)
  const { result, requests } = await visit(join(directory, 'dist'), name === 'webpack' ? { script: '/main.js' } : {})
  expect(result).toEqual(connected)
  expect(requests.filter((path) => path.endsWith('.js'))).toHaveLength(2)
  once(requests, wasmFiles(join(directory, 'dist')))
})

it('where the .wasm is missing, the error has its URL; where the worker\'s script is, its own', async () => {
  const outcome = async (script: string) => {
    const directory = await project({ 'src/index.js': script })
    await runInstalled('esbuild/bin/esbuild', ['src/index.js', '--bundle', '--format=esm', '--outfile=dist/app.js'], directory)
    return visit(join(directory, 'dist'), { script: '/app.js' })
  }
  await expect(outcome(app())).rejects
    .toThrow(
      /failed InternalError: cannot load libssl\.wasm from http:\S+\/libssl-wasm\/libssl\.wasm: HTTP status 404; .*docs\/bundlers\.md/,
    )
  await expect(outcome(workerApp())).rejects.toThrow(/failed InternalError: cannot load the worker's script.*docs\/bundlers\.md/)
  await expect(outcome(workerApp("{ worker: '/nowhere.js' }"))).rejects.toThrow(/failed InternalError: .* script \/nowhere\.js/)
})

it('esbuild: the build connects, with the .wasm as a second entry', async () => {
  const directory = await project({ 'src/index.js': app() })
  await runInstalled(
    'esbuild/bin/esbuild',
    ['app=src/index.js', 'libssl-wasm/libssl=libssl-wasm/libssl.wasm', '--bundle', '--format=esm', '--loader:.wasm=copy', '--outdir=dist'],
    directory,
  )
  expect(wasmFiles(join(directory, 'dist'))).toEqual(['libssl-wasm/libssl.wasm'])
  const { result, requests } = await visit(join(directory, 'dist'), { script: '/app.js' })
  expect(result).toEqual(connected)
  once(requests, ['libssl-wasm/libssl.wasm'])
})

it('Rollup with node-resolve: the build connects, with the .wasm copied beside it', async () => {
  const directory = await project({ 'src/index.js': app() })
  await runInstalled(
    'rollup/dist/bin/rollup', ['src/index.js', '--file', 'dist/app.js', '--plugin', installed('@rollup/plugin-node-resolve')], directory,
  )
  cpSync(join(directory, 'node_modules/libssl-wasm/lib/libssl-wasm'), join(directory, 'dist/libssl-wasm'), { recursive: true })
  const { result, requests } = await visit(join(directory, 'dist'), { script: '/app.js' })
  expect(result).toEqual(connected)
  once(requests, ['libssl-wasm/libssl.wasm'])
})

it.each([
  ['Vite', 'vite/bin/vite.js', ['build']],
  ['webpack', 'webpack-cli/bin/cli.js', ['build', '--mode', 'production']],
  ['esbuild', 'esbuild/bin/esbuild', ['src/index.js', '--bundle', '--format=esm', '--outfile=dist/main.js']],
  ['Rollup', 'rollup/dist/bin/rollup', ['src/index.js', '--file', 'dist/main.js', '--plugin', '@rollup/plugin-node-resolve']],
])('%s: libssl-wasm/inline becomes a single script that fetches nothing and connects', async (name, command, args) => {
  const directory = await project({ 'src/index.js': app('libssl-wasm/inline'), ...(name === 'Vite' && { 'index.html': html }) })
  await runInstalled(command, args.map((arg) => (arg.startsWith('@') ? installed(arg) : arg)), directory)
  expect(readdirSync(join(directory, 'dist'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.\w*$/.test(file) && !file.endsWith('.html')))
    .toEqual([expect.stringMatching(/\.js$/)])
  const { result, requests } = await visit(join(directory, 'dist'), name === 'Vite' ? {} : { script: '/main.js' })
  expect(result).toEqual(connected)
  expect(requests).toEqual(['/', expect.stringMatching(/\.js$/), '/ca.pem'])
})
