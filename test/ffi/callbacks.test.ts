import { describe, expect, it } from 'vitest'
import type { Border } from '../../src/ffi/border.js'
import { CallbackBorder, type BioAnswer } from '../../src/ffi/callbacks.js'
import { LSW_BIO_ACCEPT, LSW_BIO_CONNECT, LSW_BIO_FAILED, LSW_BIO_WOULD_BLOCK, SSL_CLIENT_HELLO_ERROR } from '../../src/ffi/constants.gen.js'
import type { Memory } from '../../src/ffi/memory.js'

const noMemory = () => ({ copyIn: () => {}, copyOut: (_: number, length: number) => new Uint8Array(length) }) as unknown as Memory

/** As a generated call does, with `call` in the place of C. */
function within<R>(border: Border, call: () => R): R {
  const outer = border.enter()
  try {
    return call()
  } finally {
    border.leave(outer)
  }
}

describe('CallbackBorder', () => {
  it('never throws into C: it answers a failure, and leave throws the first value that was thrown', () => {
    const border = new CallbackBorder(noMemory)
    const handle = border.bios.add({ read: () => { throw 'first' }, write: () => { throw 'second' } })
    const connection = border.connections.add({ cert: () => { throw 'third' }, clientHello: () => { throw 'fourth' }, verify: () => { throw 'fifth' } })
    const answers: number[] = []
    let caught: unknown
    try {
      within(border, () => answers.push(
        border.bioRead(handle, 0, 10), border.bioWrite(handle, 0, 10), border.certCb(connection), border.clientHelloCb(connection), border.verifyCb(connection, 1, 0, 0)))
    } catch (value) { caught = value }
    expect(caught).toBe('first')
    expect(answers).toEqual([LSW_BIO_FAILED, LSW_BIO_FAILED, 0, SSL_CLIENT_HELLO_ERROR, 0])
    expect(within(border, () => 'and it is forgotten')).toBe('and it is forgotten')
  })

  it('leave keeps what an inner call threw apart from the outer call', () => {
    const border = new CallbackBorder(noMemory)
    const inner = border.bios.add({ read: () => { throw new Error('inner') }, write: () => 0 })
    const outer = border.bios.add({
      read: () => {
        expect(() => within(border, () => border.bioRead(inner, 0, 1))).toThrow('inner')
        return 1
      },
      write: () => 0,
    })
    expect(within(border, () => border.bioRead(outer, 0, 1))).toBe(1)
  })

  it('leave lets undefined and null be thrown', () => {
    const border = new CallbackBorder(noMemory)
    for (const value of [undefined, null, 0]) {
      const handle = border.bios.add({ read: () => { throw value }, write: () => 0 })
      let caught: unknown = 'nothing'
      try { within(border, () => border.bioRead(handle, 0, 1)) } catch (error) { caught = error }
      expect(caught).toBe(value)
    }
  })

  it.each<[BioAnswer, number]>([[0, 0], [10, 10], ['would block', LSW_BIO_WOULD_BLOCK], ['want connect', LSW_BIO_CONNECT], ['want accept', LSW_BIO_ACCEPT]])(
    'translates the answer %s', (answer, number) => {
      const border = new CallbackBorder(noMemory)
      const handle = border.bios.add({ read: () => answer, write: () => answer })
      expect([border.bioRead(handle, 0, 10), border.bioWrite(handle, 0, 10)]).toEqual([number, number])
    })

  it.each([11, -1, 0.5, NaN, 'toString', undefined])('refuses the answer %s', (answer) => {
    const border = new CallbackBorder(noMemory)
    const handle = border.bios.add({ read: () => answer as BioAnswer, write: () => answer as BioAnswer })
    expect(() => within(border, () => border.bioRead(handle, 0, 10))).toThrow(RangeError)
    expect(() => within(border, () => border.bioWrite(handle, 0, 10))).toThrow(RangeError)
  })

  it('knows no callback for a handle that was deleted: a BIO fails, a connection goes on as if it had none', () => {
    const border = new CallbackBorder(noMemory)
    expect(() => within(border, () => border.bioRead(1, 0, 10))).toThrow(expect.objectContaining({ code: 'ERR_TLS_DISPOSED' }))
    expect([border.certCb(1), border.verifyCb(1, 1, 0, 0), border.verifyCb(1, 0, 0, 20)]).toEqual([1, 1, 0])
  })
})
