// A client that was written for Node alone, in CommonJS as npm's are, bundled with `net` and `tls` in place of Node's as docs/node.md says,
// and its output run in Chromium and workerd: it reaches its server through our relay, over a plain socket first, as STARTTLS does,
// and by tls.connect() alone.

import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, vi } from 'vitest'
import { authority, localhost } from '../helpers/certificates.js'
import { documented } from '../helpers/documented.js'
import { installed, node22, runInstalled, runNode } from '../helpers/installed.js'
import { project } from '../helpers/project.js'
import { buildWorker, wranglerHome } from '../helpers/wrangler.js'
import { startOpensslServer } from '../interop/peers/openssl.js'
import { visit } from './page.js'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 }) // other people's programs, on a machine that may be busy

/** Of a client from npm: nothing in it knows of this package. */
const client = `
const net = require('net')
const { EventEmitter } = require('node:events')
const util = require('util')
const { isPromise } = require('util/types')

class Client extends EventEmitter {
  constructor(config) {
    super()
    this.config = config
    this.text = ''
    this.socket = config.plainFirst ? new net.Socket() : undefined
  }

  connect() {
    const { host, port, ...options } = this.config
    const tls = require('node:tls')
    if (!this.socket) return this.follow(tls.connect({ host, port, ...options }))
    this.socket.setNoDelay(true).on('error', (error) => this.emit('error', error))
    this.socket.connect(port, host, () => this.follow(tls.connect({ socket: this.socket, ...options })))
  }

  follow(secure) {
    secure.once('secureConnect', () => {
      this.protocol = secure.getProtocol()
      this.authorized = secure.authorized && secure instanceof require('tls').TLSSocket && isPromise(Promise.resolve())
      secure.write(Buffer.from('GET / HTTP/1.0\\r\\n\\r\\n'))
    })
    secure.on('data', (chunk) => { this.text += chunk.toString('latin1') })
    secure.on('error', (error) => this.emit('error', error))
    secure.on('close', () => process.nextTick(() => this.emit('close')))
  }
}

exports.get = util.promisify((config, done) => {
  const client = new Client(config)
  client.on('error', done)
  client.on('close', () => done(null, { protocol: client.protocol, authorized: client.authorized, status: client.text.split('\\r\\n')[0] }))
  client.connect()
})
`

const answer = { protocol: 'TLSv1.3', authorized: true, status: 'HTTP/1.0 200 ok' }

/** The user's page. */
const page = `
import { setDialer, tunnelDialer } from 'libssl-wasm/node/net'
import { ready } from 'libssl-wasm/node/tls'
import client from 'a-client'

async function main() {
  const tunnel = new URL(new URLSearchParams(location.search).get('tunnel'))
  setDialer(tunnelDialer(tunnel.origin === 'null' ? 'ws://' + tunnel.host : tunnel.origin))
  await ready()
  const [host, port] = tunnel.pathname.slice(1).split(':')
  const config = { host, port: Number(port), servername: 'localhost', ca: await (await fetch('/ca.pem')).text() }
  return [await client.get(config), await client.get({ ...config, plainFirst: true })]
}

main().then((result) => console.log('result ' + JSON.stringify(result)), (error) => console.error('failed ' + error.stack))
`

const html = '<!doctype html><title>app</title><script type="module" src="/src/index.js"></script>'

/** The project, with what its configuration imports from npm. */
async function app(config: string, packages: readonly string[], files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await project({
    'src/index.js': page, [config]: documented(config), 'node_modules/a-client/index.js': client,
    'node_modules/a-client/package.json': '{ "name": "a-client", "version": "1.0.0" }', ...files,
  })
  for (const name of packages) {
    const path = join(directory, 'node_modules', name)
    if (name.includes('/')) await runNode('mkdir', ['-p', join(path, '..')], directory)
    symlinkSync(installed(name), path)
  }
  return directory
}

const vites = ['vite-oldest', 'vite']
const polyfills = ['vite-plugin-node-polyfills', 'util']

it.each(vites)('%s: the build of a client for Node connects', async (vite) => {
  const directory = await app('vite.config.js', polyfills, { 'index.html': html })
  await runInstalled(`${vite}/bin/vite.js`, ['build'], directory)
  expect((await visit(join(directory, 'dist'))).result).toEqual([answer, answer])
})

it('webpack: the build of a client for Node connects', async () => {
  const directory = await app('webpack.config.js', ['webpack', 'node-stdlib-browser'], {})
  await runInstalled('webpack-cli/bin/cli.js', ['build', '--mode', 'production'], directory)
  expect((await visit(join(directory, 'dist'), { script: '/main.js' })).result).toEqual([answer, answer])
})

it('esbuild: the build of a client for Node connects', async () => {
  const directory = await app('build.js', ['esbuild', 'node-stdlib-browser'], {})
  await runNode(process.execPath, ['build.js'], directory)
  expect((await visit(join(directory, 'dist'), { script: '/app.js' })).result).toEqual([answer, answer])
})

it('Rollup: the build of a client for Node connects', async () => {
  const plugins = ['alias', 'commonjs', 'inject', 'node-resolve'].map((name) => `@rollup/plugin-${name}`)
  const directory = await app('rollup.config.js', ['node-stdlib-browser', ...plugins], {})
  await runInstalled('rollup/dist/bin/rollup', ['--config'], directory)
  await runNode('cp', ['-r', 'node_modules/libssl-wasm/lib/libssl-wasm', 'dist/'], directory)
  expect((await visit(join(directory, 'dist'), { script: '/app.js' })).result).toEqual([answer, answer])
})

const worker = `
import client from 'a-client'

export default {
  async fetch(request) {
    const config = await request.json()
    try {
      return Response.json([await client.get(config), await client.get({ ...config, plainFirst: true })])
    } catch (error) {
      return Response.json({ failed: error.stack })
    }
  },
}
`

/** Builds a worker as docs/node.md says, asks it once, and gives its answer. */
async function runWorker(code: string, body: string, bindings: object = {}): Promise<string> {
  const directory = await app('wrangler.toml', [], { 'src/index.js': code })
  await buildWorker(directory, 'dist')
  const home = { ...wranglerHome(directory), BINDINGS: JSON.stringify(bindings) }
  const runner = fileURLToPath(new URL('./run-worker.mjs', import.meta.url))
  return runNode(
    installed(node22), [runner, installed('miniflare/dist/src/index.js'), join(directory, 'dist'), 'index.js', body, 'nodejs_compat'],
    directory, home,
  )
}

it('wrangler: a client for Node connects in workerd, with a private CA', async () => {
  const { port } = await startOpensslServer(localhost, 'TLSv1.3')
  const config = { host: '127.0.0.1', port, servername: 'localhost', ca: authority.ca.cert }
  expect(JSON.parse(await runWorker(worker, JSON.stringify(config)))).toEqual([answer, answer])
})

it("wrangler: docs/node.md's worker shows its client certificate", async () => {
  const { port } = await startOpensslServer(
    localhost, 'TLSv1.3', ['-www', '-Verify', '1', '-verify_return_error', '-CAfile', authority.ca.certFile],
  )
  const bindings = { HOST: '127.0.0.1', PORT: String(port), CA: authority.ca.cert, CERT: localhost.cert, KEY: localhost.key }
  expect(await runWorker(documented('worker.js'), '', bindings)).toMatch(/^HTTP\/1\.0 200 ok/)
})
