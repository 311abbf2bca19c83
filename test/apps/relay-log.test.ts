// The log of the relay: what strangers make of it, and what becomes of the relay when it fails.

import fc from 'fast-check'
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { WebSocket } from 'ws'
import { ByAddress } from '../../src/apps/relay/by-address.js'
import { RelayLog } from '../../src/apps/relay/relay-log.js'
import { formatRelayLogEntry, startRelay, type RelayLogEntry, type RelayOptions } from '../../src/apps/relay/relay.js'
import { WrongTokens } from '../../src/apps/relay/wrong-tokens.js'
import type { WebSocketLike } from '../../src/index.js'
import { connectWisp } from '../../src/wisp.js'
import { readAll, rejection } from '../helpers/streams.js'
import { startTarget, type TunnelTarget } from '../helpers/tunnels.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const entry: RelayLogEntry = {
  event: 'refuse', client: '192.0.2.1:1', origin: undefined, target: 'a:1', status: 403, result: 'no', bytesToTarget: 0, bytesToClient: 0,
  durationMs: 1,
}

function logOf(maxLines: number, write: (entry: RelayLogEntry) => unknown = () => {}) {
  const entries: RelayLogEntry[] = []
  const log = new RelayLog((entry) => {
    const answer = write(entry)
    entries.push(entry)
    return answer
  }, maxLines)
  return { log, entries }
}

describe('a line of the log', () => {
  it('is one line of printable ASCII, whatever strangers have written', () => {
    const wild = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\n', '\r\u2028', '\u001b[2J', '\u202e', '\u009b', '\u007f', '"', '\\', ') -> x:1: open', '\ud800'),
    )
    fc.assert(fc.property(wild, wild, wild, wild, fc.constantFrom('open', 'refuse', 'end'), (client, origin, target, result, event) => {
      const { log, entries } = logOf(0)
      log.write({ ...entry, client, origin, target, result, event }, '192.0.2.1')
      const text = formatRelayLogEntry(entries[0]!, 'text')
      expect(text).toMatch(/^[\x20-\x7e]+$/)
      expect(text.split(' ').slice(1, 5)).toEqual([event, entries[0]!.client, `(${entries[0]!.origin})`, '->'].slice(0, 4))
      const json = formatRelayLogEntry(entries[0]!, 'json')
      expect(json).toMatch(/^[\x20-\x7e]+$/)
      expect(JSON.parse(json)).toMatchObject({ event, target: entries[0]!.target, result: entries[0]!.result })
    }))
  })

  it('does not grow with what a stranger writes', () => {
    const { log, entries } = logOf(0)
    log.write({ ...entry, origin: '\u0000'.repeat(10_000), target: 'x'.repeat(10_000), result: '\n'.repeat(10_000) }, '192.0.2.1')
    expect(formatRelayLogEntry(entries[0]!, 'text').length).toBeLessThan(4096)
  })
})

describe('the log', () => {
  it('leaves out what a client has written too often, and counts it; others are not held back', () => {
    const { log, entries } = logOf(3)
    for (let line = 0; line < 40_000; line++) log.write(entry, '192.0.2.1')
    log.write(entry, '192.0.2.2')
    expect(entries).toHaveLength(4)
    log.flush()
    expect(entries).toHaveLength(5)
    expect(entries[4]).toMatchObject({ event: 'omit', client: '192.0.2.1', count: 39_997 })
    expect(formatRelayLogEntry(entries[4]!, 'text')).toMatch(/ omit 192\.0\.2\.1 39997 lines: more than 3 in 10 s$/)
    expect(log.omitted).toBe(39_997)
  })

  it('that fails counts each entry once, also those it has left out', () => {
    let fails = true
    const { log, entries } = logOf(2, () => { if (fails) throw new Error('full') })
    for (let line = 0; line < 10; line++) log.write(entry, '192.0.2.1')
    log.flush()
    log.flush()
    expect(log.omitted).toBe(10)
    fails = false
    log.flush()
    expect(entries).toMatchObject([{ event: 'omit', count: 10 }])
    expect(log.omitted).toBe(10)
  })

  it('counts a /64 of IPv6 as one client, and begins anew after ten seconds', () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const { log, entries } = logOf(1)
    for (const host of ['1', '2', 'ffff']) log.write(entry, `2001:db8::${host}`)
    expect(entries).toHaveLength(1)
    vi.advanceTimersByTime(10_000)
    log.write(entry, '2001:db8::1')
    expect(entries.map(({ event, count }) => [event, count])).toEqual([['refuse', undefined], ['omit', 2], ['refuse', undefined]])
  })

  it.each([
    ['throws', () => { throw new Error('full') }], ['rejects', async () => { throw Object.assign(new Error(), { code: 'ENOSPC' }) }],
  ])('that %s loses entries, and says how many', async (how, fail) => {
    let fails = true
    const { log, entries } = logOf(0, () => fails ? fail() : undefined)
    for (let line = 0; line < 5; line++) log.write(entry, '192.0.2.1')
    await new Promise((resolve) => setImmediate(resolve))
    fails = false
    entries.length = 0
    log.write(entry, '192.0.2.1')
    expect(entries).toMatchObject([
      { event: 'omit', client: '', count: 5, result: how === 'throws' ? 'the log failed: Error: full' : 'the log failed: ENOSPC' },
      { event: 'refuse' },
    ])
  })
})

it('ByAddress remembers ten thousand clients, and forgets the one that came longest ago', () => {
  const forgotten: string[] = []
  const values = new ByAddress(() => ({ count: 0 }), (address) => forgotten.push(address))
  for (let client = 0; client < 10_000; client++) values.get(`10.0.${client >> 8}.${client & 255}`).count++
  values.get('10.0.0.0').count++
  for (let client = 0; client < 3; client++) values.get(`10.1.0.${client}`).count++
  expect(forgotten).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3'])
  expect(values.get('10.0.0.0').count).toBe(2)
})

it('WrongTokens forgets after a minute', () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const wrong = new WrongTokens(2)
  for (let guess = 0; guess < 2; guess++) {
    expect(wrong.tooMany('192.0.2.1')).toBe(false)
    wrong.count('192.0.2.1')
  }
  expect([wrong.tooMany('192.0.2.1'), wrong.tooMany('192.0.2.2')]).toEqual([true, false])
  vi.advanceTimersByTime(60_000)
  expect(wrong.tooMany('192.0.2.1')).toBe(false)
})

it('a client of Wisp that is refused a thousand streams writes a hundred lines, and a tunnel of another address its own', async () => {
  const entries: RelayLogEntry[] = []
  const relay = await startWith({ log: (entry) => entries.push(entry), trustProxy: ['127.0.0.1'] })
  const from = (address: string, path: string) => {
    const socket = new WebSocket(`${relay.url}/${path}`, { headers: { 'x-forwarded-for': address } })
    socket.on('error', () => {})
    return socket
  }
  const wisp = await connectWisp(from('192.0.2.1', 'wisp/') as WebSocketLike)
  const refused = () => rejection(readAll(wisp.open({ host: 'nowhere', port: 1 }).readable))
  for (let batch = 0; batch < 20; batch++) await Promise.all(Array.from({ length: 50 }, refused))
  await new Promise((resolve) => from('192.0.2.2', 'nowhere:1').once('close', resolve))
  await relay.close()
  const counted = (address: string) => entries.filter(({ client, event }) => client === address && event !== 'omit').length
  const omitted = entries.filter(({ event }) => event === 'omit').reduce((sum, { count }) => sum + count!, 0)
  expect(counted('192.0.2.2')).toBe(1)
  expect(counted('192.0.2.1')).toBeLessThanOrEqual(200) // two windows of time at most
  expect(counted('192.0.2.1') + omitted).toBe(1002) // with the connection's own
})

describe('a relay whose log fails', () => {
  it('goes on, in a program', async () => {
    const target = await startEcho()
    const relay = await startWith({ allow: [target.address], log: () => { throw new Error('full') } })
    const echo = await tunnel(`${relay.url}/${target.address}`)
    await refuse(relay.url, 3)
    expect(await echo('still here')).toBe('still here')
  })

  it.each([
    'a full disk', 'a reader that has gone', 'a reader that does not read',
  ])('goes on upon the command line, with %s', async (how) => {
    const target = await startEcho()
    const { child, url } = await startCommand(
      how === 'a full disk' ? openSync('/dev/full', 'w') : 'pipe', '--allow', target.address, '--max-log-lines', '0',
    )
    const echo = await tunnel(`${url}/${target.address}`)
    if (how === 'a reader that has gone') child.stderr!.destroy()
    await refuse(url, how === 'a reader that does not read' ? 1500 : 3)
    expect(await echo('still here')).toBe('still here')
    if (how !== 'a reader that does not read') return
    const told = once(
      createInterface(child.stderr!)
      .on('line', (line) => { if (/ omit all \d+ lines: the log failed: EAGAIN$/.test(line)) child.emit('told') }) && child, 'told',
    )
    await refuse(url, 1)
    await told
  }, 30_000)
})

async function startEcho(): Promise<TunnelTarget> {
  const target = await startTarget()
  onTestFinished(() => target.close())
  void target.accept().then((socket) => socket.pipe(socket))
  return target
}

async function startWith(options: RelayOptions) {
  const relay = await startRelay(options)
  onTestFinished(() => relay.close())
  return relay
}

async function startCommand(stderr: 'pipe' | number, ...args: readonly string[]) {
  const child = spawn(
    process.execPath, ['--import', 'tsx', 'src/apps/cli/main.ts', 'relay', ...args], { cwd: root, stdio: ['ignore', 'pipe', stderr] },
  )
  onTestFinished(() => void child.kill('SIGKILL'))
  const [first] = await once(createInterface((child as ChildProcessByStdio<null, Readable, Readable | null>).stdout), 'line') as [string]
  return { child, url: first.slice('relay listening on '.length) }
}

/** An open tunnel to a target that sends back what it gets. */
async function tunnel(url: string): Promise<(text: string) => Promise<string>> {
  const client = new WebSocket(url)
  onTestFinished(() => client.terminate())
  await once(client, 'open')
  return async (text) => {
    client.send(Buffer.from(text))
    const [answer] = await Promise.race([once(client, 'message'), once(client, 'close')]) as [Buffer | number]
    return String(answer)
  }
}

async function refuse(url: string, times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    const client = new WebSocket(`${url}/nowhere${'x'.repeat(300)}`)
    client.on('error', () => {})
    await new Promise((resolve) => client.once('close', resolve))
  }
}
