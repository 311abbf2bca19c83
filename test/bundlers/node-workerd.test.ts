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
    const { asked, ...place } = await request.json()
    const answers = {}
    for (const show of asked) {
      try {
        answers[show] = await shows[show](place)
      } catch (error) {
        answers[show] = 'throws ' + error.code
      }
    }
    return Response.json(answers)
  },
}
`

/** Builds the worker with this configuration; resolves to what it answers, by what it was asked. */
async function answers(config: string, ...asked: readonly string[]): Promise<Record<string, unknown>> {
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
  const said = await runNode(installed(node22), [
    runner, installed('miniflare/dist/src/index.js'), join(directory, 'dist'), 'index.js', JSON.stringify({ asked, ...place }),
    'nodejs_compat',
  ], directory, wranglerHome(directory))
  return JSON.parse(said.split('\n')[0]!) as Record<string, unknown> // what workerd logs stands behind it
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
  const { reset, ...others } = await answers(documented('wrangler.toml'), 'trusts', 'unverified', 'refused', 'reset', 'server')
  expect(others).toEqual({
    trusts: ['secureConnect', 'close'], unverified: ['secureConnect', 'close'], refused: [expect.any(String), 'close'], server: 'hello',
  })
  for (const events of reset as string[][]) expect(events.join()).toMatch(/^secureConnect,((ECONNRESET|EPIPE),)?close$/)
})

it("workerd's own node:tls refuses a private CA and rejectUnauthorized: false", async () => {
  expect(await answers(documented('wrangler.toml').replace(/^alias .*$/m, ''), 'trusts', 'unverified')).toEqual({
    trusts: expect.not.arrayContaining(['secureConnect']), unverified: 'throws ERR_OPTION_NOT_IMPLEMENTED',
  })
})
