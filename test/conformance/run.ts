// The conformance suite in every runtime that is here: `npx tsx test/conformance/run.ts [RUNTIME…]`.
//
// Writes build/conformance.json, prints a table of runtimes and groups of tests, and at last "conformance: N passed,
// N failed". Exits 1 on a failure. A runtime that is missing is named, with how to get it; with
// LIBSSL_WASM_REQUIRE_ALL_RUNTIMES=1 it is a failure.

import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runExamples } from './examples.js'
import { startHostServer } from './host/host-server.js'
import { repository } from './runtimes/installed.js'
import { Project } from './runtimes/project.js'
import { runtimes } from './runtimes/all.js'
import type { Found, RuntimeDriver } from './runtimes/runtime.js'
import { printResults, type RuntimeResults } from './results.js'
import { runContext } from './run-context.js'

/** Browsers and openssl have threads of their own: more at once only make them wait for each other. */
const AT_ONCE = 2

const wanted = process.argv.slice(2).map((name) => name.toLowerCase().replace(/\s/g, ''))
const chosen = runtimes.filter(({ name }) => wanted.length === 0 || wanted.includes(name.toLowerCase().replace(/\s/g, '')))
if (chosen.length < wanted.length) throw new Error(`there are ${runtimes.map(({ name }) => name.replace(/\s/g, '')).join(', ')}`)

const project = new Project()
await project.make()
const host = await startHostServer(project.directory)
const results: RuntimeResults[] = []
try {
  const waiting = [...chosen.keys()]
  const work = async () => {
    for (let index; (index = waiting.shift()) !== undefined;) {
      const { name } = chosen[index]!
      results[index] = await run(chosen[index]!)
        .catch((error: Error) => ({ name, contexts: [{ context: '', results: [], crashed: error.stack ?? error.message }] }))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
} finally {
  await host.close()
  project.remove()
}

writeFileSync(join(repository, 'build/conformance.json'), JSON.stringify(results, undefined, 1))
const complete = wanted.length === 0 && results.every(({ missing }) => missing === undefined)
const failures = printResults(results, process.env['LIBSSL_WASM_REQUIRE_ALL_RUNTIMES'] === '1', complete ? checkTables : () => undefined)
process.exit(failures > 0 ? 1 : 0)

/** What is wrong with the tables of runtimes, if anything is. */
function checkTables(): string | undefined {
  const { status, stderr } = spawnSync(
    process.execPath, ['--import', 'tsx', join(repository, 'tools/runtime-table.ts'), '--check'], { cwd: repository, encoding: 'utf8' },
  )
  return status === 0 ? undefined : stderr
}

async function run(driver: RuntimeDriver): Promise<RuntimeResults> {
  const { name } = driver
  const found = await driver.find()
  if ('missing' in found) return { name, missing: found.missing, contexts: [] }
  console.error(`${name} (${found.version}) …`)
  const contexts: RuntimeResults['contexts'][number][] = []
  await found.prepare?.(project)
  for (const context of driver.contexts) contexts.push(await runIn(name, found, context))
  const examples = await runExamples(project, host.url, name, found.examples)
  await host.end(`${name}, examples`)
  const memory = await found.memory?.(project, host, name) ?? []
  const [first, ...others] = contexts
  return {
    name, version: contexts.find(({ version }) => version)?.version ?? found.version,
    contexts: [{ ...first!, results: [...first!.results, ...examples, ...memory] }, ...others],
  }
}

async function runIn(name: string, found: Found, context: string): Promise<RuntimeResults['contexts'][number]> {
  const session = context === '' ? name : `${name}, ${context}`
  const start = Date.now()
  const outcome = await runContext(host, session, found.command(project, host.url, session, context), found.environment)
  console.error(`${session}: ${outcome.results.length} tests in ${((Date.now() - start) / 1000).toFixed(1)} s`)
  return { context, ...outcome }
}
