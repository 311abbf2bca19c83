// OpenSSL's own recipes with programs in WebAssembly, beside the same for this machine. Run by `npm run openssl-tests [RECIPE...]`.
//
// The programs have the product's kernels and cuts (kept.list says which not). What comes of a recipe must be what comes of it natively,
// unless reasons.txt says why not: then it must be otherwise, and no other test may fail than the reason names. A recipe that fails
// because of a cut must end as natively where nothing is cut: it is run a second time with such programs. Logs are in build/openssl-tests.
// With LIBSSL_WASM_KERNELS=off the kernels are left out. What came of the native programs is kept beside them.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readReasons, type Reason } from './reasons.js'
import { programsOf, recipesOf, runRecipes, type Result } from './run.js'

const logs = fileURLToPath(new URL('../../build/openssl-tests/', import.meta.url))
const start = performance.now()
const reasons = readReasons()
const asked = process.argv.slice(2)
const native = build('native')
const all = recipesOf(native)
const unknown = asked.filter((name) => !all.includes(name))
if (unknown.length > 0) throw new Error(`there is no recipe ${unknown.join(', ')}`)
const names = asked.length > 0 ? asked : all

const beside = await nativeResults()
names.sort((a, b) => beside.get(b)!.seconds - beside.get(a)!.seconds) // the longest first, so that none is waited for at the end
const results = await run('wasm', names, asked.length > 0 ? programsOf(native, asked) : [])
const different = names.filter((name) => fallsShort(results.get(name)!, name))
const uncut = await runUncut(different.filter((name) => reasons.get(name)?.every(({ isCut }) => !isCut) !== true))
writeFileSync(join(logs, 'results.json'), JSON.stringify(Object.fromEntries(names.map((name) => (
  [name, { wasm: results.get(name), uncut: uncut.get(name), native: beside.get(name) }]))), undefined, 1))

const wrong = [...names.flatMap(judge), ...[...reasons.keys()].filter((name) => !all.includes(name)).map((name) => (
  `${name}: reasons.txt names it, and there is no such recipe`))]
for (const line of wrong) console.log(line)
const excused = different.filter((name) => judge(name).length === 0)
const byCuts = excused.filter((name) => reasons.get(name)!.some(({ isCut }) => isCut))
console.log(`openssl-tests: ${counts(results)} (by reasons.txt ${excused.length - byCuts.length} fall short for what WebAssembly has not, `
  + `${byCuts.length} for what is cut; ${wrong.length} otherwise); native: ${counts(beside)}; `
  + `tests within them: about ${passes(results)} passed; native: ${passes(beside)}; `
  + `${Math.ceil((performance.now() - start) / 60_000)} min, ${Math.ceil(processorSeconds() / 60)} of a processor's`)
process.exitCode = wrong.length > 0 ? 1 : 0

function build(kind: 'wasm' | 'uncut' | 'native', programs: readonly string[] = []): string {
  const script = fileURLToPath(new URL('build.sh', import.meta.url))
  return execFileSync(script, [kind, ...programs], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim()
}

function run(kind: 'wasm' | 'uncut' | 'native', recipes: readonly string[], programs: readonly string[]): Promise<Map<string, Result>> {
  const tree = build(kind, programs)
  return runRecipes(tree, recipes, join(logs, kind), availableParallelism(), (name, result) => (
    console.error(`${kind} ${name}: ${inWords(result)}, ${result.seconds} s`)))
}

async function runUncut(recipes: readonly string[]): Promise<Map<string, Result>> {
  return recipes.length === 0 ? new Map() : await run('uncut', recipes, programsOf(native, recipes))
}

/** A few lines may be broken (see readTap), but not one in ten. */
function fallsShort(result: Result, name: string): boolean {
  const other = beside.get(name)!
  return result.state === 'failed' || result.state !== other.state || result.passes < other.passes * 0.9
}

/** What is wrong with what came of a recipe. */
function judge(name: string): string[] {
  const listed = reasons.get(name) ?? []
  const [result, whole] = [results.get(name)!, uncut.get(name)]
  const said = `${name}: ${inWords(result)}; natively ${inWords(beside.get(name)!)}`
  const inList = listed.map(({ words }) => words).join('; ')
  if (!fallsShort(result, name)) return listed.length === 0 ? [] : [`${said}; but reasons.txt says: ${inList}`]
  const hint = whole === undefined ? '' : `; without cuts ${inWords(whole)}`
  if (listed.length === 0 || othersThan(listed, result).length > 0) return [said + hint]
  const unused = listed.filter(({ mayFail }) => mayFail && !result.failed.some((test) => mayFail.test(test)))
  if (unused.length > 0) return [`${said}; but of these reasons none of its tests failed: ${unused.map(({ words }) => words).join('; ')}`]
  if (whole === undefined) return []
  const machine = listed.filter(({ isCut }) => !isCut)
  const isFromCuts = machine.length > 0 ? othersThan(machine, whole).length === 0 : !fallsShort(whole, name)
  return isFromCuts ? [] : [`${said}; and what is cut is not why: without cuts ${inWords(whole)}`]
}

function othersThan(listed: readonly Reason[], { failed }: Result): string[] {
  return failed.filter((test) => !listed.some(({ mayFail, isCut }) => mayFail?.test(test) ?? isCut))
}

function inWords({ state, passes: some, why, failed }: Result): string {
  const told = failed.length > 20 ? [...failed.slice(0, 20), `and ${failed.length - 20} more`] : failed
  const details = [why, failed.length > 0 ? `failed: ${told.join('; ')}` : ''].filter((words) => words !== '')
  return `${state}, ${some} tests passed${details.length > 0 ? ` (${details.join('; ')})` : ''}`
}

function counts(of: ReadonlyMap<string, Result>): string {
  const states = [...of.values()].map(({ state }) => state)
  return (['passed', 'failed', 'skipped'] as const).map((state) => `${states.filter((one) => one === state).length} ${state}`).join(', ')
}

/** Of all programs that were run from here: what another load of this machine would not change. */
function processorSeconds(): number {
  const [user, system] = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]!.split(' ').slice(13, 15).map(Number) as [number, number]
  return (user + system) / 100
}

function passes(of: ReadonlyMap<string, Result>): number {
  return [...of.values()].reduce((sum, result) => sum + result.passes, 0)
}

/** Of `names`; those that were not run before are run. */
async function nativeResults(): Promise<Map<string, Result>> {
  mkdirSync(logs, { recursive: true })
  const file = join(native, 'results.json')
  const kept = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as Record<string, Result> : {}
  const known = new Map(Object.entries(kept))
  const missing = names.filter((name) => !known.has(name))
  for (const [name, result] of missing.length > 0 ? await run('native', missing, []) : []) known.set(name, result)
  if (missing.length > 0) writeFileSync(file, JSON.stringify(Object.fromEntries(known), undefined, 1))
  return new Map(names.map((name) => [name, known.get(name)!]))
}
