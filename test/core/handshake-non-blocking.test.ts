// SSL_connect(3) and its like over a non-blocking BIO: JavaScript functions that may answer 'would block'. There is
// nothing to do but to wait and to repeat the call.

import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  BioCallback, load, SSL_ERROR_NONE, SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE, type LibSsl,
} from '../../src/core.js'
import { CallbackLink, HANDSHAKES, isWish, other, settle, text, utf8, VERSIONS, type LinkOptions } from '../helpers/link.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

const wantRead = { ret: -1, error: SSL_ERROR_WANT_READ }
const wantWrite = { ret: -1, error: SSL_ERROR_WANT_WRITE }
/** 0, which is 'would block', two times in five; else up to `most`. No rhythm, which could block one side for ever. */
function moods(seed: number, most: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state >>> 16) % 5 < 2 ? 0 : 1 + (state >>> 8) % most
  }
}

const done = { ret: 1, error: SSL_ERROR_NONE }

for (const { name, as, side, call, prepare } of HANDSHAKES) describe(`${name} over a non-blocking BIO${as}`, () => {
  describe.each(VERSIONS)('%s', (version) => {
    function makeLink(options: LinkOptions & { capacity?: number } = {}): CallbackLink {
      return new CallbackLink(lib, { version, ...options, [side]: { prepare } })
    }

    const handshake = (link: CallbackLink) => {
      const { ssl } = link[other(side)]
      return settle(ssl, side === 'server' ? ssl.connect() : ssl.accept())
    }

    it('returns -1 with SSL_ERROR_WANT_READ while reading would block, however often it is repeated', () => {
      const link = makeLink()
      if (side === 'server') handshake(link)
      expect(call(link[side].ssl)).toEqual(wantRead)
      const state = link[side].ssl.stateStringLong()
      for (let i = 0; i < 20; i++) expect(call(link[side].ssl)).toEqual(wantRead)
      expect(link[side].ssl.stateStringLong()).toBe(state)
      link.free()
    })

    it('returns -1 with SSL_ERROR_WANT_WRITE while writing would block, however often it is repeated', () => {
      const link = makeLink()
      if (side === 'server') handshake(link)
      const { ssl } = link[side]
      let blocked = true
      const [from, to] = side === 'client' ? [link.toClient, link.toServer] : [link.toServer, link.toClient]
      const bio = new BioCallback(lib, { read: from.read, write: (bytes) => (blocked ? 'would block' : to.write(bytes)) })
      ssl.setBio(bio)
      for (let i = 0; i < 20; i++) expect(call(ssl)).toEqual(wantWrite)
      expect(to.length).toBe(0)
      blocked = false
      while (isWish(call(ssl))) handshake(link)
      expect(ssl.isInitFinished()).toBe(true)
      link.free()
      bio.free()
    })

    it('returns 1 after nothing was done but to repeat it', () => {
      const link = makeLink()
      let result = call(link[side].ssl)
      for (; isWish(result); result = call(link[side].ssl)) handshake(link)
      expect(result).toEqual(done)
      link.free()
    })

    it('returns 1 in the end however reads and writes are cut and whenever they would block', () => {
      fc.assert(fc.property(fc.integer({ min: 1, max: 700 }), fc.integer({ min: 1, max: 400 }), fc.integer(), (capacity, most, seed) => {
        const link = makeLink({ capacity, chunk: moods(seed, most) })
        const here = () => settle(link[side].ssl, call(link[side].ssl))
        const results = { here: here(), there: handshake(link) }
        while (isWish(results.here) || isWish(results.there)) {
          results.here = here()
          results.there = handshake(link)
        }
        expect(results).toEqual({ here: done, there: done })
        link.free()
      }), { numRuns: 8 })
    })

    it('carries data afterwards, with SSL_ERROR_WANT_READ while there is none', () => {
      const link = makeLink()
      while ([settle(link[side].ssl, call(link[side].ssl)), handshake(link)].some(isWish));
      const [here, there] = [link[side].ssl, link[other(side)].ssl]
      const buffer = new Uint8Array(100)
      expect(there.read(buffer)).toEqual(wantRead)
      expect(here.write(utf8('hello'))).toEqual({ ret: 5, error: SSL_ERROR_NONE })
      expect(there.read(buffer)).toEqual({ ret: 5, error: SSL_ERROR_NONE })
      expect(text(buffer.subarray(0, 5))).toBe('hello')
      link.free()
    })
  })
})
