import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type DemoServer } from '../../tools/demo/server.js'
import { authority, localhost } from '../helpers/certificates.js'

const repo = join(import.meta.dirname, '../..')

describe('docs/algorithms-and-keys.md', () => {
  let server: DemoServer
  beforeAll(async () => { server = await startServer(localhost) })
  afterAll(() => server.stop())

  it('its example prints what was agreed, and the certificate', async () => {
    const { stdout, stderr } = await promisify(execFile)(
      'node', ['examples/algorithms.mjs', 'localhost', String(server.port), authority.ca.certFile], { cwd: repo },
    )
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^(X25519MLKEM768|secp384r1) TLS_CHACHA20_POLY1305_SHA256 EC 256\nX509 \{\n {2}subject: 'CN=localhost',/)
  })
})
