import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HandleTable } from '../../src/ffi/handles.js'

describe('HandleTable', () => {
  it('add gives a positive handle by which get finds the object, until delete', () => {
    const table = new HandleTable<string>()
    const [a, b] = [table.add('a'), table.add('b')]
    expect(a).toBeGreaterThan(0)
    expect(a).not.toBe(b)
    expect([table.get(a), table.get(b), table.size]).toEqual(['a', 'b', 2])
    table.delete(a)
    expect([table.get(a), table.get(b), table.size]).toEqual([undefined, 'b', 1])
    table.delete(a)
    expect(table.size).toBe(1)
  })

  it('get finds nothing for what was never given', () => {
    const table = new HandleTable<string>()
    table.add('a')
    for (const handle of [0, -1, 2, 1.5, NaN]) expect(table.get(handle)).toBeUndefined()
  })

  it('live throws ERR_TLS_DISPOSED for what get does not find', () => {
    const table = new HandleTable<string>('Thing')
    expect(table.live(table.add('a'))).toBe('a')
    expect(() => table.live(7))
      .toThrow(expect.objectContaining({ code: 'ERR_TLS_DISPOSED', message: expect.stringContaining('Thing') as unknown }))
  })

  it('add never gives a handle that is in use, nor one that was given lately', () => {
    fc.assert(fc.property(fc.array(fc.option(fc.nat(50))), (steps) => {
      const table = new HandleTable<object>()
      const live = new Map<number, object>()
      const given = new Set<number>()
      for (const step of steps) {
        if (step === null || live.size === 0) {
          const object = {}
          const handle = table.add(object)
          expect(given.has(handle)).toBe(false)
          given.add(handle)
          live.set(handle, object)
        } else {
          const handle = [...live.keys()][step % live.size]!
          table.delete(handle)
          live.delete(handle)
        }
        expect(table.size).toBe(live.size)
        for (const [handle, object] of live) expect(table.get(handle)).toBe(object)
      }
    }))
  })
})
