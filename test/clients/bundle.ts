// The clients as pages load them: bundled by Vite with the configuration that docs/node.md shows, in a project that has them, the
// package and the polyfills as npm installs them.

import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from '../conformance/runtimes/installed.js'
import type { Project } from '../conformance/runtimes/project.js'
import { dependenciesOfPackage } from '../helpers/dependencies.js'
import { documented } from '../helpers/documented.js'
import { installed, runInstalled, runNode } from '../helpers/installed.js'

/** What nobody has caught ends a run, also before its modules are there. */
const html = `<!doctype html>
<meta charset="utf-8">
<title>client</title>
<script>
  const told = '/told/' + new URL(location.href).searchParams.get('run')
  const tell = (why) => fetch(told, { method: 'POST', body: JSON.stringify({ crashed: 'uncaught: ' + why + (why?.stack ?? '') }) })
  addEventListener('error', ({ message, error }) => void tell(error ?? message))
  addEventListener('unhandledrejection', ({ reason }) => void tell(reason))
</script>
<script type="module" src="/src/main.js"></script>
`

let made: Promise<string> | undefined

/** Bundles the clients, once for all browsers; resolves to the folder of the page. */
export function makeBundle(project: Project, clients: readonly string[]): Promise<string> {
  made ??= make(project, clients)
  return made
}

async function make(project: Project, clients: readonly string[]): Promise<string> {
  const directory = project.path('pages')
  const modules = join(directory, 'node_modules')
  mkdirSync(modules, { recursive: true })
  // Copies, not links: a bundler sees through those.
  await runNode('cp', ['-r', `${join(repository, 'test/clients/node_modules')}/.`, modules], directory)
  cpSync(project.path('node_modules/libssl-wasm'), join(modules, 'libssl-wasm'), { recursive: true })
  for (const name of dependenciesOfPackage()) cpSync(join(repository, 'node_modules', name), join(modules, name), { recursive: true })
  for (const name of ['util', 'vite-plugin-node-polyfills']) symlinkSync(installed(name), join(modules, name))
  await project.compileEach(['test/clients/page.ts', ...clients.map((name) => `test/clients/clients/${name}.ts`)], 'pages/src')
  const files = {
    'package.json': JSON.stringify({ private: true, type: 'module' }),
    'vite.config.js': documented('vite.config.js for every client'),
    'src/node.js': documented('src/node.js'),
    'index.html': html,
    'src/main.js': `import './node.js'
import { runInPage } from './page.js'
await runInPage({ ${clients.map((name) => `${name}: () => import('./${name}.js')`).join(', ')} })
`,
  }
  for (const [path, text] of Object.entries(files)) writeFileSync(join(directory, path), text)
  await runInstalled('vite/bin/vite.js', ['build'], directory)
  return join(directory, 'dist')
}
