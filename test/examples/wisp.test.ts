// The two examples of docs/wisp.md, one against the other.

import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { authority, localhost } from '../helpers/certificates.js'
import { startOpensslServer } from '../interop/peers/openssl.js'
import { Peer } from '../interop/peers/process.js'

const repo = join(import.meta.dirname, '../..')

describe('the examples of docs/wisp.md', () => {
  it('fetch two pages of openssl s_server over one WebSocket', async () => {
    const { port } = await startOpensslServer(localhost, 'TLSv1.3')
    const server = await Peer.start('node', ['examples/wisp-server.mjs', `localhost:${port}`], { cwd: repo })
    const [url] = await server.printed(/^ws:\S+$/m)
    const client = await Peer.start('node', ['examples/wisp.mjs', url, 'localhost', String(port), authority.ca.certFile], { cwd: repo })
    expect(await client.end()).toBe(0)
    expect(client.log).toBe('version 2: HTTP/1.0 200 ok HTTP/1.0 200 ok\n')
  })
})
