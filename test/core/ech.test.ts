// Encrypted Client Hello upon the core, and what is read for it: configurations and keys.

import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  ApiMisuseError, EchRejectedError, EchStore, fatalError, generateEchKey, load, SSL_ERROR_NONE, SSL_OP_ECH_GREASE, TlsError,
  type EchKey, type LibSsl,
} from '../../src/core.js'
import { temporaryAuthority } from '../helpers/certificates.js'
import { leaks, Link, makeCtx, type LinkOptions } from '../helpers/link.js'

const authority = temporaryAuthority('of names that are hidden')
const identity = authority.leaf({ san: 'DNS:localhost,DNS:public.example' })

let lib: LibSsl
let key: EchKey
let old: EchKey
beforeAll(async () => {
  lib = await load()
  key = generateEchKey(lib, { publicName: 'public.example' })
  old = generateEchKey(lib, { publicName: 'public.example' })
})

function withStore<R>(body: (store: EchStore) => R): R {
  const store = new EchStore(lib)
  try {
    return body(store)
  } finally {
    store.free()
  }
}

/** A link whose client uses `list`; the server has `keys`. */
function link(list: Uint8Array, keys: readonly string[] = [key.pem], options: LinkOptions = {}): Link {
  return new Link(lib, {
    identity, ca: authority.ca.cert, ...options,
    client: { prepare: (ssl) => {
      ssl.setTlsextHostName('localhost')
      withStore((store) => {
        store.readEchconfiglist(list)
        ssl.set1Echstore(store)
      })
    } },
    server: { configure: (ctx) => withStore((store) => {
      for (const pem of keys) store.readPem(pem)
      ctx.set1Echstore(store)
    }) },
  })
}

const misuse = expect.objectContaining({ constructor: ApiMisuseError })

describe('OSSL_ECHSTORE_read_echconfiglist(3)', () => {
  it('takes bytes and base64, and tells what it has read', () => {
    withStore((store) => {
      store.readEchconfiglist(key.configList)
      store.readEchconfiglist(Buffer.from(old.configList).toString('base64'))
      expect([store.numEntries(), store.numKeys()]).toEqual([2, 0])
      expect(store.get1Info(1)).toMatchObject({ publicName: 'public.example', hasPrivate: false, forRetry: false })
      expect(store.get1Info(1).config).toMatch(/^\[fe0d,[\da-f]{2},public\.example,\[0020,0001,0001\],[\da-f]{64},00,00\]$/)
      for (const index of [-1, 2, 99]) expect(() => store.get1Info(index)).toThrow(misuse)
      store.downselect(1)
      expect(store.numEntries()).toBe(1)
      expect(() => store.downselect(1)).toThrow(misuse)
    })
  })

  it('refuses what was cut at any byte, or has one too many', () => {
    withStore((store) => {
      for (let length = 0; length < key.configList.byteLength; length++) {
        expect(() => store.readEchconfiglist(key.configList.slice(0, length)), `${length}`).toThrow(misuse)
      }
      expect(() => store.readEchconfiglist(Uint8Array.of(...key.configList, 0))).toThrow(misuse)
      for (const text of ['', '*', 'AAA', '====', 'a'.repeat(4001)]) expect(() => store.readEchconfiglist(text)).toThrow(misuse)
      expect(store.numEntries()).toBe(0)
    })
  })

  it('takes or refuses garbage and whatever has a byte or two changed, and keeps no memory', () => {
    const read = (bytes: Uint8Array) => withStore((store) => {
      try {
        store.readEchconfiglist(bytes)
        expect(store.numEntries()).toBeGreaterThan(0)
      } catch (error) {
        expect(error).toBeInstanceOf(ApiMisuseError)
        expect(store.numEntries()).toBe(0)
      }
    })
    const changed = fc.array(
      fc.tuple(fc.nat(key.configList.byteLength - 1), fc.nat(255)), { minLength: 1, maxLength: 2 },
    ).map((changes) => {
      const bytes = key.configList.slice()
      for (const [at, value] of changes) bytes[at] = value
      return bytes
    })
    fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 2000 }), changed), read), { numRuns: 500 })
    expect(leaks(lib, 20, () => read(key.configList.slice().fill(0xff, 8)))).toBe(false)
  })

  it('passes over configurations that it does not know, and refuses a list of them alone', () => {
    const framed = (...configs: Uint8Array[]) => {
      const all = Buffer.concat(configs)
      return Uint8Array.of(all.byteLength >> 8, all.byteLength & 0xff, ...all)
    }
    const known = key.configList.slice(2)
    const future = Uint8Array.of(0xfe, 0x0e, 0, 3, 1, 2, 3)
    // Its last two bytes are the length of its extensions. A type with the high bit is mandatory.
    const mandatory = Uint8Array.of(...known.slice(0, -2), 0, 4, 0x80, 1, 0, 0)
    mandatory[3]! += 4
    const otherKem = known.slice()
    otherKem.set([0x7f, 0xff], 5)
    for (const unknown of [future, mandatory, otherKem]) {
      withStore((store) => {
        expect(() => store.readEchconfiglist(framed(unknown))).toThrow(misuse)
        store.readEchconfiglist(framed(unknown, known))
        expect(store.numEntries()).toBe(1)
      })
    }
  })
})

describe('OSSL_ECHSTORE_read_pem(3)', () => {
  it('reads one pair, or many of one text', () => {
    withStore((store) => {
      expect(store.readPem(new TextEncoder().encode(key.pem), false)).toBe(1)
      expect(store.get1Info(0)).toMatchObject({ hasPrivate: true, forRetry: false })
      expect(store.readPem(`${old.pem}\n# the next\n${key.pem}`)).toBe(2)
      expect([store.numEntries(), store.numKeys()]).toEqual([3, 3])
      expect(store.get1Info(2)).toMatchObject({ hasPrivate: true, forRetry: true, publicName: 'public.example' })
      store.flushKeys(3600)
      expect(store.numKeys()).toBe(3)
      store.flushKeys(-1)
      expect(store.numKeys()).toBe(0)
    })
  })

  it('refuses keys without configurations, configurations without keys, others, and what was cut', () => {
    const [privateKey, config] = key.pem.split(/(?=-----BEGIN ECHCONFIG)/) as [string, string]
    const otherConfig = old.pem.split(/(?=-----BEGIN ECHCONFIG)/)[1]!
    const bad =
      ['', 'x', privateKey, config, config + privateKey, privateKey + otherConfig, identity.key, identity.cert, key.pem + privateKey,
      ...Array.from({ length: 10 }, (_, n) => key.pem.slice(0, n * key.pem.length / 10))]
    for (const pem of bad) withStore((store) => expect(() => store.readPem(pem), pem).toThrow(misuse))
    expect(leaks(lib, 10, () => { for (const pem of bad) withStore((store) => { try { store.readPem(pem) } catch {} }) })).toBe(false)
  })
})

describe('OSSL_ECHSTORE_new_config(3)', () => {
  it('makes keys by suite and length of names', () => {
    const made = generateEchKey(lib, { publicName: 'a.example', suite: 'p-256,hkdf-sha256,chacha20-poly1305', maxNameLength: 40 })
    withStore((store) => {
      store.readPem(made.pem)
      expect(store.get1Info(0).config).toMatch(/^\[fe0d,..,a\.example,\[0010,0001,0003\],[\da-f]{130},28,00\]$/)
    })
  })

  it.each([
    ['', undefined, 0], ['.example', undefined, 0], ['a\0b', undefined, 0], ['x'.repeat(300), undefined, 0], ['127.0.0.1', undefined, 0],
    ['a.example', 'x25519', 0], ['a.example', '', 0], ['a.example', undefined, 256], ['a.example', undefined, -1],
    ['a.example', undefined, 0.5],
  ])('refuses the name %j, the suite %j and the length %j', (publicName, suite, maxNameLength) => {
    expect(() => generateEchKey(lib, { publicName, maxNameLength, ...(suite !== undefined && { suite }) })).toThrow(misuse)
  })

  it('keeps no memory', () => {
    expect(leaks(lib, 10, () => { generateEchKey(lib, { publicName: 'a.example' }) })).toBe(false)
  })
})

describe('SSL_ech_get1_status(3)', () => {
  it('tells both sides the names, once ECH was accepted', () => {
    expect(leaks(lib, 5, () => {
      const { client, server, free } = bound(link(key.configList).established())
      for (const { ssl } of [client, server]) {
        expect(ssl.echGet1Status()).toEqual({ status: 'accepted', innerServername: 'localhost', outerServername: 'public.example' })
      }
      expect(server.ssl.getServername()).toBe('localhost')
      free()
    })).toBe(false)
  })

  it('tells of a rejection, and SSL_ech_get1_retry_config(3) what to try next', () => {
    expect(leaks(lib, 5, () => {
      const { client, server, handshake, free } = bound(link(old.configList))
      const error = fatalError(client.ssl, handshake().client)
      expect(error).toBeInstanceOf(EchRejectedError)
      expect(error).toMatchObject({ retryConfigList: key.configList, publicNameVerified: true })
      expect(client.ssl.echGet1Status()).toMatchObject({ status: 'rejected, answered', innerServername: 'localhost' })
      expect(server.ssl.echGet1Status().status).toBe('grease')
      free()
    })).toBe(false)
  })

  it('tells of noise, and of nothing', () => {
    const statuses = (options: LinkOptions) => {
      const { client, server, free } = bound(new Link(lib, { identity, ca: authority.ca.cert, ...options }).established())
      const both = [client, server].map(({ ssl }) => ssl.echGet1Status().status)
      free()
      return both
    }
    const grease = { configure: (ctx: ReturnType<typeof makeCtx>) => { ctx.setOptions(SSL_OP_ECH_GREASE) } }
    const keys = {
      configure: (ctx: ReturnType<typeof makeCtx>) => withStore((store) => { store.readPem(key.pem); ctx.set1Echstore(store) }),
    }
    expect(statuses({})).toEqual(['not configured', 'not configured'])
    expect(statuses({ client: grease })).toEqual(['grease', 'not configured'])
    expect(statuses({ client: grease, server: keys })).toEqual(['grease, answered', 'grease'])
    expect(statuses({ server: keys })).toEqual(['not configured', 'not tried'])
  })

  it('has another outer name, or none, if told so', () => {
    for (const [name, outerServername] of [['cover.example', 'cover.example'], ['no name\n', undefined], [null, undefined]] as const) {
      const one = link(key.configList)
      one.client.ssl.echSet1OuterServerName(name)
      one.established()
      expect(one.server.ssl.echGet1Status()).toEqual({ status: 'accepted', innerServername: 'localhost', outerServername })
      one.free()
    }
  })
})

it('shows the true name to nobody on the way, and the public one to everybody', () => {
  let seen = Buffer.alloc(0)
  const one = link(key.configList, [key.pem], { tap: (from, bytes) => { if (from === 'client') seen = Buffer.concat([seen, bytes]) } })
    .established()
  expect(seen.includes('public.example')).toBe(true)
  expect(seen.includes('localhost')).toBe(false)
  one.free()
})

it('ends in a defined way whichever byte of a ClientHello is changed', () => {
  for (let at = 5; at < 1700; at += 7) {
    let done = 0
    const one = link(key.configList, [key.pem], { tap: (from, bytes) => {
      if (from === 'client' && at >= done && at < done + bytes.byteLength) bytes[at - done]! ^= 1 + at % 255
      if (from === 'client') done += bytes.byteLength
      return bytes
    } })
    const results = one.handshake()
    for (const side of ['client', 'server'] as const) {
      if (results[side].error === SSL_ERROR_NONE || results[side].ret === -1 && results[side].error !== 1) continue
      expect(fatalError(one[side].ssl, results[side]), `byte ${at}`).toBeInstanceOf(TlsError)
    }
    expect(results.client.ret === 1 && results.server.ret === 1, `byte ${at}`).toBe(false)
    one.free()
  }
})

/** Its parts, to be taken apart. */
function bound(one: Link) {
  return { client: one.client, server: one.server, handshake: () => one.handshake(), free: () => one.free() }
}
