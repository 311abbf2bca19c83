import * as nodeTls from 'node:tls'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import * as face from '../../src/node/tls/index.js'
import tls from '../../src/node/tls/index.js'
import { bunProgram } from '../conformance/runtimes/bun.js'
import { denoProgram } from '../conformance/runtimes/deno.js'
import { findNode } from '../conformance/runtimes/node.js'
import { localhost } from '../helpers/certificates.js'
import { runNode } from '../helpers/installed.js'

// An alias needs no cast: tsc checks these.
const asDefault: typeof nodeTls = tls
const asNamespace: Omit<typeof nodeTls, 'createSecurePair' | 'default'> = face
void asDefault
void asNamespace

const repo = join(import.meta.dirname, '../..')
const dist = (file: string) => join(repo, 'dist/node', file)
const node = (code: string, ...args: string[]) =>
  execFileSync(process.execPath, [...args, '-e', code], { encoding: 'utf8', cwd: repo }).trim()

describe('libssl-wasm/node/tls', () => {
  it.each(
    Object.keys(nodeTls).filter((name) => name !== 'default' && name !== 'module.exports'),
  )('has %s, of the same type as in node:tls', (name) => {
    expect(typeof Reflect.get(tls, name)).toBe(typeof Reflect.get(nodeTls, name))
    if (name !== 'createSecurePair') expect(Reflect.get(face, name)).toBe(Reflect.get(tls, name))
  })

  it.each(['TLSSocket', 'Server'] as const)('has every public method of %s', (name) => {
    const methods = (of: { prototype: object }) =>
      Object.getOwnPropertyNames(of.prototype).filter((method) => !method.startsWith('_') && method !== 'setOptions')
    for (const method of methods(nodeTls[name])) expect(tls[name].prototype, method).toHaveProperty(method)
  })

  it('looks at what is assigned to it', () => {
    const { DEFAULT_MIN_VERSION: before, createSecureContext } = tls
    let made = 0
    try {
      tls.DEFAULT_MIN_VERSION = 'nonsense' as never
      expect(() => tls.createSecureContext()).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_PROTOCOL_VERSION' }))
      tls.DEFAULT_MIN_VERSION = before
      tls.createSecureContext = (options) => {
        made++
        return createSecureContext(options)
      }
      new tls.Server()
      expect(made).toBe(1)
    } finally {
      Object.assign(tls, { DEFAULT_MIN_VERSION: before, createSecureContext })
    }
  })

  it('lists ciphers in lower case', () => {
    expect(tls.getCiphers()).toEqual(expect.arrayContaining(['tls_aes_256_gcm_sha384', 'ecdhe-rsa-aes128-gcm-sha256']))
    expect(tls.getCiphers().every((name) => name === name.toLowerCase())).toBe(true)
  })

  it('has roots as PEM, frozen, and trusts others when it is told to', () => {
    expect(Object.isFrozen(tls.rootCertificates)).toBe(true)
    expect(tls.rootCertificates.every((pem) => /^-----BEGIN CERTIFICATE-----\n[^]+\n-----END CERTIFICATE-----$/.test(pem))).toBe(true)
    const before = tls.getCACertificates()
    expect(() => tls.setDefaultCACertificates(['no certificate'])).toThrow(expect.objectContaining({ code: 'ERR_CRYPTO_OPERATION_FAILED' }))
    expect(tls.getCACertificates()).toEqual(before)
    tls.setDefaultCACertificates(before.slice(0, 2))
    expect(tls.getCACertificates('default')).toEqual(before.slice(0, 2))
    tls.setDefaultCACertificates(before)
    expect(() => tls.getCACertificates('unknown' as never)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }))
  })

  it('imports nothing of what it replaces', () => {
    const files = readdirSync(join(repo, 'src/node'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && file !== 'register.ts')
    for (const file of files) {
      const code = readFileSync(join(repo, 'src/node', file), 'utf8').replace(/import type [^\n]*/g, '')
        .replace(/\/\/.*|\/\*[^]*?\*\//g, '')
      expect(code, file).not.toMatch(/['"](?:node:)?_?tls(?:_\w+)?['"]/)
    }
  })
})

describe("Node's own flags hold for the face, too:", () => {
  const tlsOf = `const tls = require(${JSON.stringify(dist('tls.cjs'))});`

  it('--use-system-ca and NODE_USE_SYSTEM_CA', () => {
    const certificates =
      `${tlsOf} console.log(['bundled', 'system', 'extra', 'default'].map((type) => tls.getCACertificates(type).length).join())`
    // As files, for Node 20 does not know these flags: its program sees them all the same.
    const counts = (code: string, env = {}) => execFileSync(
      process.execPath, ['-e', code], { encoding: 'utf8', cwd: repo, env: { ...process.env, ...env } },
    ).trim().split(',').map(Number)
    const flag = (name: string) => `process.execArgv.push('${name}');`
    const [bundled, system, extra] = counts(certificates) as [number, number, number]
    expect(counts(certificates)[3]).toBe(bundled + extra)
    expect(counts(`${flag('--use-system-ca')} ${certificates}`)[3]).toBe(bundled + system + extra)
    expect(counts(certificates, { NODE_USE_SYSTEM_CA: '1' })[3]).toBe(bundled + system + extra)
    expect(counts(`${flag('--no-use-system-ca')} ${certificates}`, { NODE_USE_SYSTEM_CA: '1' })[3]).toBe(bundled + extra)
  })

  it('--tls-keylog and --trace-tls', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tls-flags-'))
    const file = join(directory, 'keys.log')
    const { cert, key } = localhost
    const code = `${tlsOf}
      const server = tls.createServer({
        cert: ${JSON.stringify(cert)}, key: ${JSON.stringify(key)}, maxVersion: 'TLSv1.2' }, (socket) => socket.end())
      server.listen(0, () => tls.connect({ port: server.address().port, rejectUnauthorized: false })
        .resume().on('close', () => server.close()))`
    try {
      const output = await runNode(process.execPath, [`--tls-keylog=${file}`, '--trace-tls', '-e', code], repo)
      const lines = readFileSync(file, 'utf8').trim().split('\n')
      expect(lines).toHaveLength(2) // of each end
      expect(lines[0]).toMatch(/^CLIENT_RANDOM /)
      expect(lines[1]).toBe(lines[0])
      expect(output).toMatch(/Sent .*ClientHello/)
      for (const flag of ['--tls-keylog', '--trace-tls']) expect(output).toContain(flag)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})

describe('the built package', () => {
  it('gives require() the object itself', () => {
    const code = "tls.DEFAULT_ECDH_CURVE = 'P-256'; console.log(tls.DEFAULT_ECDH_CURVE, typeof tls.connect, tls.getCiphers().length > 10)"
    expect(node(`const tls = require(${JSON.stringify(dist('tls.cjs'))}); ${code}`)).toBe('P-256 function true')
  })

  const programs = { 'this Node': process.execPath, 'Node 22': findNode(22), 'Node 24': findNode(24), Bun: bunProgram() }
  it.each(Object.entries(programs).flatMap(([name, program]) => program === undefined ? [] : [[name, program]]))(
    'is one module for require() and import in %s', (_, program) => {
      const code = "const tls = require('libssl-wasm/node/tls'); tls.DEFAULT_ECDH_CURVE = 'P-256'; "
        + "import('libssl-wasm/node/tls').then((face) => console.log(face.default === tls, "
        + 'face.default.DEFAULT_ECDH_CURVE, typeof face.connect))'
      expect(execFileSync(program!, ['-e', code], { encoding: 'utf8', cwd: repo }).trim()).toBe('true P-256 function')
    })

  it('replaces node:tls for require(), import and https', () => {
    const code = "const ours = (await import('libssl-wasm/node/tls')).default; const { connect } = await import('node:tls');"
      + "console.log(connect === ours.connect, require('tls').Server === ours.Server, "
      + "require('https').createServer({}) instanceof ours.Server)"
    const url = pathToFileURL(dist('register.js')).href
    expect(node(`(async () => { ${code} })()`, '--import', url)).toBe('true true true')
  })

  const runtimes = {
    'this Node': [process.execPath], Deno: [denoProgram(), 'run', '--allow-all', '--no-remote', '--quiet'], Bun: [bunProgram()],
  }
  it.each(
    Object.entries(runtimes).filter(([, [program]]) => program !== undefined),
  )('replaces node:tls for what is imported later in %s', async (_, [program, ...args]) => {
    const out = await runNode(
      program!, [...args as string[], fileURLToPath(new URL('registers.mjs', import.meta.url))], repo, { DENO_NO_UPDATE_CHECK: '1' },
    )
    expect(out.trim()).toBe('name, default, require, https')
  })
})
