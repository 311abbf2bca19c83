// Deno: the machine's own, or npm's.

import { onPath } from '../../helpers/on-path.js'
import { nodeExample } from '../examples.js'
import { ask, byNpm, fromNpm } from './installed.js'
import type { RuntimeDriver } from './runtime.js'

const arch = { x64: 'x64', arm64: 'arm64' }[process.arch as string]

export const denoProgram = () => fromNpm(`@deno/linux-${arch}-glibc/deno`, `@deno/${process.platform}-${arch}/deno`) ?? onPath('deno')

export const deno: RuntimeDriver = {
  name: 'Deno',
  contexts: [''],
  async find() {
    const program = denoProgram()
    if (!program) return { missing: byNpm }
    const run = [program, 'run', '--allow-net', '--allow-read', '--no-remote', '--quiet']
    return {
      version: (await ask(program, '--version')).replace(/ \(.*/, ''),
      prepare: (project) => project.compile('deno'),
      // Nothing of the registry is asked for: what the program imports lies beside it.
      command: (project, hostUrl, session) =>
        [program, 'run', '--allow-all', '--no-remote', '--quiet', project.path('deno.js'), hostUrl, session],
      environment: { DENO_NO_UPDATE_CHECK: '1' },
      examples: [{ file: 'deno.mjs', run: (kit) => kit.runClient([...run, kit.path]) }, nodeExample(run)],
    }
  },
}
