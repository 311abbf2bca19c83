// examples/http-server.mjs with Node's own client, and with curl.

import { once } from 'node:events'
import https from 'node:https'
import { join } from 'node:path'
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
