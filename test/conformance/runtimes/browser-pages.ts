// What browsers load: a page and its workers, made once for all of them.
//
// - page: the package as it is installed, module by module, with an import map and no bundler;
// - module worker, classic worker: bundles, since import maps hold for pages only.

import { setTimeout } from 'node:timers/promises'
import type { Example } from '../examples.js'
import type { Project } from './project.js'

/** How long an example's page may take, the browser's start included. */
const PATIENCE_MS = 120_000

export const browserContexts = ['page', 'module worker', 'classic worker'] as const

let made: Promise<void> | undefined

export function makeBrowserPages(project: Project): Promise<void> {
  made ??= make(project)
  return made
}

export function pageUrl(hostUrl: string, session: string, context: string): string {
  return `${hostUrl}/browser.html?${new URLSearchParams({ session, context })}`
}

/** The example of a page: `open` gives the command that opens a URL. */
export function pageExample(open: (url: string) => readonly string[], environment?: Readonly<Record<string, string>>): Example {
  return {
    file: 'page.mjs',
    async run({ host, identities, page, project, running, serve, write }) {
      write('ca.pem', identities.ca)
      write('page.html', `<!doctype html>
<meta charset="utf-8">
<title>example</title>
<script type="importmap">${JSON.stringify(project.importMap(conditions))}</script>
<body>
<script type="module">
  const session = new URL(location.href).searchParams.get('session')
  const say = (text) => fetch('/host/say', { method: 'POST', body: JSON.stringify({ session, text }) })
  await import('./page.mjs').then(() => say(document.body.textContent), (error) => say(String(error)))
</script>
`)
      const port = await serve()
      const target = new URLSearchParams({
        session: host.session, relay: (await host.relay(port)).replace(/\/[^/]*$/, ''), host: '127.0.0.1', port: String(port),
      })
      await running(open(`${host.url}/page.html?${target}`), environment, async (browser) => {
        const text = await Promise.race([
          host.said(), browser.ended, setTimeout(PATIENCE_MS, `nothing within ${PATIENCE_MS} ms`, { ref: false }),
        ])
        if (!page.test(text)) throw new Error(`the page says ${text}\n${browser.output}`)
      })
    },
  }
}

/** What bundlers ask for when they build for a page. */
const conditions = ['browser', 'import', 'module']

async function make(project: Project): Promise<void> {
  await project.compile('browser')
  await project.bundle('browser.js', 'module-worker.js', { conditions })
  await project.bundle('browser.js', 'classic-worker.js', { conditions, format: 'iife' })
  project.write('worker-script.js', "import 'libssl-wasm/worker-script'\n")
  await project.bundle('worker-script.js', 'tls-worker.js', { conditions })
  project.write('browser.html', `<!doctype html>
<meta charset="utf-8">
<title>conformance</title>
<script type="importmap">${JSON.stringify(project.importMap(conditions))}</script>
<script type="module">
  const { searchParams } = new URL(location.href)
  const crashed = (why) =>
    fetch('/report', { method: 'POST', body: JSON.stringify({ session: searchParams.get('session'), crashed: String(why) }) })
  window.onerror = (message) => void crashed(message)
  try {
    const context = searchParams.get('context')
    if (context === 'page') await import('./browser.js')
    else new Worker((context === 'module worker' ? './module-worker.js' : './classic-worker.js') + location.search, {
      type: context === 'module worker' ? 'module' : 'classic',
    }).onerror = ({ message }) => void crashed(message)
  } catch (error) {
    await crashed(error)
  }
</script>
`)
}
