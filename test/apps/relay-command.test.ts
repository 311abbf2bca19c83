// `libssl-wasm relay`, as an operator runs it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { relayFlagTable } from '../../src/apps/cli/relay-flags.js'
import { listenWarnings } from '../../src/apps/cli/listen-warnings.js'
import { relayWarnings } from '../../src/apps/relay/relay-warnings.js'
import { isListening } from '../helpers/ports.js'
import { closing, openEcho, statusOf } from '../helpers/relays.js'
import { startTarget } from '../helpers/tunnels.js'
import { markedPart } from '../../tools/marked-part.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

describe('libssl-wasm relay', () => {
  async function command(...args: readonly string[]) {
    const child = spawn(
      process.execPath, ['--import', 'tsx', 'src/apps/cli/main.ts', 'relay', ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    onTestFinished(() => void child.kill('SIGKILL'))
    const lines: string[] = []
    createInterface(child.stderr).on('line', (line) => lines.push(line))
    const exited = once(child, 'exit')
    const [first] = await once(createInterface(child.stdout), 'line') as [string]
    const said = (word: string) => vi.waitFor(() => expect(lines.join('\n')).toContain(word), { timeout: 10_000 })
    return { child, lines, exited, said, url: first.slice('relay listening on '.length) }
  }

  it('warns of empty lists, and of strangers', async () => {
    const { child, lines, exited, said } = await command('--host', '0.0.0.0', '--trust-proxy', '0.0.0.0/0', '--metrics-listen', '0.0.0.0:0')
    await said('--metrics-listen')
    expect(lines).toEqual([
      'every target is refused: name those to allow with --allow HOST:PORT',
      'every page is refused: name the origins to allow with --origin https://app.example',
      'anyone may use the relay at 0.0.0.0: ask for a token with --token-file FILE',
      expect.stringMatching(/^--trust-proxy 0\.0\.0\.0\/0 takes strangers for proxies/),
      expect.stringMatching(/^anyone may read the metrics at 0\.0\.0\.0: /),
    ])
    child.kill('SIGTERM')
    expect(await exited).toEqual([0, null])
  })

  it('drains upon SIGTERM, and closes at once upon a second', async () => {
    const target = await startTarget()
    onTestFinished(() => target.close())
    const { child, exited, url } = await command(
      '--allow', target.address, '--origin', 'https://app.example', '--drain-timeout', '600000', '--metrics-listen', '127.0.0.1:0',
    )
    const { client, echo } = await openEcho(target, { url })
    child.kill('SIGTERM')
    const { port } = new URL(url)
    await vi.waitFor(async () => expect(await isListening(Number(port))).toBe(false), { timeout: 10_000 })
    expect(await echo('still here')).toBe('still here')
    child.kill('SIGTERM')
    expect((await closing(client))[0]).toBe(1001)
    expect(await exited).toEqual([0, null])
  }, 20_000)

  it('reads its files again upon SIGHUP, and keeps what it has where they are wrong', async () => {
    const target = await startTarget()
    const directory = mkdtempSync(join(tmpdir(), 'libssl-wasm-reload-'))
    onTestFinished(() => target.close())
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const [allow, token] = [join(directory, 'allow'), join(directory, 'token')]
    writeFileSync(allow, '')
    writeFileSync(token, 'old\n')
    const { child, url, said } = await command('--allow-file', allow, '--token-file', token)
    const ask = (text: string) => statusOf(`${url}/${target.address}`, { headers: { authorization: `Bearer ${text}` } })
    expect([await ask('old'), await ask('new')]).toEqual([403, 401])
    writeFileSync(allow, `# ours\n${target.address}\n`)
    writeFileSync(token, 'new\nold\n')
    child.kill('SIGHUP')
    await said('read the files again')
    expect([await ask('old'), await ask('new')]).toEqual([101, 101])
    writeFileSync(allow, 'nonsense\n')
    child.kill('SIGHUP')
    await said('nothing has changed: --allow')
    expect(await ask('new')).toBe(101)
  }, 20_000)

  it('--log-format json writes lines of JSON, and --quiet none', async () => {
    const [json, quiet] = await Promise.all([command('--log-format', 'json'), command('--quiet')])
    for (const { url } of [json, quiet]) expect(await statusOf(`${url}/a:1`)).toBe(403)
    await json.said('"refuse"')
    const entries = json.lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(entries.map(({ event }) => event)).toEqual(['note', 'note', 'refuse'])
    expect(entries[2]).toMatchObject({ time: expect.stringMatching(/Z$/), target: 'a:1', status: 403 })
    quiet.child.kill('SIGTERM')
    await quiet.exited
    expect(quiet.lines).toHaveLength(2)
  }, 20_000)
})

it('relayWarnings warns of the origin null, and not of strangers who need a token', () => {
  const names = { allow: 'A', origins: 'O', token: 'T' }
  expect(relayWarnings({ allow: ['a:1'], origins: ['null'], token: 't' }, names, 'here')).toEqual([expect.stringContaining('null')])
  expect(relayWarnings({ allow: ['a:1'], origins: ['https://a'] }, names, undefined)).toEqual([])
})

it.each([
  [['0.0.0.0/0'], 1], [['::/0'], 1], [['0.0.0.0/1', '128.0.0.0/1'], 2], [['2000::/3'], 1], [['::ffff:0:0/96'], 1],
  [['10.0.0.0/8', 'fc00::/7', '192.0.2.1', '2001:db8::/32', '::1'], 0], [[], 0],
])('listenWarnings warns of proxies %j: %d', (trustProxy, count) => {
  const warnings = listenWarnings(trustProxy, undefined)
  expect(warnings).toHaveLength(count)
  for (const [index, warning] of warnings.entries()) expect(warning).toContain(`--trust-proxy ${trustProxy[index]} `)
})

it.each([
  ['http://0.0.0.0:9090', 1], ['http://[::]:9090', 1], ['http://127.0.0.1:9090', 0], ['http://[::1]:9090', 0], ['http://10.0.0.1:9090', 0],
])('listenWarnings warns of metrics at %s: %d', (url, count) => {
  expect(listenWarnings([], url)).toHaveLength(count)
})

it('docs/relay.md has the flags as they are', () => {
  const { old, wanted } = markedPart(join(root, 'docs/relay.md'), 'flags', 'tools/relay-flags.ts', relayFlagTable())
  expect(old).toBe(wanted)
})
