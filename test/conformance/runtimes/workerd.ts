// workerd, the runtime of Cloudflare's workers, through miniflare.

import { fileURLToPath } from 'node:url'
import { ask, byNpm, fromNpm } from './installed.js'
import { findNode } from './node.js'
import type { RuntimeDriver } from './runtime.js'

const miniflare = fromNpm('miniflare/dist/src/index.js')
const node = findNode(22) ?? findNode(24) // what miniflare asks for

/** Runs a file of the directory as a worker, with `options` of Miniflare's: asks for these paths, or listens if there are none. */
export function workerdCommand(directory: string, file: string, options: object, ...paths: readonly string[]): readonly string[] {
  if (!miniflare || !node) throw new Error(byNpm)
  return [
    node, fileURLToPath(new URL('./drive-workerd.mjs', import.meta.url)), miniflare, directory, file, JSON.stringify(options), ...paths,
  ]
}

export const workerd: RuntimeDriver = {
  name: 'workerd',
  contexts: [''],
  async find() {
    const program = fromNpm('.bin/workerd')
    if (!miniflare || !node || !program) return { missing: byNpm }
    // As wrangler does.
    const conditions = ['workerd', 'worker', 'browser']
    return {
      version: await ask(node, program, '--version'),
      async prepare(project) {
        await project.compile('workerd')
        await project.bundle('workerd.js', 'workerd-bundle.js', { conditions })
      },
      // What one request has made another may not wait for: the first three load at once, each for itself.
      command: (project, hostUrl, session) =>
        workerdCommand(
          project.directory, 'workerd-bundle.js', {}, '/version', '/version', '/version',
          `/?${new URLSearchParams({ url: hostUrl, session })}`,
        ),
      examples: [{
        file: 'worker.mjs',
        async run(kit) {
          const { ca, client } = kit.identities
          await kit.project.bundle('worker.mjs', 'worker-bundle.js', { conditions })
          const bindings = { HOST: '127.0.0.1', PORT: String(await kit.serve(true)), CA: ca, CERT: client.cert, KEY: client.key }
          await kit.running(
            workerdCommand(kit.project.directory, 'worker-bundle.js', { bindings }, '/'), {},
            (worker) => worker.printed(/^200 HTTP\/1\.0 200 ok/m),
          )
        },
      }],
    }
  },
}
