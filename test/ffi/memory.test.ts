import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { InternalError, load, type LibSsl } from '../../src/core.js'
import type { Ptr } from '../../src/ffi/pointers.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

describe('Memory.scope', () => {
  it('gives zeroed memory and frees it when it returns, and returns what the body does', () => {
    const before = lib.allocatedBytes
    expect(lib.memory.scope((scope) => {
      const ptr = scope.alloc(1000)
      expect(lib.memory.copyOut(ptr, 1000)).toEqual(new Uint8Array(1000))
      expect(lib.allocatedBytes).toBeGreaterThanOrEqual(before + 1000)
      return 'result'
    })).toBe('result')
    expect(lib.allocatedBytes).toBe(before)
  })

  it('frees when the body throws, and lets the error through', () => {
    const before = lib.allocatedBytes
    const thrown = new Error('from the body')
    expect(() => lib.memory.scope((scope) => { scope.alloc(5000); scope.cstring('text'); scope.bytes(new Uint8Array(100)); throw thrown }))
      .toThrow(thrown)
    expect(lib.allocatedBytes).toBe(before)
  })

  it('overwrites what it frees', () => {
    const secret = Uint8Array.from({ length: 64 }, (_, index) => 200 - index)
    const ptr = lib.memory.scope((scope) => scope.bytes(secret))
    // The allocator may write its own words at the beginning of a free block.
    expect(Buffer.from(lib.memory.copyOut(ptr, 64)).includes(Buffer.from(secret.subarray(16)))).toBe(false)
    expect(lib.memory.copyOut(ptr + 16, 48)).toEqual(new Uint8Array(48))
  })

  it('may be nested, and give nothing', () => {
    const before = lib.allocatedBytes
    lib.memory.scope((outer) => {
      const a = outer.bytes(Uint8Array.of(1, 2, 3))
      const b = lib.memory.scope((inner) => lib.memory.copyOut(inner.bytes(Uint8Array.of(4, 5)), 2))
      expect([...lib.memory.copyOut(a, 3), ...b]).toEqual([1, 2, 3, 4, 5])
      expect(outer.alloc(0)).toBeGreaterThan(0)
    })
    expect(lib.allocatedBytes).toBe(before)
  })

  it('throws ERR_TLS_OUT_OF_MEMORY for what there is not, and frees the rest', () => {
    const before = lib.allocatedBytes
    const attempt = () => lib.memory.scope((scope) => { scope.alloc(100); scope.alloc(0x7fffffff) })
    expect(attempt).toThrow(InternalError)
    expect(attempt).toThrow(expect.objectContaining({ code: 'ERR_TLS_OUT_OF_MEMORY' }))
    expect(lib.allocatedBytes - before).toBeLessThan(40_000) // OpenSSL loaded its error texts, once
    const after = lib.allocatedBytes
    expect(attempt).toThrow(InternalError)
    expect(lib.allocatedBytes).toBe(after)
  })
})

describe('Memory', () => {
  it('readCString reads back what cstring wrote, as UTF-8', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }).filter((value) => !value.includes('\0')), (value) => {
      expect(lib.memory.scope((scope) => lib.memory.readCString(scope.cstring(value)))).toBe(value)
    }))
  })

  it('copyOut gives a copy, not a view', () => {
    lib.memory.scope((scope) => {
      const ptr = scope.bytes(Uint8Array.of(1, 2, 3))
      const copy = lib.memory.copyOut(ptr, 3)
      lib.memory.copyIn(Uint8Array.of(9, 9, 9), ptr)
      expect(copy).toEqual(Uint8Array.of(1, 2, 3))
      copy[0] = 7
      expect(lib.memory.copyOut(ptr, 3)).toEqual(Uint8Array.of(9, 9, 9))
    })
  })

  it('copyOutTo writes at an offset of its target, and nowhere else', () => {
    lib.memory.scope((scope) => {
      const target = new Uint8Array(6).fill(7)
      lib.memory.copyOutTo(scope.bytes(Uint8Array.of(1, 2, 3)), 2, target, 3)
      expect(target).toEqual(Uint8Array.of(7, 7, 7, 1, 2, 7))
    })
  })

  it('readInt32 and readPtr read signed words and unsigned addresses', () => {
    lib.memory.scope((scope) => {
      const ptr = scope.bytes(Uint8Array.of(0xfe, 0xff, 0xff, 0xff))
      expect([lib.memory.readInt32(ptr), lib.memory.readPtr(ptr)]).toEqual([-2, 0xfffffffe])
    })
  })

  it('collect asks for the length, then for the bytes, and says undefined for a failure', () => {
    const source = Uint8Array.of(5, 6, 7)
    const before = lib.allocatedBytes
    const write = (buf: Ptr<'uint8_t'>, capacity: number) => { if (capacity >= 3) lib.memory.copyIn(source, buf); return 3 }
    expect(lib.memory.collect(write)).toEqual(source)
    expect(lib.memory.collect(() => -1)).toBeUndefined()
    expect(lib.memory.collect(() => 0)).toEqual(new Uint8Array())
    expect(lib.memory.collectText(() => -1)).toBe('')
    expect(lib.allocatedBytes).toBe(before)
  })

  it('goes on after growth, which detaches every view of the old memory', async () => {
    const own = await load()
    own.memory.scope((scope) => {
      const ptr = scope.bytes(Uint8Array.of(1, 2, 3))
      const word = scope.bytes(Uint8Array.of(42, 0, 0, 0))
      expect(own.memory.readInt32(word)).toBe(42)
      const old = own.memoryBytes
      const big = scope.alloc(16 << 20)
      expect(own.memoryBytes).toBeGreaterThan(old)
      expect(own.memory.copyOut(ptr, 3)).toEqual(Uint8Array.of(1, 2, 3))
      expect(own.memory.readInt32(word)).toBe(42)
      own.memory.copyIn(Uint8Array.of(8, 9), big + (16 << 20) - 2)
      expect(own.memory.copyOut(big + (16 << 20) - 2, 2)).toEqual(Uint8Array.of(8, 9))
      expect(own.memory.readCString(scope.cstring('beyond the old end'))).toBe('beyond the old end')
    })
  })
})

describe('LibSsl.withBuffer', () => {
  it('lends its own buffer, another to who asks meanwhile, and frees that', () => {
    const before = lib.allocatedBytes
    const addresses = lib.withBuffer(100, (outer, size) => {
      expect(size).toBe(100)
      return lib.withBuffer(1 << 20, (inner, most) => {
        expect(most).toBe(65536)
        return [outer, inner]
      })
    })
    expect(addresses[0]).not.toBe(addresses[1])
    expect(lib.withBuffer(1, (ptr) => ptr)).toBe(addresses[0])
    expect(() => lib.withBuffer(1, () => { throw new Error('from the body') })).toThrow('from the body')
    expect(lib.withBuffer(1, (ptr) => ptr)).toBe(addresses[0])
    expect(lib.allocatedBytes).toBe(before)
  })
})
