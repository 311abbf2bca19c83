// examples/http-server.mjs with Node's own client, and with curl.

import { once } from 'node:events'
import https from 'node:https'
import { join } from 'node:path'
import tls from 'node:tls'
import { expect, it } from 'vitest'
import { authority, localhost } from '../helpers/certificates.js'
import { Peer } from '../interop/peers/process.js'

const repo = join(import.meta.dirname, '../..')

it('examples/http-server.mjs answers one request after the other upon a connection that is kept, and uploads', async () => {
  const server = await Peer.start('node', ['examples/http-server.mjs', localhost.certFile, localhost.keyFile], { cwd: repo })
  const [, port] = await server.printed(/^(\d+)$/m)
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1, ca: authority.ca.cert })
  const reused: boolean[] = []
  for (const path of ['/one', '/two']) {
    const request = https.request({ agent, port, host: 'localhost', path, method: 'POST' }).end('x'.repeat(200_000))
    const [response] = await once(request, 'response') as [AsyncIterable<Buffer>]
    let text = ''
    for await (const chunk of response) text += chunk.toString()
    expect(text).toBe(`you asked for ${path}\n`)
    reused.push(request.reusedSocket)
  }
  expect(reused).toEqual([false, true])
  agent.destroy()
  const curl = await Peer.start(
    'curl', ['-sS', '--cacert', authority.ca.certFile, `https://localhost:${port}/a`, `https://localhost:${port}/b`],
  )
  expect(await curl.end()).toBe(0)
  expect(curl.stdout.toString()).toBe('you asked for /a\nyou asked for /b\n')
})

const whole = { headersTimeout: 50, requestTimeout: 50, connectionsCheckingInterval: 50 }
it.each([
  ['sends nothing', '', whole], ['sends half a request', 'GET / HT', whole],
  ['keeps an idle connection', 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', { keepAliveTimeout: 50 }],
])('examples/http-server.mjs ends a client that %s, by the limits of node:http', async (_, sent, limits) => {
  const shorten = `import http from 'node:http'
    const { createServer } = http
    http.createServer = (listener) => createServer(${JSON.stringify(limits)}, listener)`
  const server = await Peer.start('node', [
    '--import', `data:text/javascript,${encodeURIComponent(shorten)}`, 'examples/http-server.mjs', localhost.certFile, localhost.keyFile,
  ], { cwd: repo })
  const [, port] = await server.printed(/^(\d+)$/m)
  const socket = tls.connect({ port: Number(port), host: 'localhost', ca: authority.ca.cert })
  socket.on('error', () => {}).resume().write(sent) // it may be cut
  await new Promise((resolve) => socket.on('close', resolve))
})
