// The examples of pages, built by Vite as README says, and run in Chromium.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { runInstalled } from '../helpers/installed.js'
import { project } from '../helpers/project.js'
import { until } from '../helpers/streams.js'
import { visit } from './page.js'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 }) // other people's programs, on a machine that may be busy

const example = (name: string) => readFileSync(join(import.meta.dirname, '../../examples', name), 'utf8')
const runner = `import('./example.js').then(
  () => console.log('result ' + JSON.stringify(document.body.textContent)), (error) => console.log('failed ' + error.stack))`

it.each(['page.mjs', 'page-worker.mjs'].flatMap((name) => [
  [name, 'vite', ''], [name, 'vite-oldest', "export default { build: { target: 'es2022' } }"],
] as const))('examples/%s, built by %s, fetches a page, and gives the relay its place back', async (name, vite, config) => {
  const directory = await project({
    'index.html': '<!doctype html><title>example</title><body><script type="module" src="/src/index.js"></script>',
    'src/index.js': runner,
    'src/example.js': example(name),
    ...(config && { 'vite.config.js': config }),
  })
  await runInstalled(`${vite}/bin/vite.js`, ['build'], directory)
  const { result, relay } = await visit(join(directory, 'dist'))
  expect(result).toMatch(/^\s*TLSv1\.3 TLS_\w+ \S+\s+HTTP\/1\.0 200 ok/)
  await until(() => relay.connections === 0)
})
