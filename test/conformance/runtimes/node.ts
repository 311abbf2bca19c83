// Node: the machine's own, or from npm.

import { ask, byNpm, fromNpm, platform } from './installed.js'
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
    }
  },
})
