// The examples of docs/worker-mode.md. That of a page runs in Chromium: test/bundlers/examples.test.ts.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { authority, localhost } from '../helpers/certificates.js'
import { startOpensslServer } from '../interop/peers/openssl.js'
import { Peer } from '../interop/peers/process.js'

const repo = join(import.meta.dirname, '../..')

it('docs/worker-mode.md shows its examples as they are', () => {
  const examples = [...readFileSync(join(repo, 'docs/worker-mode.md'), 'utf8').matchAll(/<!-- example: (\S+) -->\n```js\n(.*?)```/gs)]
  expect(examples.map(([, name]) => name)).toEqual(['examples/page-worker.mjs', 'examples/node-worker.mjs'])
  for (const [, name, code] of examples) expect(code).toBe(readFileSync(join(repo, name!), 'utf8'))
})

it('examples/node-worker.mjs fetches the page of openssl s_server, and ends', async () => {
  const { port } = await startOpensslServer(localhost, 'TLSv1.3')
  const example = await Peer.start('node', ['examples/node-worker.mjs', 'localhost', String(port), authority.ca.certFile], { cwd: repo })
  expect(await example.end()).toBe(0)
  expect(example.log).toMatch(/^TLSv1\.3 TLS_CHACHA20_POLY1305_SHA256 \S+\nHTTP\/1\.0 200 ok/)
})
