// The example of docs/contexts.md, run; and the options that docs/contexts.md and docs/options.md have.

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { client, placeOf, server } from '../../src/frontends/options.js'
import { authority, localhost } from '../helpers/certificates.js'

const repo = join(import.meta.dirname, '../..')
const page = readFileSync(join(repo, 'docs/contexts.md'), 'utf8')

it('docs/contexts.md places every option that does not belong to the context alone', () => {
  const told = (row: string) => [...page.split(`\n| ${row} |`)[1]!.split('\n')[0]!.matchAll(/`(\w+)`/g)].map(([, name]) => name!)
  const placed = (place: string) => [...new Set([client, server].flatMap((end) => end.features.flatMap(({ checks }) => Object.keys(checks))
    .filter((name) => placeOf(end, name) === place && name !== 'context')))].sort()
  expect([...told('only to `connect` or `accept`'), ...told('only to `connect`')].sort()).toEqual(placed('connection'))
  expect(told('to either; that of the connection counts').sort()).toEqual(placed('either'))
})

it('examples/contexts.mjs talks over three connections of its contexts', { timeout: 30_000 }, async () => {
  const files = [localhost.certFile, localhost.keyFile, authority.ca.certFile]
  const { stdout, stderr } = await promisify(execFile)('node', ['examples/contexts.mjs', ...files], { cwd: repo })
  expect([stdout, stderr]).toEqual(['one two three\n', ''])
})

it('docs/options.md has every option of connect() and accept(), and no other', () => {
  const rows = readFileSync(join(repo, 'docs/options.md'), 'utf8').matchAll(/^\| (`.*?`) \|/gm)
  const named = [...rows].flatMap(([, names]) => [...names!.matchAll(/`(\w+)`/g)].map(([, name]) => name!))
  const options = [...client.features, ...server.features].flatMap(({ checks }) => Object.keys(checks))
  expect(named.sort()).toEqual([...new Set(options)].sort())
})
