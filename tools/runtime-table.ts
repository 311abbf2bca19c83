// The tables of runtimes, from what the conformance suite has found: `npx tsx tools/runtime-table.ts`.
//
// Reads build/conformance.json and writes what stands between two marks in docs/runtimes.md, and in README.md a line for each
// runtime; with --check it only compares, and exits 1 if a page says something else. Refuses results in which a runtime is missing or a
// test has failed.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { markedPart } from './marked-part.js'
import { runtimes } from '../test/conformance/runtimes/all.js'
import type { RuntimeResults } from '../test/conformance/results.js'

const repository = fileURLToPath(new URL('../', import.meta.url))

const all = JSON.parse(readFileSync(join(repository, 'build/conformance.json'), 'utf8')) as readonly RuntimeResults[]
/** How each runtime connects; those that are missing are browsers. */
const OVER: Readonly<Record<string, string>> = {
  Node: '`net.connect()`, any Duplex', Deno: '`Deno.connect()`', Bun: '`Bun.connect()`', workerd: '`connect()` of `cloudflare:sockets`',
  '': 'WebSockets through a relay, data channels',
}
refuseIncomplete()
for (const [name, text] of [['docs/runtimes.md', table()], ['README.md', shortTable()]] as const) {
  const page = join(repository, name)
  const { old, wanted } = markedPart(page, 'runtimes', 'tools/runtime-table.ts', text)
  if (!process.argv.includes('--check')) writeFileSync(page, wanted)
  else if (wanted !== old) fail(`${name}: the table of runtimes is not what was found: run npx tsx tools/runtime-table.ts`)
}

function table(): string {
  const groups = [...new Set(all.flatMap(({ contexts }) => contexts.flatMap(({ results }) => results.map(({ group }) => group))))]
  const notes: string[] = []
  const rows = groups.map((group) => [group, ...all.map((runtime) => cell(runtime, group, notes))])
  const lines = [['', ...all.map(({ name }) => name)], ['---', ...all.map(() => ':-:')], ...rows].map((row) => `| ${row.join(' | ')} |\n`)
  return `${lines.join('')}\n${notes.map((note, index) => `${index + 1}. ${note}\n`).join('')}`
}

/** What it connects over, and why what it lacks cannot be. */
function shortTable(): string {
  const rows = all.map(({ name, contexts }) => {
    const lacks = new Set(contexts.flatMap(({ results }) => results.flatMap(({ lacks: reason }) => reason ?? [])))
    return [name, OVER[name.replace(/ \d+$/, '')] ?? OVER['']!, [...lacks].join('; ') || 'nothing']
  })
  return [['', 'connects over', 'lacks'], ['---', '---', '---'], ...rows].map((row) => `| ${row.join(' | ')} |\n`).join('')
}

/** Whether every context of a runtime passes a group of tests, or why it cannot. */
function cell({ contexts }: RuntimeResults, group: string, notes: string[]): string {
  const results = contexts.flatMap((context) => context.results.filter((result) => result.group === group))
  const reasons = [...new Set(results.flatMap(({ lacks }) => lacks ?? []))]
  const marks = reasons.map((reason) => {
    if (!notes.includes(reason)) notes.push(reason)
    return notes.indexOf(reason) + 1
  })
  if (results.length === 0) return '–'
  return results.some(({ lacks }) => lacks === undefined) ? `✓${superscript(marks)}` : `no${superscript(marks)}`
}

function superscript(marks: readonly number[]): string {
  return marks.length === 0 ? '' : ` <sup>${marks.join(' ')}</sup>`
}

function refuseIncomplete(): void {
  for (const { name, missing, contexts } of all) {
    if (missing !== undefined) fail(`${name} is missing: ${missing}`)
    for (const { context, results, crashed } of contexts) {
      if (crashed !== undefined || results.length === 0 || results.some(({ passed }) => !passed)) fail(`${name} ${context} has not passed`)
    }
  }
  for (const { name } of runtimes) if (!all.some((one) => one.name === name)) fail(`${name} was not run`)
}

function fail(why: string): never {
  console.error(why)
  process.exit(1)
}
