// The examples of docs/worker-mode.md. That of a page runs in Chromium: test/bundlers/examples.test.ts.

import { join } from 'node:path'
import { expect, it } from 'vitest'
import { authority, localhost } from '../helpers/certificates.js'
import { startOpensslServer } from '../interop/peers/openssl.js'
import { Peer } from '../interop/peers/process.js'

const repo = join(import.meta.dirname, '../..')

it('examples/node-worker.mjs fetches the page of openssl s_server, and ends', async () => {
  const { port } = await startOpensslServer(localhost, 'TLSv1.3')
  const example = await Peer.start('node', ['examples/node-worker.mjs', 'localhost', String(port), authority.ca.certFile], { cwd: repo })
  expect(await example.end()).toBe(0)
  expect(example.log).toMatch(/^TLSv1\.3 TLS_CHACHA20_POLY1305_SHA256 \S+\nHTTP\/1\.0 200 ok/)
})
