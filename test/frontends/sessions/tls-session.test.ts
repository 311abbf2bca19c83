// Sessions as values and as bytes, and the stores that keep them.

import { describe, expect, it } from 'vitest'
import { keyValueSessionStore, memorySessionStore, TlsSession } from '../../../src/index.js'
import { random } from '../../helpers/streams.js'

const parts = {
  protocol: 'TLSv1.3', servername: 'bücher.example', alpnProtocol: 'h2', expiresAtMs: 1_800_000_000_123, maxEarlyDataBytes: 0xffffffff,
  verified: true, trust: new Uint8Array(32).fill(7), asn1: Uint8Array.of(0x30, 0x03, 0x02, 0x01, 0x01),
} as const

describe('TlsSession', () => {
  it.each([
    parts, {
      ...parts, servername: undefined, alpnProtocol: undefined, protocol: 'TLSv1.2', verified: false, maxEarlyDataBytes: 0,
    } as const,
  ])('comes back from its bytes as it was', (some) => {
    const session = new TlsSession(some)
    const back = TlsSession.fromBytes(session.toBytes())
    expect(back.parts).toEqual(some)
    expect(back).toMatchObject({ protocol: some.protocol, servername: some.servername, expiresAt: new Date(some.expiresAtMs) })
    expect(back.toBytes()).toEqual(session.toBytes())
  })

  it('copies what it reads', () => {
    const bytes = new TlsSession(parts).toBytes()
    const session = TlsSession.fromBytes(bytes.buffer)
    bytes.fill(0)
    expect(session.parts).toEqual(parts)
  })

  it('refuses what is cut anywhere, longer, of another kind or format', () => {
    const bytes = new TlsSession(parts).toBytes()
    const wrong: unknown[] = [undefined, null, 'TLSs', {}, new Uint8Array(2 * 1024 * 1024), Uint8Array.of(...bytes, 0)]
    for (let length = 0; length < bytes.byteLength; length++) wrong.push(bytes.subarray(0, length))
    // Magic, version, flags, protocol, time, a name's length, and OpenSSL's part.
    for (const at of [0, 3, 4, 5, 6, 52, bytes.byteLength - 5]) wrong.push(bytes.map((byte, index) => (index === at ? byte ^ 0xf2 : byte)))
    wrong.push(bytes.map((byte, index) => (index >= 8 && index < 16 ? 0xff : byte))) // not a number
    wrong.push(bytes.map((byte, index) => (index === 54 ? 0xff : byte))) // not UTF-8
    for (const one of wrong) {
      expect(() => TlsSession.fromBytes(one as Uint8Array)).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT' }))
    }
  })

  it('makes of random changes either a session or that error', () => {
    const next = random(11)
    const bytes = new TlsSession(parts).toBytes()
    for (let round = 0; round < 2_000; round++) {
      const changed = bytes.slice(0, Math.ceil(next() * bytes.byteLength))
      changed[Math.floor(next() * changed.byteLength)] = next() * 256
      try {
        TlsSession.fromBytes(changed)
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_TLS_INVALID_ARGUMENT' })
      }
    }
  })
})

const later = Date.now() + 60_000

describe('memorySessionStore', () => {
  it('gives the latest of a key, once, and keeps a few', async () => {
    const store = memorySessionStore({ maxEntriesPerKey: 2 })
    for (const value of [1, 2, 3]) await store.put('a', Uint8Array.of(value), later)
    await store.put('b', Uint8Array.of(9), later)
    const taken = []
    for (let i = 0; i < 3; i++) taken.push((await store.take('a'))?.[0])
    expect(taken).toEqual([3, 2, undefined])
    expect(await store.take('b')).toEqual(Uint8Array.of(9))
  })

  it('keeps maxEntries, and none that has expired', async () => {
    const store = memorySessionStore({ maxEntries: 2 })
    for (const key of ['a', 'b', 'c']) await store.put(key, Uint8Array.of(1), later)
    expect(await store.take('a')).toBe(undefined)
    expect(await store.take('b')).toBeDefined()
    await store.put('d', Uint8Array.of(1), Date.now() - 1)
    expect(await store.take('d')).toBe(undefined)
    for (const wrong of [{ maxEntries: 0 }, { maxEntriesPerKey: 0.5 }]) {
      expect(() => memorySessionStore(wrong)).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT' }))
    }
  })
})

describe('keyValueSessionStore', () => {
  it.each([false, true])('takes once what it has put (asynchronous: %s)', async (asynchronous) => {
    const map = new Map<string, Uint8Array>()
    const later = <T>(value: T) => (asynchronous ? Promise.resolve(value) : value)
    const store = keyValueSessionStore({
      get: (key) => later(map.get(key)),
      put: (key, value, { expiresAtMs }) => later(expiresAtMs > 0 && map.set(key, value)),
      delete: (key) => later(map.delete(key)),
    })
    await store.put('a', Uint8Array.of(1, 2), 5)
    expect([await store.take('a'), await store.take('a')]).toEqual([Uint8Array.of(1, 2), undefined])
  })

  it('rejects with what the store rejects with, and refuses what is none', async () => {
    const why = new Error('no')
    const no = async () => { throw why }
    const store = keyValueSessionStore({ get: no, put: no, delete: no })
    await expect(store.take('a')).rejects.toBe(why)
    await expect(store.put('a', Uint8Array.of(1), 5)).rejects.toBe(why)
    expect(() => keyValueSessionStore(new Map() as never)).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT' }))
  })
})
