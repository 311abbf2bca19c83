// SSL_CTX_new(3) and what a context is told: certificates, keys, options.

import { beforeAll, describe, expect, it } from 'vitest'
import { readFileSync } from 'node:fs'
import {
  ApiMisuseError, fatalError, load, SSL_OP_IGNORE_UNEXPECTED_EOF, SSL_OP_NO_RENEGOTIATION, SSL_OP_NO_TICKET, SSL_OP_SERVER_PREFERENCE,
  SSL_SESS_CACHE_OFF, Ssl, SslCtx, TLS1_2_VERSION, TLS1_3_VERSION, X509Store, type LibSsl, type SslMethod,
} from '../../src/core.js'
import { authority, CertificateAuthority, file, localhost, openssl, RSA, type KeyPair } from '../helpers/certificates.js'
import { leaks, Link, makeCtx, text, utf8 } from '../helpers/link.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

const code = (expected: string) => expect.objectContaining({ name: 'ApiMisuseError', code: expected }) as unknown
const bytesOf = (path: string) => new Uint8Array(readFileSync(path))

function server(body: (ctx: SslCtx) => void): void {
  const ctx = new SslCtx(lib, 'TLS_server_method')
  try { body(ctx) } finally { ctx.free() }
}

describe('SSL_CTX_new(3)', () => {
  it('makes contexts for clients and for servers, which speak TLS 1.2 and 1.3 alone', () => {
    const link = new Link(lib).established()
    expect([link.client.ssl.isServer(), link.server.ssl.isServer()]).toEqual([false, true])
    link.free()
    for (const older of [0x301, 0x302]) {
      const none = new Link(lib, { client: { configure: (ctx) => { ctx.setMaxProtoVersion(older) } } })
      const result = none.client.handshake()
      expect(fatalError(none.client.ssl, result).code).toBe('ERR_SSL_NO_PROTOCOLS_AVAILABLE')
      none.free()
    }
    server((ctx) => {
      for (const version of [0, TLS1_2_VERSION, TLS1_3_VERSION]) ctx.setMaxProtoVersion(version)
      expect(() => ctx.setMaxProtoVersion(0x1234)).toThrow(ApiMisuseError)
    })
  })

  it('makes a client that verifies its peer, unlike OpenSSL', () => {
    const ctx = new SslCtx(lib, 'TLS_client_method')
    const link = new Link(lib, { client: { ctx }, dnsname: null })
    expect(link.handshake().client.ret).toBe(-1)
    expect(link.client.ssl.getVerifyResultName()).toBe('X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY')
    link.free()
    ctx.free()
  })

  it('makes one for both sides by TLS_method', () => {
    const ctx = new SslCtx(lib, 'TLS_method')
    const store = new X509Store(lib)
    store.addCerts(authority.ca.cert)
    ctx.set1CertStore(store)
    store.free()
    ctx.useCertificateChain(localhost.cert)
    ctx.usePrivateKey(localhost.key)
    const link = new Link(lib, { client: { ctx }, server: { ctx }, dnsname: null }).established()
    expect(link.client.ssl.getVersion()).toBe('TLSv1.3')
    link.free()
    ctx.free()
  })

  it.each(['TLSv1_2_method', '', undefined, 'toString'])('refuses the method %s', (method) => {
    expect(() => new SslCtx(lib, method as SslMethod)).toThrow(code('ERR_TLS_INVALID_ARGUMENT'))
  })

  it('takes less than 5,000 bytes for each but the first, as what all have alike is there once', () => {
    server(() => {})
    const before = lib.allocatedBytes
    const some = Array.from({ length: 20 }, () => new SslCtx(lib, 'TLS_server_method'))
    expect((lib.allocatedBytes - before) / some.length).toBeLessThan(5000)
    for (const ctx of some) ctx.free()
    expect(lib.allocatedBytes - before).toBeLessThan(1000)
  })

  it('is of an instance: what two instances have alike is in the memory of each', async () => {
    const other = await load()
    const agreed = [lib, other].map((one) => {
      const link = new Link(one).established()
      const { ssl } = link.client
      const result = [ssl.getSupportedCiphers(), ssl.get0GroupName(), ssl.get0PeerSignatureName()]
      link.free()
      return result
    })
    expect(agreed[1]).toEqual(agreed[0])
  })

  it('gives its settings to the connections that are made from it afterwards', () => {
    const ctx = makeCtx(lib, 'client')
    const before = new Link(lib, { client: { ctx } })
    ctx.setMaxProtoVersion(TLS1_2_VERSION)
    const after = new Link(lib, { client: { ctx } })
    expect([before, after].map((link) => link.established().client.ssl.getVersion())).toEqual(['TLSv1.3', 'TLSv1.2'])
    before.free()
    after.free()
    ctx.free()
  })
})

describe('SSL_CTX_set_options(3)', () => {
  it('adds, takes away and tells options, which have 64 bits', () => {
    server((ctx) => {
      const first = ctx.getOptions()
      const added = SSL_OP_NO_TICKET | SSL_OP_IGNORE_UNEXPECTED_EOF
      expect(ctx.setOptions(added)).toBe(first | added)
      expect(ctx.clearOptions(SSL_OP_NO_TICKET)).toBe(first | SSL_OP_IGNORE_UNEXPECTED_EOF)
      expect(ctx.setOptions(1n << 40n) & (1n << 40n)).toBe(1n << 40n)
      ctx.setOptions(SSL_OP_NO_RENEGOTIATION | SSL_OP_SERVER_PREFERENCE)
      expect(ctx.getOptions() & SSL_OP_NO_RENEGOTIATION).toBe(SSL_OP_NO_RENEGOTIATION)
    })
  })
})

describe('Setters of SslCtx', () => {
  it('throw OpenSSL\'s code for what it refuses', () => {
    server((ctx) => {
      expect(() => ctx.setCipherList('no such cipher')).toThrow(code('ERR_SSL_NO_CIPHER_MATCH'))
      expect(() => ctx.setCiphersuites('TLS_NONSENSE')).toThrow(code('ERR_SSL_NO_CIPHER_MATCH'))
      expect(() => ctx.set1GroupsList('X25519:nonsense')).toThrow(ApiMisuseError)
      expect(() => ctx.setSessionIdContext(new Uint8Array(33))).toThrow(code('ERR_SSL_SSL_SESSION_ID_CONTEXT_TOO_LONG'))
      for (const call of [() => ctx.setCipherList('A\0B'), () => ctx.setCiphersuites('\0'), () => ctx.set1GroupsList('X25519\0')]) {
        expect(call).toThrow(code('ERR_TLS_INVALID_ARGUMENT'))
      }
    })
  })

  it('refuse ALPN names that are empty or too long, and lists that are', () => {
    server((ctx) => {
      for (const names of [[''], ['h2', ''], ['x'.repeat(256)], ['ü'.repeat(128)], Array.from({ length: 300 }, () => 'x'.repeat(255))]) {
        expect(() => ctx.setAlpnProtos(names)).toThrow(code('ERR_TLS_INVALID_ARGUMENT'))
        expect(() => ctx.setAlpnSelectProtos(names)).toThrow(code('ERR_TLS_INVALID_ARGUMENT'))
      }
      ctx.setAlpnProtos(['h2'])
      ctx.setAlpnProtos([])
    })
  })

  it('take session settings', () => {
    const link = new Link(lib, { server: { configure: (ctx) => {
      ctx.setSessionIdContext(utf8('context'))
      ctx.setSessionCacheMode(SSL_SESS_CACHE_OFF)
      ctx.setNumTickets(0)
    } } })
    let fromServer = 0
    link.established()
    fromServer += link.server.takeAll().byteLength
    expect(fromServer).toBe(0) // no tickets
    link.free()
  })
})

const rsa = authority.leaf({ newkey: RSA })
const other = authority.leaf()
const ed25519 = authority.leaf({ newkey: ['ed25519'] })

interface KeyForm { readonly title: string; readonly pair: KeyPair; readonly make: (path: string) => void; readonly passphrase?: string }

const key = (pair: KeyPair, ...args: string[]) => (path: string) => { openssl(...args, '-in', pair.keyFile, '-out', path) }
const secret = 'correct horse'
const forms: readonly KeyForm[] = [
  { title: 'PKCS#8, PEM, EC', pair: localhost, make: key(localhost, 'pkcs8', '-topk8', '-nocrypt') },
  { title: 'PKCS#8, DER, EC', pair: localhost, make: key(localhost, 'pkcs8', '-topk8', '-nocrypt', '-outform', 'DER') },
  { title: 'SEC1, PEM', pair: localhost, make: key(localhost, 'ec') },
  { title: 'SEC1, DER', pair: localhost, make: key(localhost, 'ec', '-outform', 'DER') },
  { title: 'PKCS#8, PEM, RSA', pair: rsa, make: key(rsa, 'pkcs8', '-topk8', '-nocrypt') },
  { title: 'PKCS#1, PEM', pair: rsa, make: key(rsa, 'rsa', '-traditional') },
  { title: 'PKCS#1, DER', pair: rsa, make: key(rsa, 'rsa', '-traditional', '-outform', 'DER') },
  { title: 'PKCS#8, PEM, Ed25519', pair: ed25519, make: key(ed25519, 'pkcs8', '-topk8', '-nocrypt') },
  { title: 'encrypted PKCS#8, PEM', pair: localhost, passphrase: secret,
    make: key(localhost, 'pkcs8', '-topk8', '-v2', 'aes-256-cbc', '-passout', `pass:${secret}`) },
  { title: 'encrypted PKCS#8, DER', pair: localhost, passphrase: secret,
    make: key(localhost, 'pkcs8', '-topk8', '-outform', 'DER', '-passout', `pass:${secret}`) },
  { title: 'encrypted SEC1, PEM', pair: localhost, passphrase: secret,
    make: key(localhost, 'ec', '-aes128', '-passout', `pass:${secret}`) },
]

describe('SSL_CTX_set_cipher_list(3)', () => {
  const suitesOf = (list: string, ciphersuites?: string): string[] => {
    let suites: string[] = []
    server((ctx) => {
      if (ciphersuites !== undefined) ctx.setCiphersuites(ciphersuites)
      ctx.setCipherList(list)
      const ssl = new Ssl(ctx)
      suites = ssl.getSupportedCiphers()
      ssl.free()
    })
    return suites
  }

  it('stands for the same each time, however many others come between', () => {
    const lists = [
      'DEFAULT', 'ECDHE+CHACHA20:ECDHE+AESGCM', 'ECDHE+AESGCM', 'AES128-SHA', 'ALL:-AES', 'HIGH:!aNULL', 'ECDHE+AESGCM:ECDHE+CHACHA20',
    ]
    const first = lists.map((list) => suitesOf(list))
    expect(new Set(first.map(String)).size).toBe(lists.length)
    expect([...lists, ...lists].map((list) => suitesOf(list))).toEqual([...first, ...first])
    for (const list of lists) expect(suitesOf(list)).toEqual(suitesOf(list))
  })

  it("leaves TLS 1.3's suites as they were set", () => {
    for (const suite of ['TLS_AES_128_GCM_SHA256', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256']) {
      expect(suitesOf('ECDHE+AESGCM', suite).filter((name) => name.startsWith('TLS_'))).toEqual([suite])
    }
  })

  it('sets the security level by @SECLEVEL each time', () => {
    for (const level of [0, 1, 0, 1]) server((ctx) => {
      ctx.setCipherList(`DEFAULT@SECLEVEL=${level}`)
      expect(ctx.getSecurityLevel()).toBe(level)
    })
  })

  it('refuses a list of which nothing is left each time', () => {
    for (let time = 0; time < 2; time++) server((ctx) => {
      expect(() => ctx.setCipherList('ALL:!ALL')).toThrow(code('ERR_SSL_NO_CIPHER_MATCH'))
    })
  })
})

describe('SSL_CTX_use_PrivateKey(3)', () => {
  for (const { title, pair, make, passphrase } of forms) it(`takes ${title}`, () => {
    const path = file(`${title.replace(/\W/g, '-')}.key`)
    make(path)
    const link = new Link(lib, { identity: null, server: { configure: (ctx) => {
      ctx.useCertificateChain(pair.cert)
      ctx.usePrivateKey(bytesOf(path), passphrase)
      ctx.checkPrivateKey()
    } } }).established()
    expect(text(link.send('server', utf8('signed')))).toBe('signed')
    link.free()
  })

  for (const { title, pair, make } of forms.filter(
    ({ passphrase }) => passphrase,
  )) it(`refuses ${title} without its passphrase, and with a wrong one`, () => {
    const path = file(`${title.replace(/\W/g, '-')}-wrong.key`)
    make(path)
    server((ctx) => {
      ctx.useCertificateChain(pair.cert)
      for (const wrong of [undefined, '', 'wrong', utf8('wrong too'), 'x'.repeat(2000)]) {
        let caught: unknown
        try { ctx.usePrivateKey(bytesOf(path), wrong) } catch (error) { caught = error }
        expect(caught, String(wrong)).toBeInstanceOf(ApiMisuseError)
        expect((caught as ApiMisuseError).code).toMatch(/^ERR_[A-Z0-9_]+$/)
        expect((caught as ApiMisuseError).message).not.toContain('no reason')
      }
      ctx.usePrivateKey(bytesOf(path), secret) // nothing was spoilt
    })
  })

  it('refuses a key that does not belong to the certificate', () => {
    server((ctx) => {
      ctx.useCertificateChain(localhost.cert)
      expect(() => ctx.usePrivateKey(other.key)).toThrow(code('ERR_TLS_KEY_MISMATCH'))
      expect(() => ctx.usePrivateKey(rsa.key)).not.toThrow() // it waits for a certificate of its own kind
    })
  })

  it.each<[string, string | Uint8Array]>([
    ['nothing', ''],
    ['text that is no PEM', 'hello'],
    ['a certificate', localhost.cert],
    ['PEM with a broken body', localhost.key.replace(/[A-Za-z]{6}/g, '!!!!!!').replace(/-----[^-]*-----/, '-----BEGIN PRIVATE KEY-----')],
    ['PEM without its end', localhost.key.slice(0, 80)],
    ['a DER sequence of nothing', Uint8Array.of(0x30, 0x00)],
    ['a DER sequence that is longer than its bytes', Uint8Array.of(0x30, 0x82, 0xff, 0xff, 1)],
    ['random bytes', Uint8Array.from({ length: 200 }, (_, index) => (index * 73) % 256)],
  ])('refuses %s', (_, garbage) => {
    server((ctx) => {
      expect(() => ctx.usePrivateKey(garbage)).toThrow(ApiMisuseError)
      expect(() => ctx.usePrivateKey(garbage, 'with a passphrase')).toThrow(ApiMisuseError)
    })
  })

  it('refuses a key that was cut anywhere, and leaks nothing', () => {
    const der = file('cut.der')
    key(localhost, 'pkcs8', '-topk8', '-nocrypt', '-outform', 'DER')(der)
    const whole = bytesOf(der)
    expect(leaks(lib, 10, () => {
      server((ctx) => {
        for (let length = 0; length < whole.length; length++) {
          expect(() => ctx.usePrivateKey(whole.subarray(0, length))).toThrow(ApiMisuseError)
        }
      })
    })).toBe(false)
  })

  it('overwrites its own copies of a key in linear memory', async () => {
    const own = await load()
    const ctx = new SslCtx(own, 'TLS_server_method')
    ctx.useCertificateChain(localhost.cert)
    ctx.usePrivateKey(localhost.key)
    const memory = Buffer.from(own.memory.copyOut(0, own.memoryBytes))
    const middle = localhost.key.split('\n')[1]!
    expect(middle).toHaveLength(64)
    expect(memory.includes(middle)).toBe(false)
    ctx.free()
  })
})

describe('SSL_CTX_check_private_key(3)', () => {
  it('refuses a context without a key or a certificate', () => {
    server((ctx) => {
      expect(() => ctx.checkPrivateKey()).toThrow(code('ERR_SSL_NO_CERTIFICATE_ASSIGNED'))
      ctx.useCertificateChain(localhost.cert)
      expect(() => ctx.checkPrivateKey()).toThrow(code('ERR_SSL_NO_PRIVATE_KEY_ASSIGNED'))
      ctx.usePrivateKey(localhost.key)
      ctx.checkPrivateKey()
    })
  })
})

describe('SSL_CTX_use_certificate_chain_file(3)', () => {
  it('takes a certificate as DER, and PEM with anything between', () => {
    const der = file('leaf.der')
    openssl('x509', '-in', localhost.certFile, '-outform', 'DER', '-out', der)
    for (const certificate of [bytesOf(der), `Some words\n${localhost.cert}\nmore words\n${authority.ca.cert}\nlast words\n`]) {
      const link = new Link(lib, { identity: null, server: { configure: (ctx) => {
        ctx.useCertificateChain(certificate)
        ctx.usePrivateKey(localhost.key)
      } } }).established()
      expect(link.client.ssl.getPeerCertificate()?.subject).toBe('CN=localhost')
      link.free()
    }
  })

  it('replaces the chain that was set before', () => {
    const link = new Link(lib, { identity: null, server: { configure: (ctx) => {
      ctx.useCertificateChain(localhost.cert + authority.ca.cert)
      ctx.useCertificateChain(localhost.cert)
      ctx.usePrivateKey(localhost.key)
    } } }).established()
    expect(link.client.ssl.getPeerCertChain()).toHaveLength(1)
    link.free()
  })

  it('takes no memory for a certificate that came before', () => {
    const taken = [0, 1].map(() => {
      let bytes = 0
      server((ctx) => {
        const before = lib.allocatedBytes
        ctx.useCertificateChain(localhost.cert)
        bytes = lib.allocatedBytes - before
      })
      return bytes
    })
    expect(taken[1]).toBeLessThan(100)
  })

  it('is completed from the store, if it is an own certificate alone', () => {
    const below = new CertificateAuthority('below', authority)
    const own = below.leaf()
    const chainOf = (stored: string | undefined, cert: string) => {
      const link = new Link(lib, { identity: null, server: { configure: (ctx) => {
        const store = new X509Store(lib)
        if (stored) store.addCerts(stored)
        ctx.set1CertStore(store)
        store.free()
        ctx.useCertificateChain(cert)
        ctx.usePrivateKey(own.key)
      } }, client: { configure: (ctx) => { ctx.setVerify(0) } } }).established()
      const chain = link.client.ssl.getPeerCertChain().map(({ subject }) => subject)
      link.free()
      return chain.length
    }
    expect(chainOf(undefined, own.cert)).toBe(1)
    expect(chainOf(below.ca.cert, own.cert)).toBe(2)
    expect(chainOf(authority.ca.cert, own.cert)).toBe(1)
    expect(chainOf(undefined, own.cert + below.ca.cert)).toBe(2)
  })

  it.each<[string, string | Uint8Array]>([
    ['nothing', ''],
    ['a key', localhost.key],
    ['text', 'not a certificate'],
    ['a broken body', localhost.cert.replace(/[a-z]{3}/, '???')],
    ['one good and one broken', localhost.cert + authority.ca.cert.replace(/[a-z]{3}/, '???')],
    ['DER of nothing', Uint8Array.of(0x30, 0)],
    ['DER with bytes after it', (() => {
      const path = file('after.der')
      openssl('x509', '-in', localhost.certFile, '-outform', 'DER', '-out', path)
      return Uint8Array.of(...bytesOf(path), 0)
    })()],
  ])('refuses %s', (_, garbage) => {
    server((ctx) => { expect(() => ctx.useCertificateChain(garbage)).toThrow(ApiMisuseError) })
    const store = new X509Store(lib)
    expect(() => store.addCerts(garbage)).toThrow(ApiMisuseError)
    store.free()
  })
})

describe('X509_STORE_add_cert(3)', () => {
  it('counts what it was given, and takes the same one twice', () => {
    const store = new X509Store(lib)
    expect(store.addCerts(authority.ca.cert)).toBe(1)
    expect(store.addCerts(authority.ca.cert + localhost.cert)).toBe(2)
    store.free()
  })

  it('takes bytes of any kind', () => {
    const store = new X509Store(lib)
    const bytes = utf8(authority.ca.cert)
    for (const source of [
      bytes, bytes.slice().buffer, new DataView(bytes.slice().buffer),
      new Uint8Array(Buffer.concat([Buffer.from('--'), bytes])).subarray(2),
    ]) {
      expect(store.addCerts(source)).toBe(1)
    }
    store.free()
  })
})
