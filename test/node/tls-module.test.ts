import * as nodeTls from 'node:tls'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import * as face from '../../src/node/tls/index.js'
import tls from '../../src/node/tls/index.js'
import { bunProgram } from '../conformance/runtimes/bun.js'
import { findNode } from '../conformance/runtimes/node.js'

// An alias needs no cast: tsc checks these.
const asDefault: typeof nodeTls = tls
const asNamespace: Omit<typeof nodeTls, 'createSecurePair' | 'default'> = face
void asDefault
void asNamespace

const repo = join(import.meta.dirname, '../..')
const dist = (file: string) => join(repo, 'dist/node', file)
const node = (code: string, ...args: string[]) => execFileSync(process.execPath, [...args, '-e', code], { encoding: 'utf8', cwd: repo }).trim()

describe('libssl-wasm/node/tls', () => {
  it.each(Object.keys(nodeTls).filter((name) => name !== 'default' && name !== 'module.exports'))('has %s, of the same type as in node:tls', (name) => {
    expect(typeof Reflect.get(tls, name)).toBe(typeof Reflect.get(nodeTls, name))
    if (name !== 'createSecurePair') expect(Reflect.get(face, name)).toBe(Reflect.get(tls, name))
  })

  it.each(['TLSSocket', 'Server'] as const)('has every public method of %s', (name) => {
    const methods = (of: { prototype: object }) => Object.getOwnPropertyNames(of.prototype).filter((method) => !method.startsWith('_') && method !== 'setOptions')
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
    const files = readdirSync(join(repo, 'src/node'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts') && file !== 'register.ts')
    for (const file of files) {
      const code = readFileSync(join(repo, 'src/node', file), 'utf8').replace(/import type [^\n]*/g, '').replace(/\/\/.*|\/\*[^]*?\*\//g, '')
      expect(code, file).not.toMatch(/['"](?:node:)?_?tls(?:_\w+)?['"]/)
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
        + "import('libssl-wasm/node/tls').then((face) => console.log(face.default === tls, face.default.DEFAULT_ECDH_CURVE, typeof face.connect))"
      expect(execFileSync(program!, ['-e', code], { encoding: 'utf8', cwd: repo }).trim()).toBe('true P-256 function')
    })

  it('replaces node:tls for require(), import and https', () => {
    const code = "const ours = (await import('libssl-wasm/node/tls')).default; const { connect } = await import('node:tls');"
      + "console.log(connect === ours.connect, require('tls').Server === ours.Server, require('https').createServer({}) instanceof ours.Server)"
    const url = pathToFileURL(dist('register.js')).href
    expect(node(`(async () => { ${code} })()`, '--import', url)).toBe('true true true')
  })
})
