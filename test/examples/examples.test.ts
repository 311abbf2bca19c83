import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CertificateAuthority } from '../../tools/certificates.js'
import { startServer, type DemoServer } from '../../tools/demo/server.js'

const repo = join(import.meta.dirname, '../..')
const pages = ['README.md', ...readdirSync(join(repo, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)]
  .map((page) => ({ page, text: readFileSync(join(repo, page), 'utf8') }))
const examples = pages.flatMap(({ page, text }) => [...text.matchAll(/<!-- example: (\S+) -->\n```js\n(.*?)```/gs)]
  .map((match) => ({ page, file: match[1]!, code: match[2]! })))

function run(command: string, ...args: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: repo, stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => { stdout += chunk.toString() })
    child.stderr.on('data', (chunk: Buffer) => { stderr += chunk.toString() })
    child.once('error', reject)
    child.once('close', (status) => resolve({ status, stdout, stderr }))
  })
}

describe('the examples of README.md and docs/', () => {
  const authority = new CertificateAuthority()
  let server: DemoServer

  beforeAll(async () => { server = await startServer(authority.leaf()) })
  afterAll(() => server.stop())

  it.each(examples)('$page shows $file as it is', ({ file, code }) => {
    expect(code).toBe(readFileSync(join(repo, file), 'utf8'))
  })

  it('stand in a README of 180 lines at most', () => {
    expect(pages[0]!.text.split('\n').length - 1).toBeLessThanOrEqual(180)
  })

  it('stand where a task is told', () => {
    const shown = Object.fromEntries(
      pages.map(({ page }) => [page, examples.filter((one) => one.page === page).map(({ file }) => file.slice('examples/'.length))]),
    )
    expect(shown).toMatchObject({
      'README.md': ['page-imap.mjs', 'node-tls.mjs'],
      'docs/algorithms-and-keys.md': ['algorithms.mjs'],
      'docs/client-certificates.md': ['client-certificates.mjs', 'node-client-certificates.mjs'],
      'docs/connecting.md': ['connect.mjs', 'deno.mjs', 'bun.mjs', 'worker.mjs'],
      'docs/contexts.md': ['contexts.mjs'],
      'docs/core.md': ['handshake-by-hand.mjs'],
      'docs/encrypted-client-hello.md': ['ech.mjs'],
      'docs/inspecting.md': ['inspecting.mjs'],
      'docs/migrate.md': ['bytes.mjs'],
      'docs/node.md': ['node-tls.mjs'],
      'docs/open-connections.md': ['exporter.mjs', 'ends.mjs'],
      'docs/pages.md': ['page-imap.mjs', 'page-starttls.mjs', 'page.mjs'],
      'docs/relay.md': ['tunnel.mjs'],
      'docs/server-callbacks.md': ['server-callbacks.mjs'],
      'docs/servers.md': ['node-server.mjs', 'http-server.mjs'],
      'docs/sessions.md': ['sessions.mjs'],
      'docs/starttls.md': ['starttls.mjs', 'imap.mjs', 'postgres.mjs'],
      'docs/trust.md': ['trust.mjs'],
      'docs/wisp.md': ['wisp.mjs', 'wisp-server.mjs'],
      'docs/worker-mode.md': ['page-worker.mjs', 'node-worker.mjs'],
    })
  })

  it('are all that there are: a page names each file of examples/', () => {
    expect(readdirSync(join(repo, 'examples')).filter((file) => !pages.some(({ text }) => text.includes(`examples/${file}`)))).toEqual([])
  })

  it('examples/connect.mjs fetches the page of openssl s_server', async () => {
    const { status, stdout, stderr } = await run('node', 'examples/connect.mjs', 'localhost', String(server.port), authority.ca.certFile)
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^TLSv1\.3 TLS_CHACHA20_POLY1305_SHA256 /)
    expect(stdout).toMatch(/HTTP\/1\.0 200 ok/)
    expect(status).toBe(0)
  })

  it('examples/bytes.mjs does so over two streams of its own', async () => {
    const { status, stdout, stderr } = await run('node', 'examples/bytes.mjs', 'localhost', String(server.port), authority.ca.certFile)
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^TLSv1\.3 TLS_CHACHA20_POLY1305_SHA256\nHTTP\/1\.0 200 ok/)
    expect(status).toBe(0)
  })

  it('examples/handshake-by-hand.mjs prints each result of SSL_connect', async () => {
    const { status, stdout, stderr } = await run(
      'node', 'examples/handshake-by-hand.mjs', 'localhost', String(server.port), authority.ca.certFile,
    )
    expect(stderr).toBe('')
    const lines = stdout.trimEnd().split('\n')
    expect(lines[0]).toMatch(/^SSL_connect: -1 SSL_ERROR_WANT_READ, \d+ bytes to send$/)
    expect(lines.at(-2)).toMatch(/^SSL_connect: 1 SSL_ERROR_NONE, \d+ bytes to send$/)
    expect(lines.at(-1)).toMatch(/^TLSv1\.3 TLS_AES_256_GCM_SHA384 /)
    expect(status).toBe(0)
  })
})

describe('the demonstration', () => {
  const demo = (...args: string[]) => run(join(repo, 'node_modules/.bin/tsx'), 'tools/demo/main.ts', ...args)

  it('prints a line for each step and exits 0', async () => {
    const { status, stdout, stderr } = await demo()
    expect(stderr).toBe('')
    for (const line of [
      /^SSL_connect +-1 +SSL_ERROR_WANT_READ +[1-9]\d* bytes to send, +0 received$/m, /^SSL_connect +1 +SSL_ERROR_NONE /m,
      /^protocol +TLSv1\.3$/m, /^cipher suite +TLS_/m, /^group +\S/m, /^certificate +CN=localhost/m, /^verification +X509_V_OK/m,
      /^page +HTTP\/1\.0 200 ok$/m, /^SSL_read +0 +SSL_ERROR_ZERO_RETURN/m, /^SSL_shutdown +1 +SSL_ERROR_NONE/m, /^close +clean/m,
    ]) expect(stdout).toMatch(line)
    expect(status).toBe(0)
  })

  it('exits 1 and says why when the server is not one to trust', async () => {
    const authority = new CertificateAuthority('a CA that no platform knows')
    const server = await startServer(authority.leaf())
    try {
      const { status, stderr } = await demo(`localhost:${server.port}`)
      expect(stderr).toMatch(/CertificateError/)
      expect(status).toBe(1)
    } finally {
      await server.stop()
    }
  })

  it('exits 1 and says why when nobody listens', async () => {
    const { status, stderr } = await demo('localhost:1')
    expect(stderr).toMatch(/502|ECONNREFUSED/)
    expect(status).toBe(1)
  })
})
