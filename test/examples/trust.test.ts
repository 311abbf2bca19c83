// The examples of docs/trust.md and docs/client-certificates.md, run.

import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { authority, localhost, temporaryAuthority, type KeyPair } from '../helpers/certificates.js'
import { pinOf } from '../../tools/revocation.js'
import { startOpensslServer } from '../interop/peers/openssl.js'

const repo = join(import.meta.dirname, '../..')

function runExample(example: string, ...args: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [`examples/${example}.mjs`, ...args], { cwd: repo, stdio: ['ignore', 'pipe', 'pipe'] })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => { stdout += chunk.toString() })
    child.stderr.on('data', (chunk: Buffer) => { stderr += chunk.toString() })
    child.once('close', (status) => resolve({ status, stdout, stderr }))
  })
}

const run = (...args: string[]) => runExample('trust', ...args)

describe('the examples of docs/trust.md and docs/client-certificates.md', { timeout: 20_000 }, () => {
  it('lets in a client with a certificate, and refuses one without, which learns it at its first read', async () => {
    const client = authority.leaf({ name: 'a client' })
    const files = ['0', authority.ca.certFile, localhost.certFile, localhost.keyFile]
    expect(await runExample('client-certificates', ...files, client.certFile, client.keyFile))
      .toEqual({ status: 0, stderr: '', stdout: 'hello, CN=a client\n' })
    const { status, stdout, stderr } = await runExample('client-certificates', ...files)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout.trimEnd().split('\n').sort())
      .toEqual(['refused: ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE', 'the server refuses us: ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'])
  })

  it('does the same with the interface of node:tls', async () => {
    const files = ['0', authority.ca.certFile, localhost.certFile, localhost.keyFile]
    const shown = ({ certFile, keyFile }: KeyPair) => runExample('node-client-certificates', ...files, certFile, keyFile)
    expect(await shown(authority.leaf({ name: 'a client' }))).toEqual({ status: 0, stderr: '', stdout: 'hello, a client\n' })
    const { status, stdout, stderr } = await runExample('node-client-certificates', ...files)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout.trimEnd().split('\n').sort()).toEqual([
      expect.stringMatching(/^refused: .*peer did not return a certificate/),
      'the server refuses us: ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
    ])
    const stranger = await shown(temporaryAuthority('of others').leaf({ name: 'a stranger' }))
    expect(stranger).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/^refused: UNABLE_TO_VERIFY_LEAF_SIGNATURE$/m) })
  })

  it('makes certificates by the commands of docs/client-certificates.md', () => {
    const [, commands] = /```sh\n(.*?)```/s.exec(readFileSync(join(repo, 'docs/client-certificates.md'), 'utf8'))!
    const directory = mkdtempSync(join(tmpdir(), 'libssl-wasm-certificates-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    mkdirSync(join(directory, 'node_modules'))
    symlinkSync(repo, join(directory, 'node_modules/libssl-wasm'))
    expect(execFileSync('bash', ['-ec', commands!], { cwd: directory, encoding: 'utf8', stdio: 'pipe' })).toBe('hello, CN=alice\n')
  })

  it('trusts the added CA, and asks verify', async () => {
    const { port } = await startOpensslServer(localhost, 'TLSv1.3')
    expect(await run('localhost', String(port), authority.ca.certFile, pinOf(localhost))).toEqual({
      status: 0, stderr: '', stdout: 'localhost shows CN=localhost, issued by CN=libssl-wasm test CA,O=libssl-wasm\nTLSv1.3 X509_V_OK\n',
    })
    expect((await run('localhost', String(port), authority.ca.certFile)).status).toBe(0)
  })

  it('refuses another key', async () => {
    const { port } = await startOpensslServer(localhost, 'TLSv1.3')
    const { status, stdout, stderr } = await run('localhost', String(port), authority.ca.certFile, pinOf(authority.leaf()))
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' })
    expect(stdout).toMatch(/^ERR_TLS_CERT_PIN_MISMATCH /)
  })
})
