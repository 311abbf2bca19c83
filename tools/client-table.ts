// docs/node.md's table of clients, from what test/clients has found: `npx tsx tools/client-table.ts`.
//
// Reads build/clients.json and writes what stands between two marks in docs/node.md; with --check it only compares, and exits 1
// if the page says something else. Refuses results in which a client is missing or anything has failed.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { markedPart } from './marked-part.js'
import { columns, servers } from '../test/clients/all.js'
import type { ClientResults } from '../test/clients/results.js'

const repository = fileURLToPath(new URL('../', import.meta.url))
const page = join(repository, 'docs/node.md')

const all = JSON.parse(readFileSync(join(repository, 'build/clients.json'), 'utf8')) as readonly ClientResults[]
refuseIncomplete()
const { old, wanted } = markedPart(page, 'clients', 'tools/client-table.ts', table())
if (!process.argv.includes('--check')) writeFileSync(page, wanted)
else if (wanted !== old) fail("docs/node.md's table of clients is not what was found: run npx tsx tools/client-table.ts")

function table(): string {
  const header = ['client', 'server', 'shown', ...columns.map(({ name }) => name)]
  const notes: string[] = []
  const rows = all.map(({ client, server, runs }) => [client, server, runs[0]!.shown.map(({ what }) => what).join('; '), ...runs.map((run) => cell(run, notes))])
  const lines = [header, ['---', '---', '---', ...columns.map(() => ':-:')], ...rows].map((row) => `| ${row.join(' | ')} |\n`)
  return `${lines.join('')}${notes.map((note, index) => `${index === 0 ? '\n' : ''}${index + 1}. ${note}\n`).join('')}`
}

/** That all was shown, or what could not be, and why. */
function cell({ shown }: ClientResults['runs'][number], notes: string[]): string {
  const lacking = shown.filter(({ lacks }) => lacks !== undefined)
  if (lacking.length === 0) return '✓'
  const whole = lacking.length === shown.length
  const marks = new Set(lacking.map(({ what, lacks }) => {
    const note = whole ? lacks! : `Not “${what}”: ${lacks}`
    if (!notes.includes(note)) notes.push(note)
    return notes.indexOf(note) + 1
  }))
  return `${whole ? 'no' : '✓'} <sup>${[...marks].join(' ')}</sup>`
}

function refuseIncomplete(): void {
  for (const client of servers.flatMap(({ clients }) => clients)) if (!all.some((one) => one.client === client)) fail(`${client} was not run`)
  for (const { client, runs } of all) {
    for (const { runtime, shown, crashed } of runs) {
      if (crashed !== undefined || shown.length === 0 || shown.some(({ error }) => error !== undefined)) fail(`${client}, ${runtime}: has not passed`)
    }
  }
}

function fail(why: string): never {
  console.error(why)
  process.exit(1)
}
