// What node:tls tells of a connection, and takes for one, in ours: against node:tls itself.

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  load, LSW_OCSP_UNCHECKED, LSW_TICKET_KEY128_BYTES, SSL_OP_NO_TICKET, SSL_SESS_CACHE_CLIENT, SSL_SESS_CACHE_NO_INTERNAL_LOOKUP,
  SSL_SESS_CACHE_NO_INTERNAL_STORE, SSL_SESS_CACHE_SERVER, SslCtx, SslSession, X509Store, type ClientHello, type LibSsl, type Ssl,
} from '../../src/core.js'
import { authority, localhost, openssl, RSA } from '../helpers/certificates.js'
import { leaks, Link, makeCtx, utf8, VERSIONS, type LinkOptions, type Version } from '../helpers/link.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

const ticketKeys = Buffer.from(Uint8Array.from({ length: LSW_TICKET_KEY128_BYTES }, (_, index) => index))
const sessionIdContext = 'the same'
const rsa = authority.leaf({ newkey: RSA })
const elsewhere = authority.leaf({ name: 'elsewhere' })

/** What one of Node's connections tells. */
interface NodeTold {
  readonly cipher: tls.CipherNameAndProtocol
  readonly key: tls.EphemeralKeyInfo | object | null
  /** As OpenSSL writes it, and what Node puts before it. */
  readonly session: Buffer
  readonly head: Buffer
  readonly ticket: Buffer | undefined
  readonly reused: boolean
}

const server = tls.createServer(
  { cert: [localhost.cert, rsa.cert], key: [localhost.key, rsa.key], ticketKeys, sessionIdContext, dhparam: 'auto' } as tls.TlsOptions,
  (socket) => { socket.on('error', () => {}).end('x') },
)
beforeAll(async () => { await once(server.listen(0, '127.0.0.1'), 'listening') })
afterAll(() => { server.close() })

/** Node's client and Node's server. */
async function connected(options: tls.ConnectionOptions): Promise<NodeTold> {
  const socket = tls.connect({
    port: (server.address() as AddressInfo).port, host: '127.0.0.1', servername: 'localhost', ca: authority.ca.cert, ...options,
  })
  let session: Buffer | undefined
  socket.on('session', (one) => { session = one })
  await once(socket.resume(), 'end')
  const told = {
    cipher: socket.getCipher(), key: socket.getEphemeralKeyInfo(), ...split(session ?? socket.getSession()!),
    ticket: socket.getTLSTicket(), reused: socket.isSessionReused(),
  }
  socket.end()
  return told
}

/** Node 24 puts a mark before a session, and the name of its server, with the length in two bytes. */
function split(written: Buffer): { head: Buffer; session: Buffer } {
  const mark = Buffer.from('\0nodejs:tls:session:1\0')
  const headBytes = written.indexOf(mark) === 0 ? mark.length + 2 + written.readUInt16BE(mark.length) : 0
  return { head: written.subarray(0, headBytes), session: written.subarray(headBytes) }
}

/** Ours on both sides; the session that the client is given at last. */
function linked<T>(
  version: Version, options: LinkOptions, body: (link: Link) => T, session?: Uint8Array,
): { answer: T; session: Uint8Array | undefined } {
  let given: Uint8Array | undefined
  const offered = session && SslSession.fromBytes(lib, session)
  const link = new Link(lib, {
    ...options, version,
    client: {
      configure(ctx) {
        ctx.setSessionCacheMode(SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE)
        ctx.sessSetCallbacks()
        options.client?.configure?.(ctx)
      },
      prepare(ssl) {
        ssl.setTlsextHostName('localhost')
        ssl.setNewSessionCb((_, bytes) => { given = bytes })
        if (offered) ssl.setSession(offered)
        options.client?.prepare?.(ssl)
      },
    },
  }).established()
  try {
    link.send('server', utf8('x'))
    return { answer: body(link), session: given }
  } finally {
    offered?.free()
    link.free()
  }
}

describe.each(VERSIONS)('under %s', (version) => {
  const versions = { minVersion: version, maxVersion: version }

  it('SslCtx.setTicketKeys with keys of 48 bytes opens tickets of Node’s, and Node ours', async () => {
    const configure = (ctx: SslCtx) => {
      ctx.setTicketKeys(ticketKeys, LSW_TICKET_KEY128_BYTES)
      ctx.setSessionIdContext(utf8(sessionIdContext))
    }
    const { session, head } = await connected(versions)
    const resumed = linked(version, { server: { configure } }, ({ server: { ssl } }) => ssl.sessionReused(), session)
    expect(resumed.answer).toBe(true)
    const ours = linked(version, { server: { configure } }, () => {})
    await expect(connected({ ...versions, session: Buffer.concat([head, ours.session!]) })).resolves.toMatchObject({ reused: true })
  })

  it('SslSession.getTicket is getTLSTicket', async () => {
    const { session, ticket } = await connected(versions)
    const ours = SslSession.fromBytes(lib, session)
    // Node's is that of the first TLS 1.3 ticket or of the last, by when it is asked.
    expect(ours.getTicket()?.byteLength).toBe(ticket?.byteLength)
    if (version === 'TLSv1.2') expect(Buffer.from(ours.getTicket()!)).toEqual(ticket)
    expect(ours.getTicketLength()).toBe(ticket?.byteLength)
    ours.free()
  })

  it('getCipher, getCipherStandardName and getCipherVersion are getCipher()', async () => {
    const suites = version === 'TLSv1.3' ? ['TLS_AES_128_GCM_SHA256', 'TLS_CHACHA20_POLY1305_SHA256']
      : ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-SHA', 'ECDHE-ECDSA-AES128-SHA256']
    for (const suite of suites) {
      const configure = (ctx: SslCtx) => { if (version === 'TLSv1.3') ctx.setCiphersuites(suite); else ctx.setCipherList(suite) }
      const { answer } = linked(version, { client: { configure } }, ({ client: { ssl } }) => ({
        name: ssl.getCipher(), standardName: ssl.getCipherStandardName(), version: ssl.getCipherVersion(),
      }))
      expect(answer).toEqual((await connected({ ...versions, ciphers: suite })).cipher)
    }
  })

  it.each(['P-256', 'P-384', 'X25519'])('getPeerTmpKey is getEphemeralKeyInfo(): %s', async (curve) => {
    const { answer } = linked(
      version, { identity: rsa, client: { configure: (ctx) => { ctx.set1GroupsList(curve) } } },
      ({ client: { ssl } }) => ssl.getPeerTmpKey(),
    )
    expect(answer).toEqual((await connected({ ...versions, ecdhCurve: curve })).key)
  })
})

describe('SslCtx.setTmpDh', () => {
  const params = (group: string) => openssl('genpkey', '-genparam', '-algorithm', 'DH', '-pkeyopt', `group:${group}`)

  // A client that offers ffdhe2048 and the like is given that (RFC 7919), whatever was set.
  it('is what a client sees', () => {
    for (const [group, bits] of [['ffdhe2048', 2048], ['ffdhe3072', 3072]] as const) {
      const configure = (ctx: SslCtx) => { expect(ctx.setTmpDh(params(group))).toBe(bits) }
      const dhe = (ctx: SslCtx) => {
        ctx.setCipherList('DHE-RSA-AES128-GCM-SHA256')
        ctx.set1GroupsList('X25519')
      }
      const { answer } = linked('TLSv1.2', { identity: rsa, server: { configure }, client: { configure: dhe } },
        ({ client: { ssl } }) => ssl.getPeerTmpKey())
      expect(answer).toEqual({ type: 'DH', size: bits })
    }
  })

  it('takes DER, and refuses what is too weak or is none', () => {
    const ctx = new SslCtx(lib, 'TLS_server_method')
    const der = Buffer.from(params('ffdhe2048').replace(/-----.*-----|\n/g, ''), 'base64')
    expect(ctx.setTmpDh(der)).toBe(2048)
    const weak = openssl('dhparam', '512')
    for (const [bad, code] of [
      [weak, 'ERR_SSL_DH_KEY_TOO_SMALL'], [localhost.cert, 'ERR_PEM_NO_START_LINE'], ['', 'ERR_PEM_NO_START_LINE'],
    ] as const) {
      expect(() => ctx.setTmpDh(bad)).toThrow(expect.objectContaining({ code }))
    }
    expect(leaks(lib, 20, () => {
      ctx.setTmpDh(der)
      try { ctx.setTmpDh(weak) } catch { /* as above */ }
    })).toBe(false)
    ctx.free()
  })
})

describe('ClientHello', () => {
  const hello = (prepare: NonNullable<LinkOptions['client']>['prepare'], session?: Uint8Array): ClientHello => {
    let seen: ClientHello | undefined
    linked(
      'TLSv1.2',
      { client: { prepare: prepare! },
      server: { prepare: (ssl) => { ssl.setClientHelloCb(() => { seen = ssl.getClientHello(); return 1 }) } } }, () => {}, session,
    )
    return seen!
  }

  it('has the session id, and whether a ticket is shown and OCSP asked for', async () => {
    expect(hello(() => {})).toMatchObject({ sessionId: new Uint8Array(), sessionIdBytes: 0, hasTicket: false, requestsOcsp: false })
    expect(hello((ssl) => { ssl.requestOcsp(LSW_OCSP_UNCHECKED) })).toMatchObject({ requestsOcsp: true })
    const { session } = await connected({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' })
    const { sessionId, sessionIdBytes, hasTicket } = hello(() => {}, session)
    expect({ bytes: sessionId.byteLength, sessionIdBytes, hasTicket }).toEqual({ bytes: 32, sessionIdBytes: 32, hasTicket: true })
  })
})

describe.each(VERSIONS)('LSW_OCSP_UNCHECKED under %s', (version) => {
  it('gives a response that a checked handshake would not take', () => {
    const response = Uint8Array.of(0x30, 0x03, 0x0a, 0x01, 0x03) // "try later"
    const { answer } = linked(version, {
      client: { prepare: (ssl) => { ssl.requestOcsp(LSW_OCSP_UNCHECKED) } },
      server: { prepare: (ssl) => { ssl.setTlsextStatusCb(() => { ssl.setTlsextStatusOcspResp(response); return true }) } },
    }, ({ client: { ssl } }) => ssl.getTlsextStatusOcspResp())
    expect(answer).toEqual(response)
  })
})

// ---- what a server decides while it is asked ----

describe.each(VERSIONS)('a server of %s', (version) => {
  /** A handshake with a server that remembers, and issues no tickets that hold a session. */
  function remembering(
    sessions: Map<string, Uint8Array>, session: Uint8Array | undefined, find: (id: Uint8Array) => Uint8Array | undefined,
    hello: (ssl: Ssl) => 1 | -1,
  ) {
    return linked(version, {
      server: {
        configure(ctx) {
          ctx.setOptions(SSL_OP_NO_TICKET)
          ctx.setSessionCacheMode(SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL_LOOKUP | SSL_SESS_CACHE_NO_INTERNAL_STORE)
          ctx.setSessionIdContext(utf8('late'))
          ctx.sessSetCallbacks()
        },
        prepare(ssl) {
          ssl.setNewSessionCb((id, bytes) => { sessions.set(Buffer.from(id).toString('hex'), bytes) })
          ssl.setGetSessionCb(find)
          ssl.setClientHelloCb(() => hello(ssl))
        },
      },
    }, ({ server: { ssl } }) => ssl.sessionReused(), session)
  }

  it('waits for a session that is found late', () => {
    const sessions = new Map<string, Uint8Array>()
    const { session } = remembering(sessions, undefined, () => undefined, () => 1)
    let [asked, found]: [number, Uint8Array | undefined] = [0, undefined]
    const { answer } = remembering(sessions, session, () => found, (ssl) => {
      // TLS 1.3 has no session ids: there the store is the shim's question alone.
      const id = Buffer.from(ssl.getClientHello().sessionId).toString('hex')
      if (version === 'TLSv1.2') expect(sessions.has(id)).toBe(true)
      if (asked++ < 2) return -1
      found = version === 'TLSv1.2' ? sessions.get(id) : [...sessions.values()].at(-1)
      return 1
    })
    expect([answer, asked]).toEqual([true, 3])
  })

  it('shows what it chooses by ALPN', () => {
    const other = makeCtx(lib, 'server', { identity: elsewhere })
    const { answer } = linked(version, {
      client: { configure: (ctx) => { ctx.setAlpnProtos(['acme-tls/1']) } },
      server: { prepare: (ssl) => { ssl.setAlpnSelectCb(([protocol]) => { ssl.useIdentityOf(other); return protocol }) } },
    }, ({ client: { ssl } }) => ssl.getPeerCertificate()?.subject)
    expect(answer).toBe('CN=elsewhere')
    other.free()
  })

  it('staples what was fetched before it went on', () => {
    const response = Uint8Array.of(0x30, 0x03, 0x0a, 0x01, 0x03)
    let [asked, fetched]: [number, Uint8Array | undefined] = [0, undefined]
    const { answer } = linked(version, {
      client: { prepare: (ssl) => { ssl.requestOcsp(LSW_OCSP_UNCHECKED) } },
      server: {
        prepare(ssl) {
          ssl.setClientHelloCb(() => {
            if (asked++ === 0) return -1
            fetched = response
            return 1
          })
          ssl.setTlsextStatusCb(() => { if (fetched) ssl.setTlsextStatusOcspResp(fetched); return fetched !== undefined })
        },
      },
    }, ({ client: { ssl } }) => ssl.getTlsextStatusOcspResp())
    expect(answer).toEqual(response)
  })
})

describe('X509Store.addCerts', () => {
  it('adds to contexts that have the store', () => {
    const store = new X509Store(lib)
    const ctx = new SslCtx(lib, 'TLS_client_method')
    ctx.set1CertStore(store)
    const handshake = () => {
      const link = new Link(lib, { client: { ctx } })
      const { ret } = link.handshake().client
      link.free()
      return ret
    }
    expect(handshake()).toBe(-1)
    store.addCerts(authority.ca.cert)
    expect(handshake()).toBe(1)
    store.free()
    ctx.free()
  })
})

describe('pre-shared keys of Node’s, of any length', () => {
  it.each(VERSIONS)('%s', (version) => {
    const key = Uint8Array.of(7)
    const handshake = (...least: readonly [] | readonly [number]) => {
      const ciphers = (ctx: SslCtx) => {
        ctx.setCipherList('PSK')
        ctx.setCiphersuites('TLS_AES_128_GCM_SHA256')
      }
      const link = new Link(lib, {
        version, identity: null,
        client: { configure: ciphers, prepare: (ssl) => { ssl.setPskClientCallback(() => ({ identity: 'me', key }), ...least) } },
        server: { configure: ciphers, prepare: (ssl) => { ssl.setPskServerCallback(() => ({ key }), ...least) } },
      })
      try {
        return link.established().client.ssl.getPskIdentity()
      } finally {
        link.free()
      }
    }
    expect(handshake(1)).toBe('me')
    expect(() => handshake()).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT' }))
  })
})
