// `libssl-wasm connect`: files and streams that cannot be written, peers that do not end, signals. All end, and say why.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { authority, file, localhost } from '../helpers/certificates.js'
import { MAIN, runCommand, startCommand } from '../helpers/cli.js'
import { startOpensslServer } from '../interop/peers/openssl.js'
import { acceptOne, serveTcp } from '../interop/peers/tcp.js'

const trusting = ['--ca', authority.ca.certFile]

/** Runs it with a full disk for its standard output; standard input stays open. */
async function runOnFullDisk(args: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['pipe', openSync('/dev/full', 'w'), 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [stderr, [status]] = await Promise.all([text(child.stderr!), once(child, 'exit')])
  return { status: status as number | null, stderr }
}

describe('connect', { timeout: 60_000 }, () => {
  it('ends with 1 when standard output takes no more, though the server goes on', async () => {
    const { port, connection } = await acceptOne()
    const running = runOnFullDisk(['connect', `localhost:${port}`, ...trusting])
    await (await connection).writable.getWriter().write(Buffer.from('an answer'))
    const { status, stderr } = await running
    expect(status).toBe(1)
    expect(stderr).toMatch(/✗ standard output takes no more: .*ENOSPC/)
  })

  it('--check and --help say so, too', async () => {
    const { port } = await startOpensslServer(localhost, 'TLSv1.3')
    for (const args of [['connect', `localhost:${port}`, '--check', ...trusting], ['--help'], ['connect', '--help']]) {
      const { status, stderr } = await runOnFullDisk(args)
      expect(status).toBe(1)
      expect(stderr).toMatch(/^libssl-wasm: standard output takes no more: .*ENOSPC.*\n$/)
    }
  })

  it('ends when the program behind its pipe has, though the server says no more', async () => {
    const { port, connection } = await acceptOne()
    const { child, ended } = startCommand(['connect', `localhost:${port}`, ...trusting])
    ended.catch(() => {}) // its output is not read to its end
    const exited = once(child, 'exit')
    const writer = (await connection).writable.getWriter()
    await writer.write(Buffer.from('one'))
    await once(child.stdout, 'data')
    child.stdout.destroy()
    await writer.write(Buffer.from('two'))
    expect(await exited).toEqual([0, null])
  })

  it('ends with 2 at once if --save-chain cannot be written', async () => {
    const { port } = await startOpensslServer(localhost, 'TLSv1.3')
    const saving = ['--save-chain', file('no/chain.pem')]
    const { status, stderr } = await runCommand(['connect', `localhost:${port}`, '--check', ...trusting, ...saving])
    expect(status).toBe(2)
    expect(stderr).toMatch(/^libssl-wasm: --save-chain: ENOENT/)
  })

  it('ends with 2 if --session cannot be written, and does not say that it is kept', async () => {
    const { port } = await startOpensslServer(localhost, 'TLSv1.3')
    const { status, stdout } = await runCommand(['connect', `localhost:${port}`, '--check', ...trusting, '--session', file('no/session')])
    expect(status).toBe(2)
    expect(stdout).toMatch(/\n✗ --session: ENOENT.*\nreceived 0 bytes; sent 0 bytes; sessions given: 2; /)
  })

  it('--json tells of a signal that comes while a server is looked at before', async () => {
    let arrived = () => {}
    const there = new Promise<void>((resolve) => { arrived = resolve })
    const port = await serveTcp((socket) => void socket.once('data', arrived))
    const { child, ended } = startCommand(['connect', `localhost:${port}`, '--check', '--json', '--dangerously-skip-verification'])
    await there
    child.kill('SIGTERM')
    const { status, stdout } = await ended
    expect(status).toBe(143)
    expect(JSON.parse(stdout)).toMatchObject({ verified: false, error: { message: 'interrupted by SIGTERM' } })
  })
})
