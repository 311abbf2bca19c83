// The first example of docs/node.md, run. test/conformance runs it in other runtimes, too.

import { expect, it } from 'vitest'
import { authority, localhost } from '../helpers/certificates.js'
import { startOpensslServer } from '../interop/peers/openssl.js'
import { Peer } from '../interop/peers/process.js'

it('examples/node-tls.mjs asks for a page, and says why it has none', async () => {
  const { port } = await startOpensslServer(localhost, 'TLSv1.3')
  const run = (...more: string[]) => Peer.start('node', ['examples/node-tls.mjs', 'localhost', String(port), ...more])
  const client = await run(authority.ca.certFile)
  expect(await client.exited).toBe(0)
  expect(client.stdout.toString()).toMatch(/^TLSv1\.3 TLS_\w+ true\nHTTP\/1\.0 200 ok/)
  const refused = await run()
  await refused.printed(/^UNABLE_TO_VERIFY_LEAF_SIGNATURE /m)
})
