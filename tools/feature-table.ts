// The table of features, from what the tests have found: `npm run features`.
//
// Reads build/test-results.json, which `./build.sh test` leaves, and prints each row with what proved it. With --write it
// puts the table into docs/features.md, between two marks; with --check it only compares, and exits 1 if the page says something
// else. Exits 1 where nothing proves a row.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { markedPart } from './marked-part.js'
import { featureGroups, PROOF } from '../test/helpers/feature-rows.js'

interface Results {
  readonly testResults: readonly { readonly assertionResults: readonly { readonly title: string; readonly status: string }[] }[]
}

const repository = fileURLToPath(new URL('../', import.meta.url))
const page = join(repository, 'docs/features.md')

/** The proofs of each row, by role, as `TLS 1.2, 1.3: peers`. */
const proofs = readProofs()
const missing: string[] = []
const table = Object.entries(featureGroups).map(([group, rows]) => {
  const lines = Object.entries(rows).map(([id, words]) => `| ${words} | ${cell(id, 'client')} | ${cell(id, 'server')} |\n`)
  return `| **${group}** | | |\n${lines.join('')}`
}).join('')
const text = `| | as client, against | as server, against |\n| --- | --- | --- |\n${table}`

if (process.argv.includes('--write') || process.argv.includes('--check')) compareWithPage()
else console.log(text)
for (const row of missing) console.error(`nothing proves ${row}`)
process.exitCode ||= missing.length > 0 ? 1 : 0

function readProofs(): Map<string, { role: string; version: string; peer: string }[]> {
  const file = join(repository, 'build/test-results.json')
  if (!existsSync(file)) {
    console.error('there are no results yet: run ./build.sh test')
    process.exit(1)
  }
  const { testResults } = JSON.parse(readFileSync(file, 'utf8')) as Results
  const found = new Map<string, { role: string; version: string; peer: string }[]>()
  for (const { title, status } of testResults.flatMap(({ assertionResults }) => assertionResults)) {
    const match = status === 'passed' ? PROOF.exec(title) : null
    if (!match) continue
    const [, row, role, version, peer] = match as unknown as [string, string, string, string, string]
    found.set(row, [...found.get(row) ?? [], { role, version, peer }])
  }
  return found
}

function cell(row: string, role: string): string {
  const all = proofs.get(row) ?? []
  if (all.length === 0 && role === 'client') missing.push(row)
  const peers = [...new Set(all.filter((proof) => proof.role === role).map(({ peer }) => peer))].sort()
  return peers.map((peer) => {
    const versions = [
      ...new Set(all.filter((proof) => proof.role === role && proof.peer === peer).map(({ version }) => version.replace('TLSv', ''))),
    ].sort()
    return `${peer} (${versions.join(', ')})`
  }).join('; ') || '–'
}

function compareWithPage(): void {
  const { old, wanted } = markedPart(page, 'features', 'tools/feature-table.ts', text)
  if (process.argv.includes('--write')) writeFileSync(page, wanted)
  else if (wanted !== old) {
    console.error('docs/features.md is not what was found: run npm run features -- --write')
    process.exitCode = 1
  }
}
