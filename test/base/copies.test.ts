// Copies of bytes that callers give.

import { describe, expect, it } from 'vitest'
import { copyBytes, shorten } from '../../src/base/copies.js'

const long = () => Uint8Array.from({ length: 1000 }, (_, index) => index)

describe('copyBytes', () => {
  it('gives the same copy as long as the same bytes are given', () => {
    const given = long()
    const copy = copyBytes(given)
    expect(copy).toEqual(given)
    expect(copy).not.toBe(given)
    expect(copyBytes(given)).toBe(copy)
    expect(copyBytes(long())).not.toBe(copy)
  })

  it('gives another once they have changed, and leaves the first as it was', () => {
    const given = long()
    const copy = copyBytes(given)
    given[999] = 0
    expect(copyBytes(given)).toEqual(given)
    expect(copy).toEqual(long())
    given[999] = long()[999]!
    expect(copyBytes(given)).toEqual(copy)
  })

  it('copies bytes of every kind', () => {
    const { buffer } = long()
    for (const source of [buffer, new DataView(buffer, 100, 500), new Uint16Array(buffer, 2), new Uint8Array(3)]) {
      const copy = copyBytes(source)
      expect(copy.byteLength).toBe(source.byteLength)
      expect(copyBytes(source)).toEqual(copy)
    }
  })
})

describe('shorten', () => {
  it('keeps the hash of a copy, and of no bytes that may change', () => {
    let calls = 0
    const hash = (bytes: Uint8Array) => Uint8Array.of(++calls, bytes[0]!)
    const [copy, mutable] = [copyBytes(long()), long()]
    expect([shorten(copy, hash), shorten(copy, hash)]).toEqual([Uint8Array.of(1, 0), Uint8Array.of(1, 0)])
    shorten(mutable, hash)
    mutable[0] = 7
    expect(shorten(mutable, hash)).toEqual(Uint8Array.of(3, 7))
  })

  it('leaves few bytes as they are', () => {
    const few = Uint8Array.of(1, 2)
    expect(shorten(few, () => new Uint8Array())).toBe(few)
  })
})
