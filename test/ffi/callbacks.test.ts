import { describe, expect, it } from 'vitest'
import { RefusalError } from '../../src/index.js'
import { Border } from '../../src/ffi/border.js'
import * as K from '../../src/ffi/callback-numbers.gen.js'
import { bindCallbacks, Handles, wantedOf, type RawSslCallbacks } from '../../src/ffi/callbacks.gen.js'
import { bioCallbacks, type BioAnswer, type BioCallbacks } from '../../src/ffi/callbacks.js'
import {
  LSW_BIO_ACCEPT, LSW_BIO_CONNECT, LSW_BIO_FAILED, LSW_BIO_WOULD_BLOCK, LSW_REFUSE_WITH, LSW_WANT_CERT_CB, LSW_WANT_VERIFY_CB,
  SSL_CLIENT_HELLO_ERROR,
} from '../../src/ffi/constants.gen.js'
import type { Memory } from '../../src/ffi/memory.js'
import { within } from '../helpers/border.js'

const noMemory = { copyIn: () => {}, copyOut: (_: number, length: number) => new Uint8Array(length) } as unknown as Memory

/** What C would call, and the handles that it would name. */
function callbacks() {
  const border = new Border()
  const handles = new Handles()
  return {
    border, handles, c: bindCallbacks(border, () => noMemory, handles),
    ssl: (callbacks: RawSslCallbacks) => handles.SSL.add({ deref: () => ({ callbacks }) }),
    bio: (functions: BioCallbacks) => handles.BIO.add({ deref: () => ({ callbacks: bioCallbacks(functions, noMemory) }) }),
  }
}

const at = 0 as never

describe('Callbacks', () => {
  it('never throw into C: they answer a failure, and leave throws the first value that was thrown', () => {
    const { border, ssl, c, bio } = callbacks()
    const handle = bio({ read: () => { throw 'first' }, write: () => { throw 'second' } })
    const connection = ssl({
      [K.certCb]: () => { throw 'third' }, [K.clientHelloCb]: () => { throw 'fourth' }, [K.verifyCb]: () => { throw 'fifth' },
    })
    const answers: number[] = []
    let caught: unknown
    try {
      within(border, () => answers.push(
        c[K.bioRead](handle, at, 10), c[K.bioWrite](handle, at, 10), c[K.certCb](connection), c[K.clientHelloCb](connection),
        c[K.verifyCb](connection, 1, 0, 0)))
    } catch (value) { caught = value }
    expect(caught).toBe('first')
    expect(answers).toEqual([LSW_BIO_FAILED, LSW_BIO_FAILED, 0, SSL_CLIENT_HELLO_ERROR, 0])
    expect(within(border, () => 'and it is forgotten')).toBe('and it is forgotten')
  })

  it('answer the alert of a RefusalError if they decide, and their failure to another error', () => {
    const { border, ssl, c } = callbacks()
    const refusal = new RefusalError('access_denied')
    const connection = ssl({ [K.certCb]: () => { throw refusal }, [K.getSessionCb]: () => { throw refusal } })
    const answers: number[] = []
    expect(() => within(border, () => answers.push(c[K.certCb](connection), c[K.getSessionCb](connection, at, 0, at)))).toThrow(refusal)
    expect(answers).toEqual([LSW_REFUSE_WITH - 49, 0])
  })

  it.each<[BioAnswer, number]>([
    [0, 0], [10, 10], ['would block', LSW_BIO_WOULD_BLOCK], ['want connect', LSW_BIO_CONNECT], ['want accept', LSW_BIO_ACCEPT],
  ])(
    'translate the answer %s', (answer, number) => {
      const { c, bio } = callbacks()
      const handle = bio({ read: () => answer, write: () => answer })
      expect([c[K.bioRead](handle, at, 10), c[K.bioWrite](handle, at, 10)]).toEqual([number, number])
    })

  it.each([11, -1, 0.5, NaN, 'toString', undefined])('refuse the answer %s', (answer) => {
    const { border, c, bio } = callbacks()
    const handle = bio({ read: () => answer as BioAnswer, write: () => answer as BioAnswer })
    expect(() => within(border, () => c[K.bioRead](handle, at, 10))).toThrow(RangeError)
    expect(() => within(border, () => c[K.bioWrite](handle, at, 10))).toThrow(RangeError)
  })

  it('fail with ERR_TLS_DISPOSED for a handle that was deleted, of a BIO or of a connection', () => {
    const { border, c } = callbacks()
    const disposed = expect.objectContaining({ code: 'ERR_TLS_DISPOSED' }) as Error
    const answers: number[] = []
    for (const call of [() => c[K.bioRead](1, at, 10), () => c[K.certCb](1), () => c[K.verifyCb](1, 1, 0, 0)]) {
      expect(() => within(border, () => answers.push(call()))).toThrow(disposed)
    }
    expect(answers).toEqual([LSW_BIO_FAILED, 0, 0])
  })
})

describe('wantedOf', () => {
  it('has the bit of each callback that is there, and no other', () => {
    expect(wantedOf({})).toBe(0)
    expect(wantedOf({ [K.certCb]: () => 1, [K.verifyCb]: () => 1, [K.chainCb]: undefined })).toBe(LSW_WANT_CERT_CB | LSW_WANT_VERIFY_CB)
  })
})
