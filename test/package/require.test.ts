// require() of the installed package. A Node before 20.19 cannot require() modules: there libssl-wasm/node/tls is a file of its own.

import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { authority, localhost } from '../helpers/certificates.js'
import { installed, oldestNode, runNode } from '../helpers/installed.js'
import { project } from '../helpers/project.js'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

let directory: string
beforeAll(async () => { directory = await project({}) })

/** What a CommonJS program of the project prints. */
async function run(node: string, program: string): Promise<unknown> {
  writeFileSync(join(directory, 'program.cjs'), program)
  return JSON.parse(await runNode(node, ['program.cjs'], directory))
}

const nodes = [
  ['Node 20.18', () => installed(oldestNode), 'dist/node/tls.cjs'], ['this Node', () => process.execPath, 'dist/node/tls/module-sync.js'],
] as const

it.each(nodes)('libssl-wasm/node/tls is served and connected by require() in %s', async (_, node, file) => {
  const told = await run(node(), `
    const tls = require('libssl-wasm/node/tls')
    const { once } = require('node:events')
    const { relative } = require('node:path')
    const { ca, cert, key } = ${JSON.stringify({ ca: authority.ca.cert, cert: localhost.cert, key: localhost.key })}
    const told = {
      file: relative('node_modules/libssl-wasm', require.resolve('libssl-wasm/node/tls')), roots: tls.rootCertificates.length > 100 }
    const server = tls.createServer({ cert, key }, (socket) => socket.pipe(socket)).listen(0, '127.0.0.1', async () => {
      const socket = tls.connect({ port: server.address().port, host: '127.0.0.1', servername: 'localhost', ca })
      await once(socket, 'secureConnect')
      told.protocol = socket.getProtocol()
      socket.end('to and fro')
      told.echo = ''
      for await (const chunk of socket) told.echo += chunk
      server.close()
      const refused = tls.connect({ port: 1, host: '127.0.0.1' })
      const [{ code }] = await once(refused, 'error')
      console.log(JSON.stringify({ ...told, authorized: socket.authorized, code }))
    })
  `)
  expect(told).toEqual({ file, roots: true, echo: 'to and fro', protocol: 'TLSv1.3', authorized: true, code: 'ECONNREFUSED' })
})

it('libssl-wasm/node/tls is imported in Node 20.18, and connects to node:tls', async () => {
  const server = createServer(localhost, (request, response) => response.end(request.url)).listen(0, '127.0.0.1')
  onTestFinished(() => { server.close() })
  await once(server, 'listening')
  const told = await run(installed(oldestNode), `
    import('libssl-wasm/node/tls').then(async ({ default: tls, connect }) => {
      const socket = connect({ port: ${(server.address() as AddressInfo).port}, host: '127.0.0.1', servername: 'localhost',
        ca: ${JSON.stringify(authority.ca.cert)} })
      socket.write('GET /there HTTP/1.0\\r\\n\\r\\n')
      let text = ''
      for await (const chunk of socket) text += chunk
      console.log(JSON.stringify([tls.connect === connect, text.split('\\r\\n\\r\\n')[1]]))
    })
  `)
  expect(told).toEqual([true, '/there'])
})

it('the other entries say to a require() in Node 20.18 that they are modules', async () => {
  expect(await run(installed(oldestNode), `
    const codes = ['libssl-wasm', 'libssl-wasm/core', 'libssl-wasm/worker'].map((entry) => {
      try { require(entry) } catch ({ code }) { return code }
    })
    console.log(JSON.stringify(codes))
  `)).toEqual(['ERR_REQUIRE_ESM', 'ERR_REQUIRE_ESM', 'ERR_REQUIRE_ESM'])
})
