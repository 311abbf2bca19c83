// SSL_read(3), SSL_write(3), SSL_peek(3), SSL_pending(3), SSL_key_update(3) on an open connection.

import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  fatalError, load, SSL_ERROR_NONE, SSL_ERROR_SSL, SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE, SSL_KEY_UPDATE_NOT_REQUESTED,
  SSL_KEY_UPDATE_REQUESTED, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER, SSL_MODE_ENABLE_PARTIAL_WRITE, type LibSsl, type SslCtx,
} from '../../src/core.js'
import { isWish, Link, other, text, utf8, VERSIONS } from '../helpers/link.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

const pattern = (length: number) => Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) % 256)
const wantRead = { ret: -1, error: SSL_ERROR_WANT_READ }
const wantWrite = { ret: -1, error: SSL_ERROR_WANT_WRITE }
const misuse = expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT' })

describe.each(VERSIONS)('%s', (version) => {
  const established = (options = {}) => new Link(lib, { version, ...options }).established()

  describe('SSL_read(3)', () => {
    it('returns what was written, and wants to read when there is no more', () => {
      const link = established()
      const target = new Uint8Array(20)
      expect(link.server.ssl.read(target)).toEqual(wantRead)
      link.client.ssl.write(utf8('hello'))
      link.carry()
      expect(link.server.ssl.read(target)).toEqual({ ret: 5, error: SSL_ERROR_NONE })
      expect(text(target.subarray(0, 5))).toBe('hello')
      expect(target.subarray(5)).toEqual(new Uint8Array(15))
      expect(link.server.ssl.read(target)).toEqual(wantRead)
      link.free()
    })

    it('takes as much of a record as there is room for, and one record at most', () => {
      const link = established()
      link.client.ssl.write(utf8('one'))
      link.client.ssl.write(utf8('two'))
      link.carry()
      const target = new Uint8Array(100)
      expect(link.server.ssl.read(target.subarray(0, 2)).ret).toBe(2)
      expect(link.server.ssl.pending()).toBe(1)
      expect(link.server.ssl.read(target.subarray(2)).ret).toBe(1)
      expect(link.server.ssl.read(target.subarray(3)).ret).toBe(3)
      expect(text(target.subarray(0, 6))).toBe('onetwo')
      link.free()
    })

    it('wants to read while a record has not come whole', () => {
      const link = established({ chunk: () => 1 })
      link.client.ssl.write(utf8('slowly'))
      const target = new Uint8Array(10)
      const size = link.client.pair.network.ctrlPending()
      for (let i = 0; i < size - 1; i++) {
        link.move('client')
        expect(link.server.ssl.read(target)).toEqual(wantRead)
      }
      link.move('client')
      expect(link.server.ssl.read(target).ret).toBe(6)
      link.free()
    })

    it('writes to the bytes of its target alone', () => {
      const link = established()
      link.client.ssl.write(pattern(50))
      link.carry()
      const whole = new Uint8Array(100).fill(7)
      expect(link.server.ssl.read(whole.subarray(10, 30)).ret).toBe(20)
      expect(whole.subarray(0, 10)).toEqual(new Uint8Array(10).fill(7))
      expect(whole.subarray(30)).toEqual(new Uint8Array(70).fill(7))
      expect(whole.subarray(10, 30)).toEqual(pattern(20))
      link.free()
    })

    it('refuses an empty target, as SSL_peek does and SSL_write an empty source', () => {
      const link = established()
      expect(() => link.client.ssl.read(new Uint8Array())).toThrow(misuse)
      expect(() => link.client.ssl.peek(new Uint8Array())).toThrow(misuse)
      expect(() => link.client.ssl.write(new Uint8Array())).toThrow(misuse)
      expect(text(link.send('client', utf8('no harm done')))).toBe('no harm done')
      link.free()
    })
  })

  describe('SSL_peek(3)', () => {
    it('returns the bytes and leaves them', () => {
      const link = established()
      link.client.ssl.write(utf8('peekaboo'))
      link.carry()
      const target = new Uint8Array(20)
      expect(link.server.ssl.peek(target.subarray(0, 4)).ret).toBe(4)
      for (let i = 0; i < 3; i++) expect(link.server.ssl.peek(target)).toEqual({ ret: 8, error: SSL_ERROR_NONE })
      expect(link.server.ssl.read(target).ret).toBe(8)
      expect(text(target.subarray(0, 8))).toBe('peekaboo')
      expect(link.server.ssl.peek(target)).toEqual(wantRead)
      link.free()
    })
  })

  describe('SSL_pending(3) and SSL_has_pending(3)', () => {
    it('count what was decrypted; has_pending knows of what was not, too', () => {
      const link = established()
      expect([link.server.ssl.pending(), link.server.ssl.hasPending()]).toEqual([0, false])
      link.client.ssl.write(pattern(100))
      link.carry()
      expect(link.server.ssl.pending()).toBe(0) // nobody looked yet
      link.server.ssl.read(new Uint8Array(30))
      expect([link.server.ssl.pending(), link.server.ssl.hasPending()]).toEqual([70, true])
      link.server.ssl.read(new Uint8Array(70))
      expect([link.server.ssl.pending(), link.server.ssl.hasPending()]).toEqual([0, false])
      // Half a record: nothing to read, but something is there.
      link.client.ssl.write(pattern(100))
      link.server.give(link.client.takeAll().subarray(0, 50))
      expect(link.server.ssl.read(new Uint8Array(1))).toEqual(wantRead)
      expect([link.server.ssl.pending(), link.server.ssl.hasPending()]).toEqual([0, true])
      link.free()
    })
  })

  describe('Ssl.readAvailable', () => {
    it('reads record after record in one go, tells each result, and stops where it is told', () => {
      const link = established()
      for (const word of ['one', 'two', 'three']) link.client.ssl.write(utf8(word))
      link.carry()
      const results: number[] = []
      const all = link.server.ssl.readAvailable(1000, ({ ret, error }) => { results.push(ret); return error === SSL_ERROR_NONE })
      expect(text(all)).toBe('onetwothree')
      expect(results).toEqual([3, 3, 5, -1])
      link.client.ssl.write(utf8('abc'))
      link.client.ssl.write(utf8('def'))
      link.carry()
      expect(text(link.server.ssl.readAvailable(1000, () => false))).toBe('abc')
      const target = new Uint8Array(2)
      expect(text(link.server.ssl.readAvailable(2, () => true, target))).toBe('de')
      expect(text(link.server.ssl.readAvailable(1000, ({ ret }) => ret > 0))).toBe('f')
      link.free()
    })
  })

  describe('SSL_write(3)', () => {
    it('takes 64 KiB at most at a time', () => {
      const link = established({ client: { internalBytes: 200_000 }, server: { networkBytes: 200_000 } })
      expect(link.client.ssl.write(pattern(100_000)).ret).toBe(65_536)
      link.carry()
      const received = link.server.ssl.readAvailable(65_536, ({ ret }) => ret > 0)
      expect(received).toEqual(pattern(65_536))
      link.free()
    })

    it('wants to write while the pair is full, and takes all when it is repeated with the same bytes', () => {
      const link = established({ client: { internalBytes: 64 } })
      link.carry()
      const message = pattern(1000)
      const before = link.client.ssl.write(message)
      expect(before).toEqual(wantWrite)
      for (let i = 0; i < 5; i++) expect(link.client.ssl.write(message)).toEqual(wantWrite)
      expect(link.client.pair.network.ctrlPending()).toBe(64)
      let result = before
      for (; isWish(result); result = link.client.ssl.write(message)) expect(link.carry()).toBeGreaterThan(0)
      expect(result).toEqual({ ret: 1000, error: SSL_ERROR_NONE })
      link.carry()
      const target = new Uint8Array(1001)
      expect(link.server.ssl.read(target).ret).toBe(1000)
      expect(target.subarray(0, 1000)).toEqual(message)
      link.free()
    })

    it('refuses a retry with fewer bytes: ERR_SSL_BAD_WRITE_RETRY', () => {
      const link = established({ client: { internalBytes: 64 } })
      link.carry()
      expect(link.client.ssl.write(pattern(1000))).toEqual(wantWrite)
      const result = link.client.ssl.write(pattern(999))
      expect(result.ret).toBe(-1)
      expect(fatalError(link.client.ssl, result).code).toMatch(/^ERR_SSL_BAD_(WRITE_RETRY|LENGTH)$/)
      link.free()
    })

    it('keeps the order of bytes with SSL_MODE_ENABLE_PARTIAL_WRITE and SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER, whatever the sizes', () => {
      const modes = { configure: (ctx: SslCtx) => { ctx.setMode(SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER) } }
      fc.assert(fc.property(fc.integer({ min: 30, max: 3000 }), fc.integer({ min: 30, max: 3000 }), fc.integer({ min: 1, max: 60_000 }),
          (internalBytes, networkBytes, size) => {
        const link = established({ client: { ...modes, internalBytes }, server: { networkBytes } })
        const message = pattern(size)
        expect(link.send('client', message)).toEqual(message)
        link.free()
      }), { numRuns: 10 })
    })

    it('writes record by record with SSL_MODE_ENABLE_PARTIAL_WRITE', () => {
      const link = established({ client: { configure: (ctx: SslCtx) => { ctx.setMode(SSL_MODE_ENABLE_PARTIAL_WRITE) } } })
      const result = link.client.ssl.write(pattern(40_000))
      expect(result).toEqual({ ret: 16_384, error: SSL_ERROR_NONE })
      link.free()
    })

    it('reads that move the write buffer between a write and its retry do no harm', () => {
      const link = established({ client: { internalBytes: 64 } })
      link.carry()
      const message = pattern(500)
      let result = link.client.ssl.write(message)
      expect(result).toEqual(wantWrite)
      for (; isWish(result); result = link.client.ssl.write(message.slice())) {
        // The instance's one scratch buffer is overwritten by whatever else is done.
        link.server.ssl.write(pattern(300).fill(9))
        link.carry()
        link.client.ssl.read(new Uint8Array(1000))
      }
      link.carry()
      const target = new Uint8Array(1000)
      expect(link.server.ssl.read(target).ret).toBe(500)
      expect(target.subarray(0, 500)).toEqual(message)
      link.free()
    })
  })

  it('SSL_read(3) and SSL_write(3) carry any bytes both ways, however they are cut', () => {
    fc.assert(fc.property(
      fc.array(
        fc.tuple(fc.constantFrom('client' as const, 'server' as const), fc.uint8Array({ minLength: 1, maxLength: 5000 })),
        { maxLength: 12 },
      ),
      fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 1, maxLength: 10 }),
      (messages, pieces) => {
        let turn = 0
        const link = established({ chunk: () => pieces[turn++ % pieces.length]! })
        for (const [from, message] of messages) expect(link.send(from, message)).toEqual(message)
        link.free()
      }), { numRuns: 12 })
  })
})

describe('SSL_key_update(3)', () => {
  describe.each(['client', 'server'] as const)('by the %s', (side) => {
    it.each([
      ['asks for the peer\'s too', SSL_KEY_UPDATE_REQUESTED],
      ['changes its own alone', SSL_KEY_UPDATE_NOT_REQUESTED],
    ])('%s, and data flows on', (_, type) => {
      const link = new Link(lib, { version: 'TLSv1.3' }).established()
      for (let round = 0; round < 5; round++) {
        link[side].ssl.keyUpdate(type)
        expect(text(link.send(side, utf8(`after ${round}`)))).toBe(`after ${round}`)
        expect(text(link.send(other(side), utf8(`back ${round}`)))).toBe(`back ${round}`)
      }
      link.free()
    })
  })

  it('is refused under TLS 1.2, and so is a type that there is not', () => {
    const old = new Link(lib, { version: 'TLSv1.2' }).established()
    expect(() => old.client.ssl.keyUpdate(SSL_KEY_UPDATE_REQUESTED)).toThrow(expect.objectContaining({ code: 'ERR_SSL_WRONG_SSL_VERSION' }))
    expect(text(old.send('client', utf8('works')))).toBe('works')
    const link = new Link(lib, { version: 'TLSv1.3' }).established()
    expect(() => link.client.ssl.keyUpdate(7)).toThrow(expect.objectContaining({ code: 'ERR_SSL_INVALID_KEY_UPDATE_TYPE' }))
    expect(text(link.send('client', utf8('works')))).toBe('works')
    old.free()
    link.free()
  })

  it('is answered by a reader although its own writes are stuck', () => {
    const link = new Link(lib, { version: 'TLSv1.3', client: { internalBytes: 16 } }).established()
    link.carry()
    link.server.ssl.keyUpdate(SSL_KEY_UPDATE_REQUESTED)
    link.server.ssl.write(utf8('and then this'))
    link.carry()
    const target = new Uint8Array(20)
    let result = link.client.ssl.read(target)
    expect([SSL_ERROR_NONE, SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE]).toContain(result.error)
    for (; isWish(result); result = link.client.ssl.read(target)) link.carry()
    expect(text(target.subarray(0, result.ret))).toBe('and then this')
    expect(result.error).not.toBe(SSL_ERROR_SSL)
    link.free()
  })
})
