// docs/command-line.md: its tables are the flags, and its session is what the command prints.

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { connectFlags, connectHelp } from '../../src/apps/cli/connect-flags.js'
import { commandLineParts } from '../../tools/command-line.js'
import { ocspFile } from '../../tools/revocation.js'
import { authority, date, localhost } from '../helpers/certificates.js'
import { runCommand } from '../helpers/cli.js'
import { startOpensslServer } from '../interop/peers/openssl.js'

const page = readFileSync('docs/command-line.md', 'utf8')

it('docs/command-line.md has the flags and the exit statuses as they are', () => {
  for (const { old, wanted } of commandLineParts()) expect(old, 'run npx tsx tools/command-line.ts').toBe(wanted)
})

it('connect --help has every flag, and examples', async () => {
  const { status, stdout, stderr } = await runCommand(['connect', '--help'])
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: connectHelp(), stderr: '' })
  for (const { name } of connectFlags) expect(stdout).toMatch(new RegExp(`^  --${name}( |$)`, 'm'))
  expect(stdout).toContain('examples:')
})

it('docs/command-line.md shows what connect prints', { timeout: 60_000 }, async () => {
  const [, shown] = /<!-- session of connect: .*? -->\n```\n(.*?)```/s.exec(page)!
  const expired = authority.leaf({ san: 'DNS:other.example', notBefore: date(-40), notAfter: date(-12) })
  const good = await startOpensslServer(localhost, 'TLSv1.3', ['-www', '-alpn', 'http/1.1', '-status_file', ocspFile(authority, localhost)])
  const bad = await startOpensslServer(expired, 'TLSv1.3')
  const ran = [
    await runCommand(['connect', `localhost:${good.port}`, '--ca', authority.ca.certFile, '--alpn', 'h2,http/1.1', '--check']),
    await runCommand(['connect', `localhost:${bad.port}`, '--ca', authority.ca.certFile, '--check']),
  ]
  expect(ran.map(({ status, stderr }) => [status, stderr])).toEqual([[0, ''], [3, '']])
  const [first, second] = shown!.split(/^\$ .*\n/m).slice(1)
  expect(ran.map(({ stdout }) => timeless(stdout))).toEqual([timeless(first!.replace(/\n$/, '')), timeless(second!)])
})

/** What differs from run to run is left out. */
function timeless(text: string): string {
  return text.replace(/\d{4}-\d\d-\d\dT[\d:]+Z/g, 'TIME').replace(/ *[\d.]+ ms/g, ' MS').replace(/localhost:\d+/g, 'localhost:PORT').replace(/\d+ days/g, 'DAYS')
    .replace(/([0-9A-F]{2}:){31}[0-9A-F]{2}/g, 'FINGERPRINT')
}
