// SslSession, and early data by hand.

import { beforeAll, describe, expect, it } from 'vitest'
import {
  LSW_TICKET_KEY_BYTES, load, SSL_EARLY_DATA_ACCEPTED, SSL_EARLY_DATA_NOT_SENT, SSL_EARLY_DATA_REJECTED, SSL_ERROR_WANT_READ,
  SSL_OP_NO_ANTI_REPLAY, SSL_READ_EARLY_DATA_FINISH, SSL_READ_EARLY_DATA_SUCCESS, SSL_SESS_CACHE_CLIENT, SSL_SESS_CACHE_NO_INTERNAL_STORE,
  SslSession, TLS1_2_VERSION, TLS1_3_VERSION, type LibSsl, type SslCtx,
} from '../../src/core.js'
import { leaks, Link, text, utf8, VERSIONS, type LinkOptions, type Version } from '../helpers/link.js'
import { random } from '../helpers/streams.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

const keys = Uint8Array.from({ length: LSW_TICKET_KEY_BYTES }, (_, index) => index)

function configured(
  version: Version, { session, maxEarlyData = 0 }: { session?: SslSession; maxEarlyData?: number } = {},
): { options: LinkOptions; kept: Uint8Array[] } {
  const kept: Uint8Array[] = []
  return {
    kept,
    options: {
      version,
      client: {
        configure(ctx: SslCtx) {
          ctx.setSessionCacheMode(SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE)
          ctx.sessSetCallbacks()
        },
        prepare(ssl) {
          ssl.setTlsextHostName('localhost')
          ssl.setNewSessionCb((id, bytes) => {
            expect(id.byteLength).toBe(32)
            kept.push(bytes)
          })
          ssl.setSession(session)
        },
      },
      server: {
        configure(ctx: SslCtx) {
          ctx.setTicketKeys(keys)
          ctx.setMaxEarlyData(maxEarlyData)
          ctx.setOptions(SSL_OP_NO_ANTI_REPLAY)
        },
      },
    },
  }
}

/** A session's bytes, from a handshake and a message. */
function made(version: Version, maxEarlyData = 0): Uint8Array {
  const { options, kept } = configured(version, { maxEarlyData })
  const link = new Link(lib, options).established()
  link.send('server', utf8('x'))
  link.free()
  return kept.at(-1)!
}

describe.each(VERSIONS)('SslSession under %s', (version) => {
  it('tells what it is, and comes back from its bytes', () => {
    const session = SslSession.fromBytes(lib, made(version))
    expect(session.getProtocolVersion()).toBe(version === 'TLSv1.3' ? TLS1_3_VERSION : TLS1_2_VERSION)
    expect([session.isResumable(), session.hasTicket(), session.getMaxEarlyData()]).toEqual([true, true, 0])
    expect(session.getTicketLength()).toBeGreaterThan(100)
    expect(session.get0Hostname()).toBe(undefined) // it is the session's once a server has said that it has understood it
    expect(session.get0AlpnSelected()).toBe(undefined)
    expect(session.getTimeout()).toBeGreaterThan(0)
    expect(session.getTicketLifetimeHint()).toBeGreaterThan(0)
    expect(Math.abs(session.getTime() - Date.now() / 1000)).toBeLessThan(3600)
    expect(session.getPeer()?.subject).toBe('CN=localhost')
    const again = SslSession.fromBytes(lib, session.toBytes())
    expect(again.toBytes()).toEqual(session.toBytes())
    session.free()
    session.free()
    expect(() => session.toBytes()).toThrow(expect.objectContaining({ code: 'ERR_TLS_DISPOSED' }))
    again.free()
  })

  it('is told another application protocol, which goes with its bytes', () => {
    const session = SslSession.fromBytes(lib, made(version))
    for (const protocol of ['h2', 'http/1.1']) {
      session.set1AlpnSelected(protocol)
      expect(session.get0AlpnSelected()).toBe(protocol)
    }
    const again = SslSession.fromBytes(lib, session.toBytes())
    session.free()
    expect(again.get0AlpnSelected()).toBe('http/1.1')
    again.free()
  })

  it('Ssl.setSession resumes it, and keeps a reference of its own', () => {
    const session = SslSession.fromBytes(lib, made(version))
    const link = new Link(lib, configured(version, { session }).options)
    session.free()
    link.established()
    expect([link.client.ssl.sessionReused(), link.server.ssl.sessionReused()]).toEqual([true, true])
    const current = link.client.ssl.get1Session()!
    expect(current.getProtocolVersion()).toBe(version === 'TLSv1.3' ? TLS1_3_VERSION : TLS1_2_VERSION)
    current.free()
    link.free()
  })

  it('leaves Ssl.getServername on the server the name that this connection asks for, and none if it asks for none', () => {
    const bytes = made(version)
    for (const name of ['localhost', 'another.example', undefined]) {
      const session = SslSession.fromBytes(lib, bytes)
      const seen: unknown[] = []
      const { options } = configured(version)
      const link = new Link(lib, {
        ...options,
        client: {
          ...options.client, configure: (ctx) => ctx.setAlpnProtos(['x']),
          prepare: (ssl) => { ssl.setSession(session); if (name) ssl.setTlsextHostName(name) },
        },
        server: { ...options.server, prepare: (ssl) => ssl.setAlpnSelectCb(() => { seen.push(ssl.getServername()); return 'x' }) },
      })
      expect(link.server.ssl.getServername()).toBe(undefined)
      link.established()
      // RFC 6066 §3: not for another name. TLS 1.3 does not bind sessions to names.
      expect(link.server.ssl.sessionReused()).toBe(version === 'TLSv1.3' || name !== 'another.example')
      expect([...seen, link.server.ssl.getServername()]).toEqual([name, name])
      link.free()
      session.free()
    }
  })

  it('refuses garbage, what is cut anywhere, and what has more behind it', () => {
    const bytes = made(version)
    const wrong: Uint8Array[] = [new Uint8Array(), new Uint8Array(500), utf8('SSL SESSION'), Uint8Array.of(...bytes, 0)]
    for (let length = 0; length < bytes.byteLength; length += 7) wrong.push(bytes.subarray(0, length))
    for (const one of wrong) expect(() => SslSession.fromBytes(lib, one)).toThrow(expect.objectContaining({ name: 'ApiMisuseError' }))
  })

  it('makes of random changes a session or an error, and a handshake with it ends one way or the other', () => {
    const next = random(5)
    const bytes = made(version)
    for (let round = 0; round < 200; round++) {
      const changed = bytes.slice()
      changed[Math.floor(next() * changed.byteLength)] = next() * 256
      let session: SslSession
      try {
        session = SslSession.fromBytes(lib, changed)
      } catch (error) {
        expect(error).toMatchObject({ name: 'ApiMisuseError' })
        continue
      }
      if (round % 10 === 0) {
        const link = new Link(lib, configured(version, { session }).options)
        link.handshake()
        link.free()
      }
      session.free()
    }
  })

  it('leaves nothing behind', () => {
    expect(leaks(lib, 10, () => {
      const session = SslSession.fromBytes(lib, made(version))
      const link = new Link(lib, configured(version, { session }).options).established()
      session.free()
      link.free()
    })).toBe(false)
  })
})

describe('early data by hand', () => {
  const both = (maxEarlyData = 1000) => {
    const session = SslSession.fromBytes(lib, made('TLSv1.3', 1000))
    const link = new Link(lib, configured('TLSv1.3', { session, maxEarlyData }).options)
    session.free()
    return link
  }

  it('writeEarlyData and readEarlyData carry it before the handshake is done, and a server may answer', () => {
    const link = both()
    const { client: { ssl: client }, server: { ssl: server } } = link
    const target = new Uint8Array(100)
    expect(client.writeEarlyData(utf8('early')).ret).toBe(1)
    link.carry()
    const first = server.readEarlyData(target)
    expect([first.ret, text(target.subarray(0, first.count))]).toEqual([SSL_READ_EARLY_DATA_SUCCESS, 'early'])
    expect(server.readEarlyData(target)).toMatchObject({ ret: 0, error: SSL_ERROR_WANT_READ, count: 0 })
    expect(server.writeEarlyData(utf8('answer')).ret).toBe(1)
    expect(server.isInitFinished()).toBe(false)
    link.carry()
    expect(client.connect().ret).toBe(1)
    const answer = client.read(target)
    expect(text(target.subarray(0, answer.ret))).toBe('answer')
    link.carry()
    expect(server.readEarlyData(target)).toMatchObject({ ret: SSL_READ_EARLY_DATA_FINISH, count: 0 })
    expect(server.accept().ret).toBe(1)
    expect([client.getEarlyDataStatus(), server.getEarlyDataStatus()]).toEqual([SSL_EARLY_DATA_ACCEPTED, SSL_EARLY_DATA_ACCEPTED])
    link.free()
  })

  it('is rejected by a server that takes none, and not sent without a session', () => {
    const link = both(0)
    expect(link.client.ssl.writeEarlyData(utf8('early')).ret).toBe(1)
    link.established()
    expect(link.client.ssl.getEarlyDataStatus()).toBe(SSL_EARLY_DATA_REJECTED)
    link.free()
    const without = new Link(lib, configured('TLSv1.3').options)
    expect(without.client.ssl.writeEarlyData(utf8('early')).ret).toBe(0)
    expect(without.client.ssl.getEarlyDataStatus()).toBe(SSL_EARLY_DATA_NOT_SENT)
    without.free()
  })

  it('refuses to write nothing and to read into nothing', () => {
    const link = both()
    expect(() => link.client.ssl.writeEarlyData(new Uint8Array())).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT' }))
    expect(() => link.client.ssl.writeEarlyData(new Uint8Array(65537)))
      .toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT' }))
    expect(() => link.server.ssl.readEarlyData(new Uint8Array())).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT' }))
    link.free()
  })
})

describe('SslCtx.setTicketKeys', () => {
  it('refuses what is not one or more keys', () => {
    const link = new Link(lib)
    for (const length of [0, 1, LSW_TICKET_KEY_BYTES - 1, LSW_TICKET_KEY_BYTES + 1]) {
      expect(() => link.server.ctx.setTicketKeys(new Uint8Array(length)))
        .toThrow(expect.objectContaining({ code: 'ERR_SSL_INVALID_TICKET_KEYS_LENGTH' }))
    }
    link.server.ctx.setTicketKeys(new Uint8Array(3 * LSW_TICKET_KEY_BYTES))
    link.free()
  })
})
