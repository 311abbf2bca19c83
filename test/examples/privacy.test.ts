// The examples of docs/encrypted-client-hello.md and docs/server-callbacks.md, run.

import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { authority, file } from '../helpers/certificates.js'
import { startOpensslClient } from '../interop/peers/openssl.js'
import { openssl4, startOpenssl4Server } from '../interop/peers/openssl4.js'
import { Peer } from '../interop/peers/process.js'

const repo = join(import.meta.dirname, '../..')

function run(...args: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: repo, stdio: ['ignore', 'pipe', 'pipe'] })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => { stdout += chunk.toString() })
    child.stderr.on('data', (chunk: Buffer) => { stderr += chunk.toString() })
    child.once('close', (status) => resolve({ status, stdout, stderr }))
  })
}

describe('examples/ech.mjs', { timeout: 20_000 }, () => {
  it('is accepted at once with the right configuration, and at the second time with an old one', async () => {
    const list = (name: string) => {
      openssl4('ech', '-public_name', 'public.example', '-out', file(name))
      return /BEGIN ECHCONFIG-----([^-]*)/.exec(readFileSync(file(name), 'utf8'))![1]!.replace(/\s/g, '')
    }
    const [current, old] = [list('current'), list('old')]
    const { port } = await startOpenssl4Server(
      authority.leaf({ san: 'DNS:localhost,DNS:public.example' }), 'TLSv1.3', ['-www', '-ech_key', file('current')],
    )
    const accepted = 'accepted asked for localhost, seen public.example\n'
    const example = (configList: string) => run('examples/ech.mjs', 'localhost', String(port), configList, authority.ca.certFile)
    expect(await example(current)).toEqual({ status: 0, stderr: '', stdout: accepted })
    expect(await example(old)).toEqual({ status: 0, stderr: '', stdout: `rejected: the server has another key by now\n${accepted}` })
  })
})

describe('examples/server-callbacks.mjs', { timeout: 20_000 }, () => {
  it('shows a certificate by the name, and refuses others', async () => {
    for (const name of ['a.example', 'b.example']) {
      const { cert, key } = authority.leaf({ name, san: `DNS:${name}` })
      writeFileSync(file(`${name}.pem`), cert)
      writeFileSync(file(`${name}.key`), key)
    }
    const server = await Peer.start(process.execPath, ['examples/server-callbacks.mjs', authority.dir], { cwd: repo })
    const port = Number((await server.printed(/^(\d+)$/m))[1])
    for (const name of ['a.example', 'b.example']) {
      const client = await startOpensslClient(port, 'TLSv1.3', ['-servername', name, '-verify_hostname', name, '-alpn', 'h2'])
      await client.printed(/^ALPN protocol: h2$/m)
      await server.printed(new RegExp(`^served ${name} h2$`, 'm'))
    }
    const client = await startOpensslClient(port, 'TLSv1.3', ['-servername', 'c.example'])
    expect(await client.end()).toBe(1)
    expect(client.log).toMatch(/unrecognized name/)
    await server.printed(/^refused ERR_TLS_REFUSED$/m)
  })
})
