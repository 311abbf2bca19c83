// What a run of the clients came to: for build/clients.json, and as a table for people.

import type { Outcome } from './column.js'

export interface ClientResults {
  readonly client: string
  readonly server: string
  readonly runs: readonly (Outcome & {
    readonly runtime: string
    /** What the server printed, if anything failed. */
    readonly serverLog?: string
  })[]
}

/**
 * Prints the table, what failed, and the closing line; returns how many failed. `lastWord` is asked if none has, and says what else is
 * wrong.
 */
export function printResults(all: readonly ClientResults[], lastWord: () => string | undefined): number {
  let [passed, failed] = [0, 0]
  const runtimes = [...new Set(all.flatMap(({ runs }) => runs.map(({ runtime }) => runtime)))]
  const rows = all.map(({ client, server, runs }) => [client, server, ...runtimes.map((name) => {
    const run = runs.find(({ runtime }) => runtime === name)
    return run ? cell(run) : '–'
  })])
  const table = [['client', 'server', ...runtimes], ...rows]
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)))
  for (const row of table) console.log(row.map((text, column) => text.padEnd(widths[column]!)).join('  ').trimEnd())

  for (const { client, server, runs } of all) {
    for (const { runtime, shown, crashed, serverLog } of runs) {
      for (const { what, through, error } of shown) {
        if (error === undefined) passed++
        else tell(`${client}, ${runtime}${through === undefined ? '' : `, ${through}`}: ${what}`, error)
      }
      if (crashed !== undefined) tell(`${client}, ${runtime}, did not come to its end`, crashed)
      if (serverLog !== undefined) console.log(`\n${server} printed:\n  ${indent(serverLog)}`)
    }
  }
  const wrong = failed === 0 ? lastWord() : undefined
  if (wrong !== undefined) tell('the documentation', wrong)
  console.log(`\nclients: ${passed} passed, ${failed} failed`)
  return failed + (passed === 0 ? 1 : 0)

  function tell(what: string, why: string): void {
    failed++
    console.log(`\n✗ ${what}\n  ${indent(why)}`)
  }
}

/** `✓ 8`, `✗ 2 of 8`, and how many of those that passed are known not to be possible there. */
function cell({ shown, crashed, without }: ClientResults['runs'][number]): string {
  if (without !== undefined) return 'no'
  const failures = shown.filter(({ error }) => error !== undefined).length
  const lacks = shown.filter((one) => one.lacks !== undefined).length
  const outcome = failures > 0 || crashed !== undefined ? `✗ ${failures} of ${shown.length}` : `✓ ${shown.length - lacks}`
  return `${outcome}${crashed === undefined ? '' : ', no end'}${lacks === 0 ? '' : ` (${lacks} not possible)`}`
}

function indent(text: string): string {
  return text.trim().replace(/\n/g, '\n  ')
}
