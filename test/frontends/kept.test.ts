import { describe, expect, it } from 'vitest'
import { load, memoryServerSessionCache, TicketKeys } from '../../src/index.js'
import { encodeOptions } from '../../src/base/content.js'
import { contentKey, Kept } from '../../src/frontends/kept.js'

describe('Kept', () => {
  it('makes each once, keeps the latest that were asked for, and frees the others', () => {
    const freed: string[] = []
    const kept = new Kept<{ free(): void }>(2)
    const get = (key: string) => kept.get(key, () => ({ free: () => { freed.push(key) } }))
    const one = get('one')
    get('two')
    expect(get('one')).toBe(one)
    get('three')
    expect(freed).toEqual(['two'])
    expect(get('one')).toBe(one)
    kept.free()
    expect(freed).toEqual(['two', 'three', 'one'])
    expect(get('one')).not.toBe(one)
  })

  it('keeps nothing of what cannot be made', () => {
    const kept = new Kept<{ free(): void }>(2)
    expect(() => kept.get('one', () => { throw new Error('no') })).toThrow('no')
    const one = { free() {} }
    expect(kept.get('one', () => one)).toBe(one)
  })
})

describe('contentKey', () => {
  const bytes = Uint8Array.of(1, 2, 3)
  const cache = memoryServerSessionCache()
  const keys = new TicketKeys()
  const same: readonly (readonly [object, object])[] = [
    [{ ca: 'x' }, { ca: new TextEncoder().encode('x') }], [{ ca: ['x'] }, { ca: 'x' }], [{ ca: bytes }, { ca: bytes.slice().buffer }],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }], [{ f: () => 1 }, { f: () => 2 }], [{ cache }, { cache }], [{ keys }, { keys }],
  ]
  const different: readonly (readonly [object, object])[] = [
    [{ ca: 'x' }, { ca: 'y' }], [{ ca: 'x' }, { cert: 'x' }], [{ ca: ['x', 'y'] }, { ca: ['xy'] }],
    [{ ca: ['x', 'y'] }, { ca: ['y', 'x'] }], [{ n: 1 }, { n: '1' }], [{ n: true }, { n: 'true' }], [{ n: null }, {}],
    [{ a: { b: 'c' } }, { a: { c: 'b' } }], [{ keys }, { keys: new TicketKeys() }], [{ cache }, { cache: memoryServerSessionCache() }],
  ]

  it('is the same for the same content, and for nothing else', async () => {
    const lib = await load()
    for (const [one, other] of same) expect(contentKey(lib, one)).toBe(contentKey(lib, other))
    for (const [one, other] of different) expect(contentKey(lib, one)).not.toBe(contentKey(lib, other))
  })

  it('holds nothing of the content', async () => {
    const secret = 'a passphrase'
    expect(contentKey(await load(), { passphrase: secret })).toMatch(/^[0-9A-F]{64}$/)
    expect(new TextDecoder().decode(encodeOptions({ passphrase: secret }))).toContain(secret)
  })
})
