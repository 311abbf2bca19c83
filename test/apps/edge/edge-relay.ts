// The relay as an edge worker, in workerd: the file that users deploy, bundled as they would.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const installed = (path: string) => join(root, 'test/runtimes/node_modules', path)

export interface EdgeRelay {
  readonly url: string
  /** What the relay has logged. */
  readonly log: Record<string, unknown>[]
  close(): Promise<void>
}

export async function startEdgeRelay(bindings: Record<string, string>): Promise<EdgeRelay> {
  const directory = mkdtempSync(join(tmpdir(), 'libssl-wasm-edge-'))
  const worker = join(directory, 'worker.mjs')
  await build({
    entryPoints: [join(root, 'examples/relay-worker.mjs')],
    alias: { 'libssl-wasm/relay/worker': join(root, 'src/apps/relay/worker.ts') },
    bundle: true, format: 'esm', outfile: worker, external: ['cloudflare:sockets'], conditions: ['workerd'], logLevel: 'error',
  })
  // miniflare asks for Node 22.
  const node = Number(process.versions.node.split('.')[0]) >= 22
    ? process.execPath : installed(`node22-${process.platform}-${process.arch}/bin/node`)
  const miniflare = installed('miniflare/dist/src/index.js')
  for (const file of [node, miniflare]) if (!existsSync(file)) throw new Error(`${file} is missing: tools/install-runtimes.sh installs it`)
  const child = spawn(
    node, [join(root, 'test/apps/edge/serve.mjs'), miniflare, worker, JSON.stringify(bindings)], { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const log: Record<string, unknown>[] = []
  const exited = once(child, 'exit')
  const port = await new Promise<number>((resolve, reject) => {
    child.once('exit', (status) => reject(new Error(`the worker's host ended with ${status}`)))
    createInterface(child.stdout).on('line', (line) => {
      const found = /^port (\d+)$/.exec(line)?.[1]
      if (found) resolve(Number(found))
      else if (line.startsWith('{')) log.push(JSON.parse(line) as Record<string, unknown>)
    })
  })
  return {
    url: `ws://127.0.0.1:${port}`,
    log,
    async close() {
      child.stdin.end()
      await exited
      rmSync(directory, { recursive: true })
    },
  }
}
