// `tsx versions.ts NAME ...`: those measurements of run.ts under this Node, then under the newest that
// tools/install-runtimes.sh has installed for the tests.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const run = fileURLToPath(new URL('run.ts', import.meta.url))
const newer = fileURLToPath(new URL(`../test/runtimes/node_modules/node24-${process.platform}-${process.arch}/bin/node`, import.meta.url))

for (const node of [process.execPath, newer]) {
  if (!existsSync(node)) {
    console.log('Node 24 is not installed for the tests: run tools/install-runtimes.sh')
    continue
  }
  const { status } = spawnSync(node, ['--expose-gc', '--import', import.meta.resolve('tsx'), run, ...process.argv.slice(2)], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
  console.log()
}
