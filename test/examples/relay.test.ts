// The examples of docs/relay.md: a client that runs, and the unit and the container file: what they give to the relay is what it takes.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { optionsOf, readFlags } from '../../src/apps/cli/relay-flags.js'
import { checkRelayOptions } from '../../src/apps/relay/listen-options.js'
import { startRelay } from '../../src/apps/relay/relay.js'
import { authority, localhost } from '../helpers/certificates.js'
import { until } from '../helpers/streams.js'
import { startOpensslServer } from '../interop/peers/openssl.js'
import { Peer } from '../interop/peers/process.js'

const repo = join(import.meta.dirname, '../..')
const unit = readFileSync(join(repo, 'examples/relay.service'), 'utf8')
const container = readFileSync(join(repo, 'examples/relay.Containerfile'), 'utf8')

const argumentsOf: Readonly<Record<string, () => string[]>> = {
  'examples/relay.service': () => /^ExecStart=\S+ relay (.*?[^\\])$/ms.exec(unit)![1]!.replaceAll('\\\n', '').split(/\s+/),
  'examples/relay.Containerfile': () => JSON.parse(/^CMD (\[.*?\])$/ms.exec(container)![1]!.replaceAll('\\\n', '')) as string[],
}

it.each(Object.keys(argumentsOf))('%s gives the relay flags that it knows, and files of the form that it reads', (name) => {
  const directory = mkdtempSync(join(tmpdir(), 'libssl-wasm-relay-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const files = {
    allow: '# mail\nmail.example:993\n\nMail.example:465 # submission\n', token: 'first\nsecond\n', 'cert.pem': localhost.cert,
    'key.pem': localhost.key,
  }
  for (const [file, content] of Object.entries(files)) writeFileSync(join(directory, file), content)
  const args = argumentsOf[name]!().map((argument) => argument.replace('/etc/libssl-wasm-relay', directory))
  const values = readFlags(args)
  const { settings, listening } = checkRelayOptions(optionsOf(values))
  expect([...settings.allow]).toEqual(['mail.example:993', 'mail.example:465'])
  expect(settings.tokens).toEqual(['first', 'second'])
  expect(listening).toMatchObject({ host: '0.0.0.0', metricsListen: { host: '127.0.0.1', port: 9090 } })
})

it('examples/tunnel.mjs fetches a page through the relay, and gives its place back', async () => {
  const { port } = await startOpensslServer(localhost, 'TLSv1.3')
  const relay = await startRelay({ allow: [`localhost:${port}`] })
  onTestFinished(() => relay.close())
  const example = await Peer.start(
    'node', ['examples/tunnel.mjs', relay.url, 'localhost', String(port), authority.ca.certFile], { cwd: repo },
  )
  expect(await example.end()).toBe(0)
  expect(example.log).toMatch(/^TLSv1\.3 TLS_CHACHA20_POLY1305_SHA256 \S+\nHTTP\/1\.0 200 ok/)
  await until(() => relay.connections === 0)
})

it('examples/relay.service is one that systemd takes, and waits as long as the relay drains', () => {
  const drainSeconds = Number(readFlags(argumentsOf['examples/relay.service']!())['drain-timeout']) / 1000
  expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)![1])).toBeGreaterThan(drainSeconds)
  const verify = spawnSync('systemd-analyze', ['--version'])
  if (verify.error) return // without systemd nothing verifies units
  const directory = mkdtempSync(join(tmpdir(), 'libssl-wasm-unit-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  mkdirSync(join(directory, 'units'))
  const file = join(directory, 'units/libssl-wasm-relay.service')
  writeFileSync(file, unit.replace('/usr/bin/libssl-wasm', process.execPath)) // a program that is there
  const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' })
  expect((stdout + stderr).split('\n').filter((line) => line.includes('libssl-wasm-relay.service'))).toEqual([])
})
