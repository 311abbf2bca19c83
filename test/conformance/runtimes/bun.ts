// Bun: the machine's own, or npm's.

import { onPath } from '../../helpers/on-path.js'
import { nodeExample } from '../examples.js'
import { ask, byNpm, fromNpm } from './installed.js'
import type { RuntimeDriver } from './runtime.js'

const arch = { x64: 'x64', arm64: 'aarch64' }[process.arch as string]

export const bunProgram = () => fromNpm(`@oven/bun-${process.platform}-${arch}/bin/bun`) ?? onPath('bun')

export const bun: RuntimeDriver = {
  name: 'Bun',
  contexts: [''],
  async find() {
    const program = bunProgram()
    if (!program) return { missing: byNpm }
    return {
      version: await ask(program, '--version'),
      prepare: (project) => project.compile('bun'),
      command: (project, hostUrl, session) => [program, project.path('bun.js'), hostUrl, session],
      examples: [{ file: 'bun.mjs', run: (kit) => kit.runClient([program, kit.path]) }, nodeExample([program])],
    }
  },
}
