// docs/command-line.md: its tables are the flags, and its session is what the command prints.

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { expect, it } from 'vitest'
import { connectFlags, connectHelp } from '../../src/apps/cli/connect-flags.js'
import { serveFlags, serveHelp } from '../../src/apps/cli/serve-flags.js'
import { commandLineParts } from '../../tools/command-line.js'
import { ocspFile } from '../../tools/revocation.js'
import { authority, date, localhost } from '../helpers/certificates.js'
import { runCommand, startCommand } from '../helpers/cli.js'
import { client } from '../interop/peers/matrix.js'
import { startOpensslServer } from '../interop/peers/openssl.js'

const page = readFileSync('docs/command-line.md', 'utf8')

it('docs/command-line.md has the flags and the exit statuses as they are', () => {
  for (const { old, wanted } of commandLineParts()) expect(old, 'run npx tsx tools/command-line.ts').toBe(wanted)
})

it.each(
  [['connect', connectFlags, connectHelp()], ['serve', serveFlags, serveHelp()]] as const,
)('%s --help has every flag, and examples', async (command, flags, help) => {
  const { status, stdout, stderr } = await runCommand([command, '--help'])
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: help, stderr: '' })
  for (const { name } of flags) expect(stdout).toMatch(new RegExp(`^  --${name}( |$)`, 'm'))
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

it('docs/command-line.md shows what serve prints', { timeout: 60_000 }, async () => {
  const [, shown] = /<!-- session of serve: .*? -->\n```\n\$ .*?\n(.*?)```/s.exec(page)!
  const { child, ended } = startCommand([
    'serve', '--cert', localhost.certFile, '--key', localhost.keyFile, '--ca', authority.ca.certFile, '--alpn', 'h2,http/1.1',
  ])
  const [first] = await once(createInterface(child.stdout), 'line') as [string]
  const port = /:(\d+)$/.exec(first)![1]!
  const { status, stdout } = await runCommand(['connect', `localhost:${port}`, '--ca', authority.ca.certFile, '--alpn', 'http/1.1',
    '--cert', client.certFile, '--key', client.keyFile], 'hello')
  expect({ status, stdout }).toEqual({ status: 0, stdout: 'hello' })
  child.kill('SIGTERM')
  const printed = await ended
  expect(printed).toMatchObject({ status: 0, stderr: '' })
  expect(timeless(printed.stdout)).toBe(timeless(shown!))
})

it('docs/command-line.md shows a fingerprint once: each is of another certificate', () => {
  const shown = page.match(/(?<=SHA-256 )[0-9A-F:]{95}/g)
  expect(shown).toEqual([...new Set(shown)])
})

/** What differs from run to run is left out. */
function timeless(text: string): string {
  return text.replace(/\d{4}-\d\d-\d\dT[\d:]+Z/g, 'TIME').replace(/ *[\d.]+ ms/g, ' MS').replace(/(localhost|127\.0\.0\.1):\d+/g, '$1:PORT')
    .replace(/\d+ days/g, 'DAYS')
    .replace(/([0-9A-F]{2}:){31}[0-9A-F]{2}/g, 'FINGERPRINT')
}
