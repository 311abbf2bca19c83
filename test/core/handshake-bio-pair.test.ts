// SSL_connect(3) and its like over a BIO pair: nothing goes on by itself, data must be written into the pair or
// taken out of it before a repeated call gets any further.

import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  load, SSL_ERROR_NONE, SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE, type LibSsl,
} from '../../src/core.js'
import { HANDSHAKES, isWish, Link, other, settle, text, utf8, VERSIONS, type LinkOptions } from '../helpers/link.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

const wantRead = { ret: -1, error: SSL_ERROR_WANT_READ }
const wantWrite = { ret: -1, error: SSL_ERROR_WANT_WRITE }
const done = { ret: 1, error: SSL_ERROR_NONE }

for (const { name, as, side, call, prepare } of HANDSHAKES) describe(`${name} over a memory BIO pair${as}`, () => {
  describe.each(VERSIONS)('%s', (version) => {
    function makeLink(options: LinkOptions = {}): Link {
      return new Link(lib, { version, ...options, [side]: { prepare, ...options[side] } })
    }

    /** A link whose side under test has something to say: a client at once, a server once it was greeted. */
    function greeted(options: LinkOptions = {}): Link {
      const link = makeLink(options)
      if (side === 'server') {
        expect(link.client.handshake()).toEqual(wantRead)
        link.carry()
      }
      return link
    }

    it('returns -1 with SSL_ERROR_WANT_READ when the pair is empty', () => {
      const link = greeted()
      const { ssl, pair } = link[side]
      expect(call(ssl)).toEqual(wantRead)
      expect(ssl.getError()).toBe(SSL_ERROR_WANT_READ)
      expect(pair.internal.ctrlPending()).toBe(0)
      expect(pair.network.getReadRequest()).toBeGreaterThan(0)
      link.free()
    })

    it('returns -1 with SSL_ERROR_WANT_READ again and again while nothing is written into the pair', () => {
      const link = greeted()
      const { ssl, pair } = link[side]
      call(ssl)
      const before = { state: ssl.stateStringLong(), pending: pair.network.ctrlPending() }
      for (let i = 0; i < 20; i++) expect(call(ssl)).toEqual(wantRead)
      // Not even taking data out helps: it wants to read.
      expect(link[side].takeAll()).toHaveLength(before.pending)
      expect(call(ssl)).toEqual(wantRead)
      expect(ssl.stateStringLong()).toBe(before.state)
      expect(ssl.isInitFinished()).toBe(false)
      link.free()
    })

    it.each([64, 128])('returns -1 with SSL_ERROR_WANT_WRITE when the pair is full, %i bytes', (internalBytes) => {
      const link = greeted({ [side]: { internalBytes } })
      const { ssl, pair } = link[side]
      expect(call(ssl)).toEqual(wantWrite)
      expect(pair.network.ctrlPending()).toBe(internalBytes)
      expect(pair.internal.getWriteGuarantee()).toBe(0)
      link.free()
    })

    it('returns -1 with SSL_ERROR_WANT_WRITE again and again while nothing is taken out of the pair', () => {
      const link = greeted({ [side]: { internalBytes: 64 } })
      const { ssl, pair } = link[side]
      call(ssl)
      const state = ssl.stateStringLong()
      for (let i = 0; i < 20; i++) expect(call(ssl)).toEqual(wantWrite)
      // Not even writing into the pair helps: it wants to write.
      pair.network.nwrite(Uint8Array.of(22))
      expect(call(ssl)).toEqual(wantWrite)
      expect(pair.network.ctrlPending()).toBe(64)
      expect(ssl.stateStringLong()).toBe(state)
      link.free()
    })

    it('goes on as far as there is room once data was taken out of the pair', () => {
      const link = greeted({ [side]: { internalBytes: 64 } })
      const { ssl, pair } = link[side]
      call(ssl)
      expect(pair.network.nread(new Uint8Array(10))).toBe(10)
      expect(pair.network.ctrlPending()).toBe(54)
      expect(call(ssl)).toEqual(wantWrite)
      expect(pair.network.ctrlPending()).toBe(64)
      link.free()
    })

    it('goes on once data was written into the pair', () => {
      const link = greeted()
      const { ssl } = link[side]
      call(ssl)
      const state = ssl.stateStringLong()
      for (let i = 0; i < 10 && ssl.stateStringLong() === state && !ssl.isInitFinished(); i++) {
        link.carry()
        link[other(side)].handshake()
        link.carry()
        call(ssl)
      }
      expect(ssl.stateStringLong()).not.toBe(state)
      link.free()
    })

    it('returns 1 once it was repeated often enough', () => {
      const link = makeLink()
      const { ssl } = link[side]
      let result = call(ssl)
      while (isWish(result)) {
        link.carry()
        link[other(side)].handshake()
        link.carry()
        result = call(ssl)
      }
      expect(result).toEqual(done)
      expect(ssl.isInitFinished()).toBe(true)
      expect(ssl.getVersion()).toBe(version)
      link.carry()
      expect(link[other(side)].handshake()).toEqual(done)
      expect(text(link.send(side, utf8('from here')))).toBe('from here')
      expect(text(link.send(other(side), utf8('from there')))).toBe('from there')
      link.free()
    })

    it('returns 1 in the end whatever the sizes of pairs and pieces', () => {
      const size = fc.integer({ min: 1, max: 600 })
      fc.assert(fc.property(size, size, size, size, fc.array(
        fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 20 },
      ), (a, b, c, d, pieces) => {
        let turn = 0
        const link = makeLink({
          [side]: { internalBytes: a, networkBytes: b }, [other(side)]: { internalBytes: c, networkBytes: d },
          chunk: () => pieces[turn++ % pieces.length]!,
        })
        const seen = new Set<number>()
        for (;;) {
          const result = settle(link[side].ssl, call(link[side].ssl))
          seen.add(result.error)
          const moved = link.carry()
          const peer = link[other(side)].handshake()
          expect([result, peer].every((r) => r.ret === 1 || isWish(r))).toBe(true)
          if (result.ret === 1 && peer.ret === 1) break
          // Whoever wants something gets it by carrying, or it would wait for ever.
          expect(moved + link.carry()).toBeGreaterThan(0)
        }
        expect([...seen].every((error) => error === SSL_ERROR_NONE || error === SSL_ERROR_WANT_READ || error === SSL_ERROR_WANT_WRITE))
          .toBe(true)
        const message = Uint8Array.from({ length: 1500 }, (_, index) => index)
        expect(link.send(side, message)).toEqual(message)
        expect(link.send(other(side), message)).toEqual(message)
        link.free()
      }), { numRuns: 8 })
    })
  })
})
