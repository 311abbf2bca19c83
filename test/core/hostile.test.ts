// A peer, or a wire, that means harm: garbage, cuts at every byte, flipped bits. It always ends in a defined error,
// never in a hang, a trap or wrong data.

import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  CertificateError, fatalError, load, PeerError, SSL_ERROR_NONE, SSL_ERROR_SSL, SSL_ERROR_ZERO_RETURN, TlsError, TruncationError,
  type IoResult, type LibSsl, type Ssl, type SslCtx,
} from '../../src/core.js'
import { isWish, leaks, Link, makeCtx, other, utf8, VERSIONS, type Side, type Version } from '../helpers/link.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

const SIDES: readonly Side[] = ['client', 'server']
const message = Uint8Array.from({ length: 300 }, (_, index) => (index * 7) % 256)

/** Groups whose keys are short: the flights are, too, and there are less bytes to cut after. */
const short = { configure: (ctx: SslCtx) => { ctx.set1GroupsList('X25519:secp256r1') } }

/** Contexts that serve all the links of one test. */
function contexts(version: Version) {
  const ctxs = { client: makeCtx(lib, 'client', { version, client: short }), server: makeCtx(lib, 'server', { version, server: short }) }
  return { client: { ctx: ctxs.client }, server: { ctx: ctxs.server }, free: () => { ctxs.client.free(); ctxs.server.free() } }
}

/** The error that a result stands for, which must be one of those that a hostile peer may cause. */
function defined(ssl: Ssl, result: IoResult): TlsError {
  const error = fatalError(ssl, result)
  expect([PeerError, TruncationError, CertificateError]).toContain(error.constructor)
  expect(error.code).toMatch(/^[A-Z0-9_]+$/)
  return error
}

describe.each(VERSIONS)('%s', (version) => {
  describe('SSL_connect(3)', () => {
    it.each<[string, Uint8Array]>([
      ['HTTP', utf8('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')],
      ['SSH', utf8('SSH-2.0-OpenSSH_9.9\r\n')],
      ['zeros', new Uint8Array(100)],
      ['ones', new Uint8Array(100).fill(255)],
      ['a record that is too long', Uint8Array.of(22, 3, 3, 0xff, 0xff, 2, 0, 0, 1)],
      ['a ServerHello of nothing', Uint8Array.of(22, 3, 3, 0, 4, 2, 0, 0, 0)],
      ['application data', Uint8Array.of(23, 3, 3, 0, 5, 1, 2, 3, 4, 5)],
      ['a Finished', Uint8Array.of(22, 3, 3, 0, 16, 20, 0, 0, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)],
      ['a ClientHello', Uint8Array.of(22, 3, 3, 0, 4, 1, 0, 0, 0)],
      ['an alert of three bytes', Uint8Array.of(21, 3, 3, 0, 3, 2, 40, 0)],
      ['a hundred warnings', Uint8Array.from({ length: 700 }, (_, index) => [21, 3, 3, 0, 2, 1, 90][index % 7]!)],
      ['a certificate of 16 MiB', Uint8Array.of(22, 3, 3, 0, 4, 11, 0xff, 0xff, 0xff)],
    ])('answers -1 and SSL_ERROR_SSL to %s in place of a ServerHello', (_, garbage) => {
      const link = new Link(lib, { version })
      link.client.handshake()
      link.client.give(garbage)
      link.client.pair.network.shutdownWr()
      const result = link.client.handshake()
      expect(result).toEqual({ ret: -1, error: SSL_ERROR_SSL })
      defined(link.client.ssl, result)
      link.free()
    })
  })

  describe.each(SIDES)('A handshake whose %s reads', (side) => {
    it('any bytes ends in a defined error', () => {
      const ctx = contexts(version)
      fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), fc.boolean(), (garbage, asRecord) => {
        const link = new Link(lib, ctx)
        link[side].handshake()
        link[side].takeAll()
        if (asRecord) link[side].give(Uint8Array.of(22, 3, 3, garbage.length >> 8, garbage.length & 255))
        link[side].give(garbage)
        link[side].pair.network.shutdownWr()
        const result = link[side].handshake()
        // A warning that says close_notify may be among the bytes, and is the only other end there is.
        if (result.error === SSL_ERROR_ZERO_RETURN) expect(result.ret).toBe(0)
        else expect(defined(link[side].ssl, result)).toBeInstanceOf(TlsError)
        link.free()
      }), { numRuns: 150 })
      ctx.free()
    })
  })

  /** Bytes that come from `from` in a handshake and the echo of a message after it. */
  function flight(ctx: ReturnType<typeof contexts>, from: Side): number {
    let total = 0
    const link = new Link(lib, { ...ctx, tap: (side, bytes) => { if (side === from) total += bytes.length } }).established()
    expect(link.send('client', message)).toEqual(message)
    expect(link.send('server', message)).toEqual(message)
    link.free()
    return total
  }

  /** Runs a handshake and an echo, with what the wire does to `side`'s input; what came of it. */
  function run(ctx: ReturnType<typeof contexts>, side: Side, wire: (offset: number, bytes: Uint8Array) => Uint8Array, cut = Infinity) {
    let offset = 0
    let ended = false
    const link = new Link(lib, { ...ctx, tap: (from, bytes) => {
      if (from === side) return bytes
      const start = offset
      offset += bytes.length
      return wire(start, bytes).subarray(0, Math.max(0, cut - start))
    } })
    const { ssl } = link[side]
    const received: number[] = []
    const buffer = new Uint8Array(1000)
    const step = (own: Side): IoResult => {
      const endpoint = link[own]
      let result = endpoint.ssl.isInitFinished() ? undefined : endpoint.handshake()
      if (endpoint.ssl.isInitFinished() && (result === undefined || result.ret === 1)) {
        if (!written.has(own) && endpoint.ssl.write(message).ret === message.length) written.add(own)
        result = endpoint.ssl.read(buffer)
        if (result.ret > 0 && own === side) received.push(...buffer.subarray(0, result.ret))
      }
      return result!
    }
    const written = new Set<Side>()
    let last: IoResult = { ret: 0, error: SSL_ERROR_NONE }
    for (let idle = 0; idle < 3;) {
      const before = { offset, received: received.length }
      step(other(side))
      link.carry()
      last = step(side)
      link.carry()
      if (!isWish(last) && last.ret <= 0) break
      idle = before.offset === offset && before.received === received.length ? idle + 1 : 0
      // Nothing more comes: the wire is cut, or both sides wait for the other.
      if (!ended && (offset >= cut || idle === 2)) {
        link[side].pair.network.shutdownWr()
        link[other(side)].pair.network.shutdownWr()
        ended = true
        idle = 0
      }
    }
    const outcome = {
      received: Uint8Array.from(received), last, finished: ssl.isInitFinished(),
      error: last.ret <= 0 && !isWish(last) && last.error !== SSL_ERROR_ZERO_RETURN ? defined(ssl, last) : undefined,
    }
    link.free()
    return outcome
  }

  describe.each(SIDES)('A stream to the %s that is cut', (side) => {
    it('after any byte ends in a TruncationError, without a leak', () => {
      const ctx = contexts(version)
      const total = flight(ctx, other(side))
      expect(total).toBeGreaterThan(500)
      let cut = 0
      expect(leaks(lib, total - 8, () => {
        const outcome = run(ctx, side, (_, bytes) => bytes, cut++)
        expect(outcome.error, `cut after ${cut - 1} bytes`).toBeInstanceOf(TruncationError)
        // What was read before is the beginning of what was sent, whole records of it.
        expect(outcome.received).toEqual(message.subarray(0, outcome.received.length))
        expect([0, message.length]).toContain(outcome.received.length)
      })).toBe(false)
      ctx.free()
    })
  })

  describe.each(SIDES)('A stream to the %s with a wrong byte', (side) => {
    it('ends in a defined error, or gives the right data; never wrong data', () => {
      const ctx = contexts(version)
      const total = flight(ctx, other(side))
      let failures = 0
      fc.assert(fc.property(fc.nat({ max: total - 1 }), fc.integer({ min: 1, max: 255 }), (position, mask) => {
        const outcome = run(ctx, side, (offset, bytes) => {
          if (position < offset || position >= offset + bytes.length) return bytes
          const copy = bytes.slice()
          copy[position - offset]! ^= mask
          return copy
        })
        expect(outcome.received).toEqual(message.subarray(0, outcome.received.length))
        // In the end the stream is cut, so there is always an error; a clean end would be a lie.
        expect(outcome.error).toBeInstanceOf(TlsError)
        if (outcome.received.length === 0) failures++
      }), { numRuns: 150 })
      expect(failures).toBeGreaterThan(75)
      ctx.free()
    })

    it('after the handshake never gives anything of the record that it is in', () => {
      const ctx = contexts(version)
      fc.assert(fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (where, mask) => {
        const link = new Link(lib, ctx).established()
        link.carry()
        link[other(side)].ssl.write(message)
        const bytes = link[other(side)].takeAll()
        bytes[where % bytes.length]! ^= mask
        link[side].give(bytes)
        link[side].pair.network.shutdownWr()
        const target = new Uint8Array(1000)
        const result = link[side].ssl.read(target)
        expect(result.ret).toBeLessThanOrEqual(0)
        expect(target.every((byte) => byte === 0)).toBe(true)
        defined(link[side].ssl, result)
        link.free()
      }), { numRuns: 60 })
      ctx.free()
    })
  })

  it('A record that is sent twice, or left out, is refused', () => {
    for (const harm of ['twice', 'left out'] as const) {
      const link = new Link(lib, { version }).established()
      link.carry()
      link.server.ssl.peek(new Uint8Array(1))
      link.client.ssl.write(utf8('one'))
      const one = link.client.takeAll()
      link.client.ssl.write(utf8('two'))
      const two = link.client.takeAll()
      const target = new Uint8Array(10)
      for (const record of harm === 'twice' ? [one, one] : [two]) link.server.give(record)
      if (harm === 'twice') expect(link.server.ssl.read(target).ret).toBe(3)
      const result = link.server.ssl.read(target)
      expect(result.ret).toBeLessThanOrEqual(0)
      expect(defined(link.server.ssl, result)).toMatchObject({ name: 'PeerError', alert: { from: 'us', description: 20 } })
      link.free()
    }
  })
})
