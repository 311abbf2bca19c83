// What a run of the suite in all runtimes came to: for build/conformance.json, and as a table for people.

import type { Outcome } from './run-context.js'
import type { Result } from './suite/collector.js'

export interface RuntimeResults {
  readonly name: string
  readonly version?: string
  /** How to get it, if it is not here. */
  readonly missing?: string
  readonly contexts: readonly (Outcome & { readonly context: string })[]
}

/**
 * Prints the table, what failed, what is missing, and the closing line; returns how many failed. `lastWord` is asked if
 * none has, and says what else is wrong.
 */
export function printResults(all: readonly RuntimeResults[], missingFails: boolean, lastWord: () => string | undefined): number {
  const rows =
    all.flatMap(({ name, contexts }) => contexts.map((run) => ({ label: run.context ? `${name}, ${run.context}` : name, ...run })))
  const groups = [...new Set(rows.flatMap(({ results }) => results.map(({ group }) => group)))]
  const lacks: string[] = []
  const cells = rows.map(({ label, results, crashed }) => [label, ...groups.map((group) => {
    const own = results.filter((result) => result.group === group)
    return own.length === 0 ? (crashed === undefined ? '–' : '✗') : cell(own, lacks)
  })])
  const header = ['', ...groups.map((_, index) => String.fromCharCode(65 + index))]
  const widths = header.map((_, column) => Math.max(...[header, ...cells].map((row) => row[column]!.length)))
  for (const row of [header, ...cells]) console.log(row.map((text, column) => text.padEnd(widths[column]!)).join('  ').trimEnd())
  console.log('')
  for (const [index, group] of groups.entries()) console.log(`${header[index + 1]}  ${group}`)
  for (const [index, reason] of lacks.entries()) console.log(`(${index + 1})  no: ${reason}`)

  let passed = 0
  let failed = 0
  for (const { label, results, crashed } of rows) {
    for (const { group, name, passed: ok, error = '' } of results) {
      if (ok) passed++
      else {
        failed++
        console.log(`\n✗ ${label}: ${group} › ${name}\n  ${error.trim().replace(/\n/g, '\n  ')}`)
      }
    }
    if (crashed !== undefined) {
      failed++
      console.log(`\n✗ ${label} did not come to the end of the suite: ${crashed.trim().replace(/\n/g, '\n  ')}`)
    }
  }
  for (const { name, missing } of all) {
    if (missing === undefined) continue
    console.log(`\n${name} is missing. ${missing}`)
    if (missingFails) failed++
  }
  const wrong = failed === 0 ? lastWord() : undefined
  if (wrong !== undefined) {
    failed++
    console.log(`\n✗ ${wrong.trim()}`)
  }
  console.log(`\nconformance: ${passed} passed, ${failed} failed`)
  return failed + (passed === 0 ? 1 : 0)
}

/** `✓ 12`, `✗ 2 of 12`, or the number of the reason why it cannot be. */
function cell(results: readonly Result[], lacks: string[]): string {
  const failures = results.filter(({ passed }) => !passed).length
  if (failures > 0) return `✗ ${failures} of ${results.length}`
  const marks = results.flatMap(({ lacks: reason }) => (reason === undefined ? [] : [reason])).map((reason) => {
    if (!lacks.includes(reason)) lacks.push(reason)
    return `(${lacks.indexOf(reason) + 1})`
  })
  const done = results.length - marks.length
  return [...(done > 0 ? [`✓ ${done}`] : ['no']), ...marks].join(' ')
}
