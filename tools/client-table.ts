// The tables of clients, from what test/clients has found: `npx tsx tools/client-table.ts`.
//
// Reads build/clients.json and writes what stands between two marks in docs/node.md, and in README.md without details; with --check it
// only compares, and exits 1 if a page says something else. Refuses results in which a client is missing or anything has failed.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { markedPart } from './marked-part.js'
import { columns, servers } from '../test/clients/all.js'
import type { ClientResults } from '../test/clients/results.js'

const repository = fileURLToPath(new URL('../', import.meta.url))
const all = JSON.parse(readFileSync(join(repository, 'build/clients.json'), 'utf8')) as readonly ClientResults[]
refuseIncomplete()
for (const [name, text] of [['docs/node.md', table()], ['README.md', shortTable()]] as const) {
  const page = join(repository, name)
  const { old, wanted } = markedPart(page, 'clients', 'tools/client-table.ts', text)
  if (!process.argv.includes('--check')) writeFileSync(page, wanted)
  else if (wanted !== old) fail(`${name}: the table of clients is not what was found: run npx tsx tools/client-table.ts`)
}

function table(): string {
  const notes: string[] = []
  const rows = all.map(({ client, server, runs }) =>
    [client, server, runs[0]!.shown.map(({ what }) => what).join('; '), ...runs.map((run) => cell(run, notes))])
  return `${lines(['client', 'server', 'shown'], columns.map(({ name }) => name), rows)}`
    + `${notes.map((note, index) => `${index === 0 ? '\n' : ''}${index + 1}. ${note}\n`).join('')}`
}

/** Ticks alone, and without the control. */
function shortTable(): string {
  const rows = all.map(({ client, runs }) => [client, ...runs.slice(1).map((run) => (cell(run, []).startsWith('✓') ? '✓' : '–'))])
  return lines(['client'], columns.slice(1).map(({ name }) => name), rows)
}

function lines(texts: readonly string[], ticks: readonly string[], rows: readonly (readonly string[])[]): string {
  return [[...texts, ...ticks], [...texts.map(() => '---'), ...ticks.map(() => ':-:')], ...rows].map((row) => `| ${row.join(' | ')} |\n`)
    .join('')
}

/** That all was shown, or what could not be, and why. */
function cell({ shown, without }: ClientResults['runs'][number], notes: string[]): string {
  const noted = (note: string) => {
    if (!notes.includes(note)) notes.push(note)
    return notes.indexOf(note) + 1
  }
  if (without !== undefined) return `no <sup>${noted(without)}</sup>`
  const lacking = shown.filter(({ lacks }) => lacks !== undefined)
  if (lacking.length === 0) return '✓'
  const whole = lacking.length === shown.length
  const marks = new Set(lacking.map(({ what, lacks }) => noted(whole ? lacks! : `Not “${what}”: ${lacks}`)))
  return `${whole ? 'no' : '✓'} <sup>${[...marks].join(' ')}</sup>`
}

function refuseIncomplete(): void {
  for (const client of servers.flatMap(({ clients }) => clients)) {
    if (!all.some((one) => one.client === client)) fail(`${client} was not run`)
  }
  for (const { client, runs } of all) {
    for (const { runtime, shown, crashed, without } of runs) {
      if (without !== undefined) continue
      if (crashed !== undefined || shown.length === 0 || shown.some(({ error }) => error !== undefined)) {
        fail(`${client}, ${runtime}: has not passed`)
      }
    }
  }
}

function fail(why: string): never {
  console.error(why)
  process.exit(1)
}
