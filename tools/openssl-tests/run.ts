// One recipe of OpenSSL's (test/recipes/*.t), by its own harness, and what came of it.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

export interface Result {
  readonly state: 'passed' | 'failed' | 'skipped'
  /** Tests that passed, those within tests, too. */
  readonly passes: number
  /** Why it was skipped, or did not end. */
  readonly why: string
  /** Tests that failed, those within tests, too. */
  readonly failed: readonly string[]
  readonly seconds: number
}

/** No recipe takes a tenth of this where nothing else is run. */
const MOST_MS = 30 * 60_000

/** As the Makefile's run_tests. */
const environment = (log: string): NodeJS.ProcessEnv => ({
  ...process.env, SRCTOP: '.', BLDTOP: '.', PERL: 'perl', EXE_EXT: '', HARNESS_JOBS: '1', HARNESS_TAP_COPY: log,
})

/** The names of all recipes of `tree`, without those that prepare others. */
export function recipesOf(tree: string): string[] {
  const listed = spawnSync('perl', ['test/run_tests.pl', 'list'], { cwd: tree, env: environment('/dev/null'), encoding: 'utf8' })
  if (listed.status !== 0) throw new Error(`run_tests.pl list failed: ${listed.stderr}`)
  return listed.stdout.split('\n').filter((name) => name.startsWith('test_')).sort()
}

/** The programs that recipes name, and OpenSSL's command line. */
export function programsOf(tree: string, names: readonly string[]): string[] {
  const makefile = readFileSync(join(tree, 'Makefile'), 'utf8')
  const programs = new Set([...makefile.matchAll(/^((?:apps|fuzz|test)\/[\w-]+): .*\.o/gm)].map(([, program]) => program!))
  const recipes = readdirSync(join(tree, 'test/recipes')).filter((file) => names.some((name) => file.endsWith(`-${name}.t`)))
  const words = new Set(recipes.flatMap((file) => readFileSync(join(tree, 'test/recipes', file), 'utf8').match(/[\w-]+/g) ?? []))
  const named = [...words].flatMap((word) => [`test/${word}`, `fuzz/${word}`, `fuzz/${word}-test`])
  return ['apps/openssl', ...named].filter((program) => programs.has(program))
}

export async function runRecipe(tree: string, name: string, logs: string): Promise<Result> {
  mkdirSync(logs, { recursive: true })
  const log = join(logs, `${name}.tap`)
  rmSync(log, { force: true })
  const start = performance.now()
  // A group of its own: what is left of it can be ended with it.
  const child = spawn('perl', ['test/run_tests.pl', name], { cwd: tree, env: environment(log), stdio: 'ignore', detached: true })
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    process.kill(-child.pid!, 'SIGKILL')
  }, MOST_MS)
  const [code] = await once(child, 'exit') as [number | null]
  clearTimeout(timer)
  const told = readTap(existsSync(log) ? readFileSync(log, 'utf8') : '')
  return {
    state: code !== 0 ? 'failed' : told.skipped === undefined ? 'passed' : 'skipped',
    passes: told.passes,
    why: isLate ? 'it did not end' : told.skipped ?? '',
    failed: told.failed,
    seconds: Math.round((performance.now() - start) / 100) / 10,
  }
}

/**
 * What stands before the last heading is of the recipe that prepares others. Tests within tests come as comments; a test of many
 * iterations is named once. Programs write to two streams, which may break a line: a count may be too small by a few.
 */
function readTap(text: string): { skipped: string | undefined; passes: number; failed: string[] } {
  const lines = text.split('# The results of this test will end up in').at(-1)!.split('\n')
  return {
    skipped: lines.flatMap((line) => /^1\.\.0 # SKIP ?(.*)/i.exec(line)?.[1] ?? [])[0],
    passes: lines.filter((line) => /(?<!not )\bok \d+/.test(line) && !/# SKIP/i.test(line)).length,
    failed: lines.flatMap((line) => /\bnot ok \d+ - (.*)/.exec(line)?.[1] ?? [])
      .filter((name) => !/^iteration \d+$|# (SKIP|TODO)/i.test(name)),
  }
}

/** Runs all of `names`, so many at a time. */
export async function runRecipes(
  tree: string, names: readonly string[], logs: string, lanes: number, done: (name: string, result: Result) => void,
): Promise<Map<string, Result>> {
  const results = new Map<string, Result>()
  const waiting = [...names]
  await Promise.all(Array.from({ length: lanes }, async () => {
    for (let name; (name = waiting.shift()) !== undefined;) {
      const result = await runRecipe(tree, name, logs)
      results.set(name, result)
      done(name, result)
    }
  }))
  return results
}
