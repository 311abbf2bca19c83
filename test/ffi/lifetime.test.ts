import { describe, expect, it } from 'vitest'
import { Lifetime } from '../../src/ffi/lifetime.js'
import type { Owned } from '../../src/ffi/pointers.js'

const address = 0x1000 as Owned<'thing'>

describe('Lifetime', () => {
  it('ptr gives the pointer while it is alive', () => {
    const life = new Lifetime('Thing', address, () => {})
    expect([life.ptr, life.alive]).toEqual([address, true])
  })

  it('free frees the pointer once, however often it is called', () => {
    const freed: number[] = []
    const life = new Lifetime('Thing', address, (ptr) => freed.push(ptr))
    life.free()
    life.free()
    expect([freed, life.alive]).toEqual([[address], false])
  })

  it('ptr throws ERR_TLS_DISPOSED after free, and says what was freed', () => {
    const life = new Lifetime('Thing', address, () => {})
    life.free()
    expect(() => life.ptr).toThrow(
      expect.objectContaining({ name: 'ApiMisuseError', code: 'ERR_TLS_DISPOSED', message: expect.stringContaining('Thing') as unknown }),
    )
  })

  it('free counts as done even if it is called again from within, or throws', () => {
    let calls = 0
    const life: Lifetime<'thing'> = new Lifetime('Thing', address, () => { calls++; life.free(); throw new Error('from free') })
    expect(() => life.free()).toThrow('from free')
    life.free()
    expect([calls, life.alive]).toEqual([1, false])
  })
})
