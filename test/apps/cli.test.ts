import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { exitStatusWords } from '../../src/apps/cli/exit-status.js'
import { relayFlags } from '../../src/apps/cli/relay-flags.js'
import { localhost } from '../helpers/certificates.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

describe('libssl-wasm', () => {
  it('--version prints the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { version: string }
    expect(await run('--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' })
  })

  it('--help prints the commands and the exit statuses', async () => {
    const { status, stdout, stderr } = await run('--help')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    for (const command of ['connect', 'serve', 'relay']) expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'))
    for (const [exitStatus, who] of exitStatusWords) expect(stdout).toContain(`  ${exitStatus}  ${who}: `)
  })

  it('relay --help prints the flags and exits with 0', async () => {
    const { status, stdout, stderr } = await run('relay', '--help')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    for (const { name } of relayFlags) expect(stdout).toContain(`  --${name} `)
  })

  it.each([
    [['relay', '--alow', 'x:1'], "'--alow': did you mean '--allow'?"], [['relay', '--orign', 'x'], "'--orign': did you mean '--origin'?"],
    [['relay', '--colour'], "no flag '--colour'"], [['rely'], "'rely': did you mean 'relay'?"],
    [['relay', '--origin', 'localhost:5173'], "--origin must be a list of origins such as 'https://app.example'; \"localhost:5173\" is"],
    [['relay', '--origin', 'localhost:5173'], "'http://localhost:5173'"], [['relay', 'x:1'], 'x:1'],
    [['relay', '--allow', 'x'], '--allow must be'],
    [['relay', '--port', '80x'], '--port'],
    [['relay', '--max-connections', '0'], '--max-connections must be'],
    [['relay', '--max-buffered', '1000000'], '--max-buffered'],
    [['relay', '--max-per-address', '0'], '--max-per-address must be'],
    [['relay', '--token-file', '/dev/null'], '--token-file, /dev/null, is empty: give it a token'],
    [['relay', '--token-file', 'nope'], "--token-file: ENOENT: no such file or directory, open 'nope'"],
    [['relay', '--allow-file', 'nope'], '--allow-file: ENOENT'],
    [['relay', '--tls-cert', 'nope'], '--tls-cert: ENOENT'],
    [['relay', '--tls-cert', 'package.json'], '--tls-cert: package.json is not PEM'],
    [['relay', '--log-format', 'yaml'], '--log-format'],
    [['relay', '--drain-timeout', '1s'], '--drain-timeout'],
    [['relay', '--drain-timeout', '9999999999'], '--drain-timeout'],
    [['relay', '--trust-proxy', 'proxy.example'], '--trust-proxy must be'],
    [['relay', '--tls-cert', '/dev/null'], '--tls-cert must be a non-empty'],
    [['serve'], 'serve needs --cert FILE and --key FILE. This makes both, for a try: openssl req -x509'],
    [['connect', 'localhost', '--cert', localhost.certFile], '--key is required with --cert'],
    [['connect', 'localhost', '--key', localhost.keyFile], '--cert is required with --key'],
    [['connect', 'localhost', '--security-level', '2', '--dangerously-low-security-level', '1'],
      'cannot be combined with --security-level'],
    [[], 'command'],
  ])('%j says what is wrong and exits with 2', async (args, word) => {
    const { status, stdout, stderr } = await run(...args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(word)
    expect(stderr).not.toContain('    at ')
  })
})

it('an empty LIBSSL_WASM_RELAY_TOKEN is refused, with what to do', async () => {
  const child = spawn(
    process.execPath, ['--import', 'tsx', 'src/apps/cli/main.ts', 'relay'],
    { cwd: root, env: { ...process.env, LIBSSL_WASM_RELAY_TOKEN: '' } },
  )
  const [stderr, [status]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  expect(status).toBe(2)
  expect(stderr).toContain('LIBSSL_WASM_RELAY_TOKEN is empty: give it a token')
})

describe('libssl-wasm relay', () => {
  it('exits with 1 where it cannot listen', async () => {
    const { status, stderr } = await run('relay', '--port', String(await echoServer()))
    expect(status).toBe(1)
    expect(stderr).toContain('EADDRINUSE')
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('carries bytes, prints a line for each event, and ends with 0 after %s', async (signal) => {
    const port = await echoServer()
    const child = start(
      'relay', '--allow', `127.0.0.1:${port}`, '--allow', '[::1]:9', '--origin', 'https://app.example', '--max-connections', '2',
    )
    const lines = createInterface(child.stdout)
    const stderr = text(child.stderr)
    const [first] = await once(lines, 'line') as [string]
    expect(first).toMatch(/^relay listening on ws:\/\/127\.0\.0\.1:\d+$/)
    const url = first.slice('relay listening on '.length)

    const client = connect(`${url}/127.0.0.1:${port}`, { origin: 'https://app.example' })
    await once(client, 'open')
    client.send(Buffer.from('over there'))
    const [data] = await once(client, 'message') as [Buffer]
    expect(String(data)).toBe('over there')

    const refused = connect(`${url}/forged%0aline:1`)
    const [, response] = await once(refused, 'unexpected-response') as [unknown, { statusCode: number }]
    expect(response.statusCode).toBe(400)

    child.kill(signal)
    const [code] = await once(client, 'close') as [number]
    expect(code).toBe(1001)
    expect(await once(child, 'exit')).toEqual([0, null])
    const logged = (await stderr).trimEnd().split('\n')
    expect(logged).toHaveLength(3)
    expect(logged[0]).toMatch(new RegExp(` open 127\\.0\\.0\\.1:\\d+ \\(https://app\\.example\\) -> 127\\.0\\.0\\.1:${port}: open$`))
    expect(logged[1]).toMatch(/ refuse 127\.0\.0\.1:\d+ -> \/forged%0aline:1: 400 the path must be \/host:port$/)
    expect(logged[2]).toMatch(/ end .*, 10 bytes to target, 10 bytes to client, \d+ ms: the relay is closing$/)
  })
})

describe('libssl-wasm relay --token-file', () => {
  it('asks for the token in the file, without its line end, and prints it nowhere', async () => {
    const port = await echoServer()
    const directory = mkdtempSync(join(tmpdir(), 'libssl-wasm-cli-'))
    cleanups.push(() => rmSync(directory, { recursive: true }))
    writeFileSync(join(directory, 'token'), 's3cret\n')
    const child = start('relay', '--allow', `127.0.0.1:${port}`, '--token-file', join(directory, 'token'))
    const stderr = text(child.stderr)
    const [first] = await once(createInterface(child.stdout), 'line') as [string]
    const url = `${first.slice('relay listening on '.length)}/127.0.0.1:${port}`
    const [, response] = await once(connect(url), 'unexpected-response') as [unknown, { statusCode: number }]
    expect(response.statusCode).toBe(401)
    await once(connect(url, { headers: { authorization: 'Bearer s3cret' } }), 'open')
    child.kill()
    expect(await stderr).not.toContain('s3cret')
  })
})

/** In one process and not through the tsx command, so that signals and exit statuses are the program's own. */
function start(...args: readonly string[]): ChildProcessByStdio<null, Readable, Readable> {
  const child = spawn(
    process.execPath, ['--import', 'tsx', 'src/apps/cli/main.ts', ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  cleanups.push(() => child.kill('SIGKILL'))
  return child
}

async function run(...args: readonly string[]): Promise<{ status: unknown, stdout: string, stderr: string }> {
  const child = start(...args)
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { status, stdout, stderr }
}

function connect(url: string, options: { origin?: string, headers?: Record<string, string> } = {}): WebSocket {
  const client = new WebSocket(url, options)
  client.on('error', () => {})
  cleanups.push(() => client.terminate())
  return client
}

async function echoServer(): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => {}).pipe(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => new Promise((resolve) => server.close(resolve)))
  return (server.address() as AddressInfo).port
}
