// A call that succeeds leaves nothing in OpenSSL's error queue: a later failure would take for its own what was left.

import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import * as core from '../../src/core.js'
import { takeErrors } from '../../src/core/err-queue.js'
import { authority, file, localhost, openssl, RSA } from '../helpers/certificates.js'
import { Link, makeCtx, VERSIONS, type LinkOptions } from '../helpers/link.js'

/** What calls have left, by their names. */
const left: Record<string, string> = {}
let busy = false
function look(lib: core.LibSsl | undefined, name: string): void {
  if (busy || lib === undefined) return
  busy = true
  const errors = takeErrors(lib)
  if (errors.length > 0) left[name] = errors.map(({ code, data }) => `${code} ${data}`).join(', ')
  busy = false
}

/** The methods and getters of a class and of those that it extends. */
function* propertiesOf(one: { readonly prototype: object }): Generator<[prototype: object, name: string, property: PropertyDescriptor]> {
  for (let prototype = one.prototype; prototype !== Object.prototype; prototype = Object.getPrototypeOf(prototype) as object) {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (name !== 'constructor') yield [prototype, name, property]
    }
  }
}

/** Looks after each call of these classes that has not thrown. */
function watch(...classes: readonly { readonly name: string; readonly prototype: object }[]): void {
  for (const one of classes) {
    for (const [prototype, name, property] of propertiesOf(one)) {
      const kind = property.get ? 'get' : 'value'
      const call: unknown = property[kind]
      if (typeof call !== 'function' || name === 'lib') continue
      property[kind] = function (this: { readonly lib?: core.LibSsl }, ...args: unknown[]) {
        const result: unknown = call.apply(this, args)
        look(this.lib, `${one.name}.${name}`)
        return result
      }
      Object.defineProperty(prototype, name, property)
    }
  }
}

let lib: core.LibSsl
beforeAll(async () => {
  lib = await core.load()
  watch(core.SslCtx, core.Ssl, core.SslSession, core.X509Store, core.EchStore, core.BioPair)
})

/** All that can be asked without arguments. */
function askAll(ssl: core.Ssl): void {
  const askedHere = /^(get(?!ClientHello)|is|has|count|echGet|sessionReused|verifyCert)/
  const asked = [...propertiesOf(core.Ssl)].filter(([, name, { value }]) => (
    typeof value === 'function' && value.length === 0 && askedHere.test(name)))
  expect(asked.length).toBeGreaterThan(40)
  for (const [, , { value }] of asked) (value as (this: core.Ssl) => unknown).call(ssl)
}

const keys = { RSA, 'P-256': ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], 'P-521': ['ec', '-pkeyopt', 'ec_paramgen_curve:P-521'],
  Ed25519: ['ed25519'], Ed448: ['ed448'] }

it('contexts, and what is set on them', () => {
  const pfx = file('quiet.p12')
  openssl('pkcs12', '-export', '-in', localhost.certFile, '-inkey', localhost.keyFile, '-out', pfx, '-passout', 'pass:secret')
  for (const method of ['TLS_client_method', 'TLS_server_method'] as const) {
    const ctx = new core.SslCtx(lib, method)
    look(lib, method)
    ctx.usePkcs12(readFileSync(pfx), 'secret')
    ctx.getCertChain()
    ctx.setCipherList('ALL:!aNULL')
    ctx.set1GroupsList('X25519:P-256:P-384:P-521:brainpoolP512r1tls13:ffdhe2048')
    ctx.set1SigalgsList('ed25519:ecdsa_secp256r1_sha256:RSA-PSS+SHA512')
    ctx.setDhAuto(true)
    ctx.free()
  }
  expect(left).toEqual({})
})

describe.each(VERSIONS)('%s', (version) => {
  it.each(Object.entries(keys))('a handshake with certificates of %s on both sides, and another one by its session', (_, newkey) => {
    const identity = authority.leaf({ newkey })
    const options: LinkOptions = { version, identity, client: { configure: (ctx) => {
      ctx.useCertificateChain(identity.cert)
      ctx.usePrivateKey(identity.key)
    } }, server: { configure: (ctx) => {
      const store = new core.X509Store(lib)
      store.addCerts(authority.ca.cert)
      ctx.set1CertStore(store)
      ctx.addToCaList(store)
      store.free()
      ctx.setVerify(core.SSL_VERIFY_PEER)
      ctx.setSessionIdContext(new Uint8Array(4))
    } } }
    const [client, server] = [makeCtx(lib, 'client', options), makeCtx(lib, 'server', options)]
    for (const ctx of [client, server]) ctx.set1GroupsList('X25519:P-256:P-521')
    let session: core.SslSession | undefined
    for (const resumed of [false, true]) {
      const prepare = (ssl: core.Ssl) => { if (session) ssl.setSession(session) }
      const link = new Link(lib, { ...options, client: { ctx: client, prepare }, server: { ctx: server } }).established()
      expect(link.client.ssl.sessionReused()).toBe(resumed)
      for (const from of ['client', 'server'] as const) link.send(from, new Uint8Array(10))
      for (const { ssl } of [link.client, link.server]) askAll(ssl)
      session ??= core.SslSession.fromBytes(lib, link.client.ssl.get1Session()!.toBytes())
      link.client.ssl.shutdown()
      link.carry()
      link.free()
    }
    expect(left).toEqual({})
  })
})
