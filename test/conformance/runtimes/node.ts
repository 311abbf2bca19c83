// Node: the machine's own, or from npm.

import { ask, byNpm, fromNpm, platform } from './installed.js'
import { nodeExample } from '../examples.js'
import type { RuntimeDriver } from './runtime.js'

/** The Node of this major version: this one, or npm's. */
export function findNode(major: number): string | undefined {
  return process.versions.node.startsWith(`${major}.`) ? process.execPath : fromNpm(`node${major}-${platform}/bin/node`)
}

export const node = (major: number): RuntimeDriver => ({
  name: `Node ${major}`,
  contexts: [''],
  async find() {
    const program = findNode(major)
    if (!program) return { missing: byNpm }
    return {
      version: await ask(program, '--version'),
      prepare: (project) => project.compile('node'),
      command: (project, hostUrl, session) => [program, project.path('node.js'), hostUrl, session],
      examples: [
        { file: 'connect.mjs', run: (kit) => kit.runClient([program, kit.path]) },
        nodeExample([program]),
        {
          file: 'node-server.mjs',
          async run(kit) {
            const { cert, key } = kit.identities.ec
            await kit.running([program, kit.path, kit.write('cert.pem', cert), kit.write('key.pem', key)], {}, async (server) => {
              const [port] = await server.printed(/^\d+$/m)
              const client = await kit.host.connect(Number(port), 'TLSv1.3')
              await client.type('is there anybody?\n')
              await client.printed(/^is there anybody\?$/m)
            })
          },
        },
      ],
    }
  },
})
