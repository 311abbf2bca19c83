import { describe, expect, it } from 'vitest'
import { BinaryReader, float64, prefixed, uint } from '../../src/base/binary.js'
import { concat } from '../../src/base/bytes.js'

const refuse = (why: string) => new RangeError(why)

describe('BinaryReader', () => {
  it('reads what was written, and copies it', () => {
    const written = concat([
      Uint8Array.of(1, 2), uint(1, 255), uint(2, 0x1234), uint(4, 0xfffffffe), float64(-0.5), prefixed(2, Uint8Array.of(7, 8)),
      prefixed(4, new Uint8Array()),
    ])
    expect([...written.subarray(2, 9)]).toEqual([0xff, 0x12, 0x34, 0xff, 0xff, 0xff, 0xfe])
    const reader = new BinaryReader(written, refuse)
    expect(reader.skips(Uint8Array.of(1, 2))).toBe(true)
    expect([reader.uint(1), reader.uint(2), reader.uint(4), reader.float64()]).toEqual([255, 0x1234, 0xfffffffe, -0.5])
    const copy = reader.prefixed(2)
    written.fill(0)
    expect([...copy]).toEqual([7, 8])
    expect(reader.prefixed(4)).toEqual(new Uint8Array())
    reader.end()
  })

  it('refuses what is too short and what is too long', () => {
    const reader = new BinaryReader(Uint8Array.of(0, 3, 1, 2), refuse)
    expect(() => reader.end()).toThrow(RangeError)
    expect(() => reader.prefixed(2)).toThrow(RangeError)
    expect(() => new BinaryReader(Uint8Array.of(1), refuse).uint(2)).toThrow(RangeError)
    expect(new BinaryReader(Uint8Array.of(1), refuse).skips(Uint8Array.of(2))).toBe(false)
  })
})
