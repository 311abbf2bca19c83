// The examples of pages, built by Vite as docs/pages.md says, and run in Chromium.

import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import tls from 'node:tls'
import { expect, it, onTestFinished, vi } from 'vitest'
import { localhost } from '../helpers/certificates.js'
import { runInstalled } from '../helpers/installed.js'
import { project } from '../helpers/project.js'
import { until } from '../helpers/streams.js'
import { startStunnel } from '../interop/peers/stunnel.js'
import { serveTcp } from '../interop/peers/tcp.js'
import { visit } from './page.js'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 }) // other people's programs, on a machine that may be busy

const repository = join(import.meta.dirname, '../..')
const example = (name: string) => readFileSync(join(repository, 'examples', name), 'utf8')
const runner = `import('./example.js').then(
  () => console.log('result ' + JSON.stringify(document.body.textContent)), (error) => console.log('failed ' + error.stack))`

const vites = [['vite', ''], ['vite-oldest', "export default { build: { target: 'es2022' } }"]] as const

it.each(['page.mjs', 'page-worker.mjs'].flatMap((name) => vites.map(([vite, config]) => [name, vite, config] as const)))(
  'examples/%s, built by %s, fetches a page, and gives the relay its place back', async (name, vite, config) => {
    const { result, relay } = await visit(await build(name, vite, config))
    expect(result).toMatch(/^\s*TLSv1\.3 TLS_\w+ \S+\s+HTTP\/1\.0 200 ok/)
    await until(() => relay.connections === 0)
  })

it.each(vites)('examples/page-imap.mjs, built by %s, shows what the server greets with, and gives the relay its place back',
    async (vite, config) => {
  const server = tls.createServer({ cert: localhost.cert, key: localhost.key }, (socket) => {
    socket.on('error', () => {}) // the page hangs up
    socket.write('* OK IMAP4rev1 here\r\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { result, relay } = await visit(await build('page-imap.mjs', vite, config), { port: (server.address() as AddressInfo).port })
  expect(result).toMatch(/^\s*TLSv1\.3 TLS_\w+ \S+: \* OK IMAP4rev1 here$/)
  await until(() => relay.connections === 0)
})

it.each(vites)('examples/page-starttls.mjs, built by %s, goes on as TLS, and gives the relay its place back', async (vite, config) => {
  const backend = await serveTcp((socket) => {
    socket.on('error', () => {}) // the page hangs up
    socket.write('* OK ready\r\n')
    socket.on('data', (chunk) => { if (chunk.includes('a2 CAPABILITY')) socket.write('* CAPABILITY IMAP4rev1 IDLE\r\na2 OK done\r\n') })
  })
  const { port } = await startStunnel('imap', localhost, backend)
  const { result, relay } = await visit(await build('page-starttls.mjs', vite, config), { port })
  expect(result).toMatch(/^\s*TLSv1\.3 TLS_\w+ \S+: \* CAPABILITY IMAP4rev1 IDLE$/)
  await until(() => relay.connections === 0)
})

it('the page of docs/pages.md that has no bundler', async () => {
  const [, html] = /```html\n(<!-- index\.html, with .*?)```/s.exec(readFileSync(join(repository, 'docs/pages.md'), 'utf8'))!
  const directory = await project({
    'index.html': html!.replace('src="main.js"', 'src="runner.js"'),
    'runner.js': runner,
    'example.js': example('page.mjs'),
    'inline.js': readFileSync(join(repository, 'dist/inline.js'), 'utf8'),
  })
  const { result } = await visit(directory) // the text of the import map stands before it
  expect(result).toMatch(/\s+TLSv1\.3 TLS_\w+ \S+\s+HTTP\/1\.0 200 ok/)
})

/** The directory that Vite has written. */
async function build(name: string, vite: string, config: string): Promise<string> {
  const directory = await project({
    'index.html': '<!doctype html><title>example</title><body><script type="module" src="/src/index.js"></script>',
    'src/index.js': runner,
    'src/example.js': example(name),
    ...(config && { 'vite.config.js': config }),
  })
  await runInstalled(`${vite}/bin/vite.js`, ['build'], directory)
  return join(directory, 'dist')
}
