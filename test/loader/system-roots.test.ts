// systemRoots(), and the roots that NODE_EXTRA_CA_CERTS adds, in each Node that is here: a process of its own, for the list is the
// environment's.

import { execFileSync, spawnSync } from 'node:child_process'
import * as crypto from 'node:crypto'
import * as fs from 'node:fs'
import { describe, expect, it } from 'vitest'
import { nodeSystemRoots, type NodeModules } from '../../src/loader/node-roots.js'
import { findNode } from '../conformance/runtimes/node.js'
import { authority, file, localhost, temporaryAuthority } from '../helpers/certificates.js'
import { warningsDuring } from '../helpers/warnings.js'

const built = new URL('../../dist/index.js', import.meta.url).href
const nodes = [20, 22, 24].flatMap((major) => {
  const program = findNode(major)
  return program ? [[`Node ${major}`, program] as const] : []
})

function run(node: string, code: string, environment: Readonly<Record<string, string>>): string {
  const script = `const { systemRoots } = await import(${JSON.stringify(built)}); ${code}`
  return execFileSync(
    node, ['--input-type=module', '-e', script], { encoding: 'utf8', env: { PATH: process.env['PATH']!, ...environment } },
  )
}

describe.each(nodes)('systemRoots, %s', (_, node) => {
  it('gives the file that SSL_CERT_FILE names', () => {
    const { certFile, cert } = authority.ca
    const list = run(node, "console.log(systemRoots().join('\\n'))", { SSL_CERT_FILE: certFile, SSL_CERT_DIR: '/nonexistent' })
    const base64 = (pem: string) => pem.replace(/-----[^-]+-----|\s/g, '')
    expect(base64(list)).toBe(base64(cert))
  })

  it('gives nothing where there is nothing', () => {
    const list = run(node, 'console.log((systemRoots() ?? []).length)', { SSL_CERT_FILE: '/nonexistent', SSL_CERT_DIR: '/nonexistent' })
    expect(list.trim()).toBe('0')
  })
})

describe.each(nodes)('a list of which not all can be read, %s', (_, node) => {
  const broken = temporaryAuthority().ca.cert.replace(/\nMII./, '\nAAAA')
  const { cert } = authority.ca
  const lists: Readonly<Record<string, string | Uint8Array>> = {
    'whole.pem': `some text\n${cert}${localhost.key}`,
    'empty.pem': '',
    'der.crt': new Uint8Array(Buffer.from(cert.replace(/-----[^-]+-----/g, ''), 'base64')),
    'not-last.pem': broken + cert,
    'last.pem': cert + broken,
    'cut.pem': cert + broken.slice(0, 200),
    'random.der': Uint8Array.of(0x30, 0x82, 1, 2, 3),
  }
  for (const [name, content] of Object.entries(lists)) fs.writeFileSync(file(name), content)
  const readsItself = /v20/.test(execFileSync(node, ['--version'], { encoding: 'utf8' }))
  const anchored = ['whole.pem', 'last.pem', 'cut.pem', ...(readsItself ? ['der.crt', 'not-last.pem'] : [])]

  /** In a process whose environment it is: what a client without `ca` makes of our server, and what it is told. */
  function connected(name: string): { result: string; warnings: readonly string[] } {
    const script = `
      const { accept, connect, memoryTransportPair } = await import(${JSON.stringify(built)})
      const warnings = []
      process.on('warning', ({ code, message }) => warnings.push(code + ' ' + message))
      const connections = []
      for (let i = 0; i < 2; i++) {
        const [near, far] = memoryTransportPair()
        accept(near, ${JSON.stringify({ cert: localhost.cert, key: localhost.key })}).opened.catch(() => {})
        connections.push(connect(far, { servername: 'localhost' }).opened.then(() => 'accepted', (error) => error.code))
      }
      const [result] = await Promise.all(connections)
      setImmediate(() => { console.log(JSON.stringify({ result, warnings })); process.exit() })`
    const env = { PATH: process.env['PATH']!, NODE_EXTRA_CA_CERTS: name.includes('/') ? name : file(name) }
    const { stdout, stderr } = spawnSync(node, ['--input-type=module', '-e', script], { encoding: 'utf8', env })
    expect(stdout, stderr).not.toBe('')
    return JSON.parse(stdout)
  }

  it.each([...Object.keys(lists), '/nonexistent'])('NODE_EXTRA_CA_CERTS=%s: connect() without ca goes on with the others', (name) => {
    const { result, warnings } = connected(name)
    expect(result).toBe(anchored.includes(name) ? 'accepted' : 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY')
    // Others than Node 20 read the file themselves, and warn as they do.
    const ours = warnings.filter((warning) => warning.startsWith('WARN_TLS_'))
    const fine = !readsItself || ['whole.pem', 'der.crt'].includes(name)
    expect(ours).toEqual(fine ? [] : [expect.stringContaining('WARN_TLS_CA_UNREADABLE NODE_EXTRA_CA_CERTS: ')])
    if (!fine && name.endsWith('last.pem')) expect(ours[0]).toContain(name === 'last.pem' ? 'certificate 2 of 2' : 'certificate 1 of 2')
  })

  it.each(['not-last.pem', 'last.pem'])('SSL_CERT_FILE=%s: systemRoots() gives the others', (name) => {
    const list =
      JSON.parse(run(node, 'console.log(JSON.stringify(systemRoots() ?? []))', { SSL_CERT_FILE: file(name), SSL_CERT_DIR: '/nonexistent' }))
    expect(list.map((pem: string) => pem.trim())).toEqual(readsItself || name === 'last.pem' ? [cert.trim()] : [])
  })
})

it('systemRoots() gives the others of what a runtime itself hands out', async () => {
  const handedOut = [authority.ca.cert, authority.ca.cert.replace(/\nMII./, '\nAAAA'), localhost.cert]
  const node: NodeModules = { crypto, fs, tls: { rootCertificates: [], getCACertificates: () => handedOut } }
  const warnings = await warningsDuring(() => {
    expect(nodeSystemRoots(node)).toEqual([authority.ca.cert, localhost.cert])
  })
  expect(warnings).toEqual([{ code: 'WARN_TLS_CA_UNREADABLE', message: expect.stringContaining('certificate 2 of 3') }])
})
