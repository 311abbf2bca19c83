// The first example of docs/node.md: shown as it is, and run. test/conformance runs it in other runtimes, too.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { authority, localhost } from '../helpers/certificates.js'
import { startOpensslServer } from '../interop/peers/openssl.js'
import { Peer } from '../interop/peers/process.js'

const repo = join(import.meta.dirname, '../..')

it('docs/node.md shows its example as it is', () => {
  const [, name, code] = /<!-- example: (\S+) -->\n```js\n(.*?)```/s.exec(readFileSync(join(repo, 'docs/node.md'), 'utf8'))!
  expect(code).toBe(readFileSync(join(repo, name!), 'utf8'))
})

it('examples/node-tls.mjs asks for a page, and says why it has none', async () => {
  const { port } = await startOpensslServer(localhost, 'TLSv1.3')
  const run = (...more: string[]) => Peer.start('node', ['examples/node-tls.mjs', 'localhost', String(port), ...more])
  const client = await run(authority.ca.certFile)
  expect(await client.exited).toBe(0)
  expect(client.stdout.toString()).toMatch(/^TLSv1\.3 TLS_\w+ true\nHTTP\/1\.0 200 ok/)
  const refused = await run()
  await refused.printed(/^UNABLE_TO_VERIFY_LEAF_SIGNATURE /m)
})
