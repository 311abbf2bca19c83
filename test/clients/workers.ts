// The column of edge workers: each client bundled by wrangler with the configuration that docs/node.md shows, and run in workerd.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Program } from '../conformance/program.js'
import type { Project } from '../conformance/runtimes/project.js'
import { workerdCommand } from '../conformance/runtimes/workerd.js'
import { documented } from '../helpers/documented.js'
import { buildWorker } from '../helpers/wrangler.js'
import type { Column, KitData, Outcome } from './column.js'
import { describe } from './show-each.js'
import type { Shown } from './show.js'
import type { Told } from './worker.js'

/** How long one thing that is shown may take; worker.ts gives up before that. */
const PATIENCE_MS = 120_000

export function workerColumn(name: string, lacks: NonNullable<Column['lacks']>): Column {
  return {
    name,
    lacks,
    async start(project) {
      const directory = project.path('workers')
      mkdirSync(directory)
      await project.compileEach(['test/clients/worker.ts'])
      writeFileSync(join(directory, 'wrangler.toml'), documented('wrangler.toml'))
      return { run: (client, kit) => runWorker(project, directory, client, kit) }
    },
  }
}

async function runWorker(project: Project, directory: string, client: string, kit: KitData): Promise<Outcome> {
  writeFileSync(join(directory, `${client}.js`), `import ours from 'libssl-wasm/node/tls'
import { clientWorker } from '../worker.js'
import { shows } from '../${client}.js'

export default clientWorker(shows, ours)
`)
  const shown: Shown[] = []
  let worker: Program | undefined
  try {
    await buildWorker(directory, client, `${client}.js`)
    worker = new Program(workerdCommand(join(directory, client), `${client}.js`, { compatibilityFlags: ['nodejs_compat'] }))
    const [, url] = await worker.printed(/^listens at (\S+)$/m)
    for (;;) {
      const response = await fetch(
        new URL(`/${shown.length}`, url), { method: 'POST', body: JSON.stringify(kit), signal: AbortSignal.timeout(PATIENCE_MS) },
      )
      if (response.status === 404) return { shown }
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
      const { unhandled, ...one } = await response.json() as Told
      shown.push(one)
      if (unhandled.length > 0) throw new Error(`nobody has caught\n${unhandled.join('\n')}`)
    }
  } catch (error) {
    return { shown, crashed: `${describe(error)}\n${worker?.output ?? ''}` }
  } finally {
    await worker?.end()
  }
}
