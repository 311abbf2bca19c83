// An edge worker, built by wrangler as for deploying, and run in workerd: it connects over cloudflare:sockets to a
// server with a private CA that asks for a client certificate. The platform's own TLS can do neither.

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, vi } from 'vitest'
import { authority, localhost } from '../helpers/certificates.js'
import { startOpensslServer } from '../interop/peers/openssl.js'
import { installed, node22, runNode } from '../helpers/installed.js'
import { project, wasmFiles } from '../helpers/project.js'
import { buildWorker, wranglerHome } from '../helpers/wrangler.js'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 }) // other people's programs, on a machine that may be busy

const worker = (from: string) => `
import { connect as connectTcp } from 'cloudflare:sockets'
import { connect, load } from '${from}'

const libssl = await load() // while the worker starts: no random bytes are to be had there, and none are needed

export default {
  async fetch(request) {
    const { port, ca, cert, key } = await request.json()
    const socket = connectTcp({ hostname: '127.0.0.1', port }, { secureTransport: 'off', allowHalfOpen: true })
    try {
      const tls = connect(socket, { servername: 'localhost', ca, cert, key, libssl })
      const { protocol, verifyResult } = await tls.opened
      const writer = tls.writable.getWriter()
      await writer.write(new TextEncoder().encode('GET / HTTP/1.0\\r\\n\\r\\n'))
      writer.releaseLock()
      const page = await new Response(tls.readable).text()
      await tls.close()
      await tls.closed
      return Response.json({ protocol, verifyResult, status: page.split('\\r\\n')[0] })
    } catch (error) {
      return Response.json({ failed: error.stack })
    }
  },
}
`

it.each([
  'libssl-wasm', 'libssl-wasm/inline',
])('wrangler: what it would deploy of %s connects in workerd, with a private CA and a client certificate', async (from) => {
  const directory = await project({
    'worker.js': worker(from), 'wrangler.toml': 'name = "app"\nmain = "worker.js"\ncompatibility_date = "2026-01-01"\n',
  })
  await buildWorker(directory, 'dist')
  expect(wasmFiles(join(directory, 'dist'))).toHaveLength(1)

  const { peer, port } = await startOpensslServer(
    localhost, 'TLSv1.3', ['-www', '-Verify', '1', '-CAfile', authority.ca.certFile, '-verify_return_error'],
  )
  const { cert, key } = authority.leaf({ name: 'edge worker' })
  const runner = fileURLToPath(new URL('./run-worker.mjs', import.meta.url))
  const answer = await runNode(installed(node22), [runner, installed('miniflare/dist/src/index.js'), join(directory, 'dist'), 'worker.js',
    JSON.stringify({ port, ca: authority.ca.cert, cert, key })], directory, wranglerHome(directory))
  expect(JSON.parse(answer)).toEqual({ protocol: 'TLSv1.3', verifyResult: 'X509_V_OK', status: 'HTTP/1.0 200 ok' })
  await peer.printed(/depth=0 CN = edge worker\s+verify return:1/)
})
