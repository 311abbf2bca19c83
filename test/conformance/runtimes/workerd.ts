// workerd, the runtime of Cloudflare's workers, through miniflare.

import { fileURLToPath } from 'node:url'
import { ask, byNpm, fromNpm } from './installed.js'
import { findNode } from './node.js'
import type { RuntimeDriver } from './runtime.js'

export const workerd: RuntimeDriver = {
  name: 'workerd',
  contexts: [''],
  async find() {
    const miniflare = fromNpm('miniflare/dist/src/index.js')
    const node = findNode(22) ?? findNode(24) // what miniflare asks for
    const program = fromNpm('.bin/workerd')
    if (!miniflare || !node || !program) return { missing: byNpm }
    return {
      version: await ask(node, program, '--version'),
      async prepare(project) {
        await project.compile('workerd')
        // As wrangler does.
        await project.bundle('workerd.js', 'workerd-bundle.js', { conditions: ['workerd', 'worker', 'browser'] })
      },
      command: (project, hostUrl, session) =>
        [node, fileURLToPath(new URL('./drive-workerd.mjs', import.meta.url)), miniflare, project.directory, 'workerd-bundle.js', hostUrl, session],
    }
  },
}
