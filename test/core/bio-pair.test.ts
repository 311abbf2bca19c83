// BIO_s_bio(3): two bounded buffers back to back.

import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { ApiMisuseError, BioPair, InternalError, load, type BioHalf, type LibSsl } from '../../src/core.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

const bytes = (...values: number[]) => Uint8Array.from(values)

describe('BIO_new_bio_pair(3)', () => {
  it('gives each half 17 KiB to write unless it is told otherwise', () => {
    const standard = new BioPair(lib)
    expect([standard.internal.getWriteGuarantee(), standard.network.getWriteGuarantee()]).toEqual([17 * 1024, 17 * 1024])
    const own = new BioPair(lib, 10, 20)
    expect([own.internal.getWriteGuarantee(), own.network.getWriteGuarantee()]).toEqual([10, 20])
    standard.free()
    own.free()
  })

  it.each([-1, 1.5, NaN, Infinity, 2 ** 31])('refuses a size of %d', (size) => {
    expect(() => new BioPair(lib, size)).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT' }))
    expect(() => new BioPair(lib, 0, size)).toThrow(ApiMisuseError)
  })

  it('throws ERR_TLS_OUT_OF_MEMORY when there is not enough, and nothing is lost or broken', () => {
    expect(() => new BioPair(lib, 0x7fffffff)).toThrow(InternalError) // the first error ever loads OpenSSL's texts
    const before = lib.allocatedBytes
    expect(() => new BioPair(lib, 0x7fffffff)).toThrow(InternalError)
    expect(() => new BioPair(lib, 100, 0x7fffffff)).toThrow(expect.objectContaining({ code: 'ERR_TLS_OUT_OF_MEMORY' }))
    expect(lib.allocatedBytes).toBe(before)
    const pair = new BioPair(lib)
    expect(pair.internal.write(bytes(1))).toBe(1)
    pair.free()
  })
})

describe('BIO_s_bio(3)', () => {
  it('gives what was written to one half to the other, and the other way round', () => {
    const pair = new BioPair(lib)
    const target = new Uint8Array(4)
    expect(pair.internal.write(bytes(1, 2, 3))).toBe(3)
    expect(pair.network.write(bytes(9))).toBe(1)
    expect(pair.network.read(target)).toBe(3)
    expect(target).toEqual(bytes(1, 2, 3, 0))
    expect(pair.internal.read(target)).toBe(1)
    expect(target[0]).toBe(9)
    pair.free()
  })

  it('counts: ctrlPending is what can be read, ctrlWpending what the other half has not read', () => {
    const pair = new BioPair(lib, 10, 10)
    pair.internal.write(bytes(1, 2, 3))
    expect([pair.internal.ctrlPending(), pair.internal.ctrlWpending()]).toEqual([0, 3])
    expect([pair.network.ctrlPending(), pair.network.ctrlWpending()]).toEqual([3, 0])
    expect(pair.internal.getWriteGuarantee()).toBe(7)
    pair.free()
  })

  it('answers -1 and BIO_should_retry to a read of nothing and to a write that finds no room', () => {
    const pair = new BioPair(lib, 3, 3)
    expect(pair.network.read(new Uint8Array(2))).toBe(-1)
    expect(pair.network.shouldRetry()).toBe(true)
    expect(pair.network.nread(new Uint8Array(2))).toBe(-1)
    expect(pair.network.nread0()).toBe(-1)
    expect(pair.internal.write(bytes(1, 2, 3, 4, 5))).toBe(3)
    for (const write of [() => pair.internal.write(bytes(6)), () => pair.internal.nwrite(bytes(6)), () => pair.internal.nwrite0()]) {
      expect(write()).toBe(-1)
      expect(pair.internal.shouldRetry()).toBe(true)
    }
    expect(pair.internal.getWriteGuarantee()).toBe(0)
    pair.free()
  })

  it('remembers in getReadRequest how much the other half wanted, until it gets some or it is reset', () => {
    const pair = new BioPair(lib, 100, 100)
    expect(pair.network.getReadRequest()).toBe(0)
    pair.internal.read(new Uint8Array(7))
    expect(pair.network.getReadRequest()).toBe(7)
    pair.network.write(bytes(1))
    expect(pair.network.getReadRequest()).toBe(0)
    pair.internal.read(new Uint8Array(7))
    pair.internal.read(new Uint8Array(500))
    expect(pair.network.getReadRequest()).toBe(100) // no more than there is room for
    pair.network.resetReadRequest()
    expect(pair.network.getReadRequest()).toBe(0)
    pair.free()
  })

  it('reads what is left after shutdownWr, then 0: the end of file', () => {
    const pair = new BioPair(lib)
    pair.network.write(bytes(1, 2))
    pair.network.shutdownWr()
    expect(pair.internal.eof()).toBe(false)
    expect(pair.internal.read(new Uint8Array(1))).toBe(1)
    expect(pair.internal.nread(new Uint8Array(1))).toBe(1)
    expect(pair.internal.eof()).toBe(true)
    for (const read of [
      () => pair.internal.read(new Uint8Array(1)), () => pair.internal.nread(new Uint8Array(1)), () => pair.internal.nread0(),
    ]) {
      expect(read()).toBe(0)
      expect(pair.internal.shouldRetry()).toBe(false)
    }
    expect(pair.network.eof()).toBe(false) // the other direction is open
    expect(pair.internal.write(bytes(3))).toBe(1)
    pair.free()
  })

  it('refuses writes after shutdownWr, for good', () => {
    const pair = new BioPair(lib)
    pair.network.shutdownWr()
    expect(pair.network.getWriteGuarantee()).toBe(0)
    for (const write of [() => pair.network.write(bytes(1)), () => pair.network.nwrite(bytes(1)), () => pair.network.nwrite0()]) {
      expect(write()).toBe(-1)
      expect(pair.network.shouldRetry()).toBe(false)
    }
    pair.free()
  })

  it('is at its end once the other half was freed', () => {
    const pair = new BioPair(lib)
    pair.network.write(bytes(1))
    pair.network.free()
    expect(pair.internal.read(new Uint8Array(1))).toBeLessThanOrEqual(0)
    expect(pair.internal.write(bytes(1))).toBeLessThanOrEqual(0)
    expect(pair.internal.nread(new Uint8Array(1))).toBeLessThanOrEqual(0)
    expect(pair.internal.nwrite(bytes(1))).toBeLessThanOrEqual(0)
    expect(pair.internal.ctrlPending()).toBe(0)
    expect(pair.internal.getWriteGuarantee()).toBe(0)
    expect(pair.internal.eof()).toBe(true)
    pair.free()
  })

  it('writes nothing when there is nothing to write', () => {
    const pair = new BioPair(lib)
    expect(pair.internal.write(bytes())).toBe(0)
    expect(pair.internal.nwrite(bytes())).toBe(0)
    expect(pair.network.ctrlPending()).toBe(0)
    pair.free()
  })

  it('takes 64 KiB at most in one write, whatever the pair can hold', () => {
    const pair = new BioPair(lib, 200_000)
    const source = Uint8Array.from({ length: 100_000 }, (_, index) => index % 251)
    expect(pair.internal.write(source)).toBe(65_536)
    expect(pair.internal.write(source.subarray(65_536))).toBe(34_464)
    const target = new Uint8Array(100_000)
    expect(pair.network.read(target)).toBe(65_536)
    expect(pair.network.read(target.subarray(65_536))).toBe(34_464)
    expect(target).toEqual(source)
    pair.free()
  })
})

describe('BIO_nread(3) and BIO_nwrite(3)', () => {
  it('stop where the ring wraps around; a second call gets the rest', () => {
    const pair = new BioPair(lib, 8)
    const { internal, network } = pair
    const target = new Uint8Array(8)
    internal.nwrite(bytes(1, 2, 3, 4, 5, 6))
    network.nread(target, 0, 5) // the ring now starts at 5, with one byte
    expect(internal.getWriteGuarantee()).toBe(7)
    expect(internal.nwrite0()).toBe(2)
    expect(internal.nwrite(bytes(7, 8, 9, 10, 11))).toBe(2)
    expect(internal.nwrite(bytes(9, 10, 11))).toBe(3)
    expect(network.ctrlPending()).toBe(6)
    expect(network.nread0()).toBe(3)
    expect(network.nread(target)).toBe(3)
    expect(network.nread(target, 3)).toBe(3)
    expect(target.subarray(0, 6)).toEqual(bytes(6, 7, 8, 9, 10, 11))
    pair.free()
  })

  it('nread puts bytes where it is told, and refuses to write beyond', () => {
    const pair = new BioPair(lib)
    const target = new Uint8Array(6)
    pair.internal.write(bytes(1, 2, 3, 4))
    expect(pair.network.nread(target, 2, 3)).toBe(3)
    expect(target).toEqual(bytes(0, 0, 1, 2, 3, 0))
    expect(() => pair.network.nread(target, 4, 3)).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT' }))
    expect(() => pair.network.nread(target, 6)).toThrow(ApiMisuseError)
    expect(pair.network.ctrlPending()).toBe(1)
    pair.free()
  })

  it('nread0 and nwrite0 look and change nothing', () => {
    const pair = new BioPair(lib, 10)
    pair.internal.write(bytes(1, 2))
    expect([pair.network.nread0(), pair.network.nread0(), pair.network.ctrlPending()]).toEqual([2, 2, 2])
    expect([pair.internal.nwrite0(), pair.internal.nwrite0(), pair.internal.getWriteGuarantee()]).toEqual([8, 8, 8])
    pair.free()
  })
})

describe('BioPair.releaseBuffers', () => {
  const allocatedWith = (prepare: (pair: BioPair) => void) => {
    const before = lib.allocatedBytes
    const pair = new BioPair(lib)
    prepare(pair)
    pair.releaseBuffers()
    const bytes = lib.allocatedBytes - before
    pair.free()
    expect(lib.allocatedBytes).toBe(before)
    return bytes
  }

  it('gives the buffers back while nothing is in the pair', () => {
    const writeAndRead = ({ internal, network }: BioPair) => {
      internal.write(bytes(1))
      network.read(new Uint8Array(1))
    }
    for (const prepare of [() => {}, writeAndRead, (pair: BioPair) => pair.releaseBuffers()]) {
      expect(allocatedWith(prepare)).toBeLessThan(1024)
    }
  })

  it('leaves a pair alone that holds bytes, or one of whose halves is shut down', () => {
    for (const prepare of [
      ({ internal }: BioPair) => { internal.write(bytes(1)) }, ({ network }: BioPair) => { network.write(bytes(1)) },
      ({ internal }: BioPair) => internal.shutdownWr(), ({ network }: BioPair) => network.shutdownWr(),
    ]) expect(allocatedWith(prepare)).toBeGreaterThan(2 * 17 * 1024)
  })

  it('changes no answer, but that of getReadRequest', () => {
    const pair = new BioPair(lib, 10, 20)
    pair.internal.read(new Uint8Array(7))
    pair.releaseBuffers()
    expect(pair.network.getReadRequest()).toBe(0)
    for (const half of [pair.internal, pair.network]) {
      expect([half.ctrlPending(), half.ctrlWpending(), half.eof()]).toEqual([0, 0, false])
      for (const read of [() => half.read(new Uint8Array(1)), () => half.nread(new Uint8Array(1)), () => half.nread0()]) {
        expect(read()).toBe(-1)
        expect(half.shouldRetry()).toBe(true)
      }
    }
    expect([pair.internal.getWriteGuarantee(), pair.network.getWriteGuarantee()]).toEqual([10, 20])
    expect(pair.internal.nwrite0()).toBe(10)
    pair.releaseBuffers()
    expect(pair.internal.write(new Uint8Array(11))).toBe(10)
    pair.free()
  })

  it('lets a half be shut down afterwards', () => {
    const pair = new BioPair(lib)
    pair.releaseBuffers()
    pair.network.shutdownWr()
    expect([pair.internal.eof(), pair.network.eof(), pair.network.getWriteGuarantee()]).toEqual([true, false, 0])
    expect(pair.internal.read(new Uint8Array(1))).toBe(0)
    expect(pair.network.write(bytes(1))).toBe(-1)
    pair.free()
  })

  it('leaves one half at its end when the other is freed', () => {
    for (const [one, other] of [['internal', 'network'], ['network', 'internal']] as const) {
      const pair = new BioPair(lib)
      pair.releaseBuffers()
      pair[one].free()
      expect(pair[other].read(new Uint8Array(1))).toBeLessThanOrEqual(0)
      expect(pair[other].nwrite(bytes(1))).toBeLessThanOrEqual(0)
      expect([pair[other].ctrlPending(), pair[other].getWriteGuarantee(), pair[other].eof()]).toEqual([0, 0, true])
      pair.free()
    }
  })

  it('throws ERR_TLS_OUT_OF_MEMORY from a write for which the buffers cannot be had, and nothing is lost', async () => {
    const lib = await load() // of its own: its memory grows
    expect(() => new BioPair(lib, 0x7fffffff)).toThrow(InternalError) // loads OpenSSL's texts
    const half = 0x38000000 // of the 2 GiB that there can be, two fit
    const [small, large] = [new BioPair(lib, half, 1), new BioPair(lib)]
    small.releaseBuffers()
    const inTheWay = [new BioPair(lib, half - 0x100000), new BioPair(lib, half - 0x100000)]
    large.releaseBuffers()
    for (const use of [
      () => small.internal.write(bytes(1)), () => small.internal.nwrite(bytes(1)), () => small.internal.nwrite0(),
      () => small.internal.shutdownWr(),
    ]) expect(use).toThrow(expect.objectContaining({ code: 'ERR_TLS_OUT_OF_MEMORY' }))
    expect([small.network.ctrlPending(), small.network.eof(), small.internal.getWriteGuarantee()]).toEqual([0, false, half])
    expect(large.internal.write(bytes(1))).toBe(1)
    for (const pair of inTheWay) pair.free()
    expect(small.internal.write(bytes(1))).toBe(1)
    expect(small.network.read(new Uint8Array(2))).toBe(1)
  })
})

describe('BIO_s_bio(3) against a plain queue', () => {
  interface Model { readonly capacity: number; readonly queue: number[]; closed: boolean }
  interface Real { readonly writer: BioHalf; readonly reader: BioHalf }

  const operation = fc.oneof(
    fc.record({ kind: fc.constantFrom('write' as const, 'nwrite' as const), bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }) }),
    fc.record({ kind: fc.constantFrom('read' as const, 'nread' as const), size: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ kind: fc.constant('shutdownWr' as const) }),
  )
  const often = fc.array(operation, { minLength: 1, maxLength: 120 }).map((list) => {
    // One shutdown at the end at most, or there would be little else to see.
    const ends = list.some(({ kind }) => kind === 'shutdownWr')
    const rest = list.filter(({ kind }) => kind !== 'shutdownWr')
    return ends ? [...rest.slice(0, -3), { kind: 'shutdownWr' as const }, ...rest.slice(-3)] : rest
  })

  function check(model: Model, { writer, reader }: Real, step: typeof operation extends fc.Arbitrary<infer T> ? T : never): void {
    const room = model.closed ? 0 : model.capacity - model.queue.length
    if (step.kind === 'write' || step.kind === 'nwrite') {
      const count = writer[step.kind](step.bytes)
      if (room === 0) {
        expect(count).toBe(-1)
      } else {
        // nwrite may stop at the end of the ring, write may not.
        if (step.kind === 'write') expect(count).toBe(Math.min(room, step.bytes.length))
        expect(count).toBeGreaterThan(0)
        expect(count).toBeLessThanOrEqual(Math.min(room, step.bytes.length))
        model.queue.push(...step.bytes.subarray(0, count))
      }
    } else if (step.kind === 'read' || step.kind === 'nread') {
      const target = new Uint8Array(step.size)
      const count = reader[step.kind](target)
      if (model.queue.length === 0) {
        expect(count).toBe(model.closed ? 0 : -1)
      } else {
        if (step.kind === 'read') expect(count).toBe(Math.min(step.size, model.queue.length))
        expect(count).toBeGreaterThan(0)
        expect([...target.subarray(0, count)]).toEqual(model.queue.splice(0, count))
      }
    } else {
      writer.shutdownWr()
      model.closed = true
    }
    expect(reader.ctrlPending()).toBe(model.queue.length)
    expect(writer.ctrlWpending()).toBe(model.queue.length)
    expect(writer.getWriteGuarantee()).toBe(model.closed ? 0 : model.capacity - model.queue.length)
    expect(reader.eof()).toBe(model.closed && model.queue.length === 0)
  }

  it.each([
    ['holds the same bytes in the same order in both directions, however reads and writes are mixed', false],
    ['holds them also if the buffers are released between', true],
  ])('%s', (_, releasing) => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 48 }), fc.integer({ min: 1, max: 48 }), often, often, (a, b, there, back) => {
      const pair = new BioPair(lib, a, b)
      const out: [Model, Real] = [{ capacity: a, queue: [], closed: false }, { writer: pair.internal, reader: pair.network }]
      const home: [Model, Real] = [{ capacity: b, queue: [], closed: false }, { writer: pair.network, reader: pair.internal }]
      for (let i = 0; i < Math.max(there.length, back.length); i++) {
        if (there[i]) check(...out, there[i]!)
        if (releasing) pair.releaseBuffers()
        if (back[i]) check(...home, back[i]!)
        if (releasing) pair.releaseBuffers()
      }
      pair.free()
    }), { numRuns: 150 })
  })
})
