// `libssl-wasm/node/tls` upon the sockets of workerd, as a worker gets it by the configuration that docs/node.md shows; and what the
// platform's own `node:tls` refuses, without it.

import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as nodeTls from 'node:tls'
import { expect, it, onTestFinished, vi } from 'vitest'
import { authority, localhost } from '../helpers/certificates.js'
import { documented } from '../helpers/documented.js'
import { installed, node22, runNode } from '../helpers/installed.js'
import { project } from '../helpers/project.js'
import { buildWorker, wranglerHome } from '../helpers/wrangler.js'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 }) // other people's programs, on a machine that may be busy

const worker = `
import net from 'node:net'
import tls from 'node:tls'
import { duplexPair } from 'node:stream'

/** All that a socket tells until it is closed; what can be told of an error is its code. */
function told(socket) {
  const events = []
  socket.on('secureConnect', () => events.push('secureConnect')).on('error', ({ code = 'no code' }) => events.push(code))
  return new Promise((resolve) => socket.on('close', () => { events.push('close'); resolve(events) }))
}

const shows = {
  async trusts({ port, ca }) {
    const socket = tls.connect({ host: '127.0.0.1', port, servername: 'localhost', ca })
    socket.on('secureConnect', () => socket.end())
    return await told(socket.resume())
  },

  async unverified({ port }) {
    const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
    socket.on('secureConnect', () => socket.end())
    return await told(socket.resume())
  },

  async refused({ closedPort }) {
    return await told(tls.connect({ host: '127.0.0.1', port: closedPort }))
  },

  /** Each writes until the server resets the connection, or is seen to end it. */
  async reset({ port, ca }) {
    return await Promise.all(Array.from({ length: 20 }, () => {
      const socket = tls.connect({ host: '127.0.0.1', port, servername: 'localhost', ca })
      const write = () => socket.write('reset', (error) => { if (!error) setTimeout(write) })
      socket.on('secureConnect', write)
      return told(socket.resume())
    }))
  },

  async server({ cert, key, ca }) {
    const [one, other] = duplexPair()
    const server = tls.createServer({ cert, key }, (socket) => socket.pipe(socket))
    server.emit('connection', one)
    const socket = tls.connect({ socket: other, servername: 'localhost', ca })
    socket.end('hello')
    let text = ''
    for await (const chunk of socket) text += chunk
    return text
  },
}

export default {
  async fetch(request) {
    const { show, ...place } = await request.json()
    try {
      return Response.json(await shows[show](place))
    } catch (error) {
      return Response.json('throws ' + error.code)
    }
  },
}
`

/** Builds the worker with this configuration; resolves to what asks it. */
async function built(config: string): Promise<(show: string) => Promise<unknown>> {
  const directory = await project({ 'src/index.js': worker, 'wrangler.toml': config })
  await buildWorker(directory, 'dist')
  const { ca } = authority
  const { cert, key } = localhost
  const server = nodeTls.createServer({ cert, key })
  const sockets: { resetAndDestroy(): unknown; remotePort?: number | undefined }[] = []
  server.on('connection', (socket) => sockets.push(socket))
  server.on('secureConnection', (socket) => {
    const { remotePort } = socket
    socket.on('error', () => {}).on('data', () => sockets.find((one) => one.remotePort === remotePort)?.resetAndDestroy())
    socket.on('end', () => socket.end())
  })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const place = { port: (server.address() as AddressInfo).port, closedPort: await closedPort(), ca: ca.cert, cert, key }
  const runner = fileURLToPath(new URL('./run-worker.mjs', import.meta.url))
  return async (show) => {
    const [answer] = (await runNode(installed(node22), [
      runner, installed('miniflare/dist/src/index.js'), join(directory, 'dist'), 'index.js', JSON.stringify({ show, ...place }), 'nodejs_compat',
    ], directory, wranglerHome(directory))).split('\n') // what workerd logs stands behind it
    return JSON.parse(answer!)
  }
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

it('tls in workerd behaves as in Node: private CA, rejectUnauthorized, errors before close, a server by hand', async () => {
  const ask = await built(documented('wrangler.toml'))
  expect(await ask('trusts')).toEqual(['secureConnect', 'close'])
  expect(await ask('unverified')).toEqual(['secureConnect', 'close'])
  expect(await ask('refused')).toEqual([expect.any(String), 'close'])
  for (const events of await ask('reset') as string[][]) {
    expect(events.join()).toMatch(/^secureConnect,((ECONNRESET|EPIPE),)?close$/)
  }
  expect(await ask('server')).toBe('hello')
})

it("workerd's own node:tls refuses a private CA and rejectUnauthorized: false", async () => {
  const ask = await built(documented('wrangler.toml').replace(/^alias .*$/m, ''))
  expect(await ask('trusts')).toEqual(expect.not.arrayContaining(['secureConnect']))
  expect(await ask('unverified')).toBe('throws ERR_OPTION_NOT_IMPLEMENTED')
})
