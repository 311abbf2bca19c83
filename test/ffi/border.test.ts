import { describe, expect, it } from 'vitest'
import { Border } from '../../src/ffi/border.js'
import { within } from '../helpers/border.js'
import { caught } from '../helpers/traps.js'

const throws = (value: unknown) => () => { throw value }

describe('Border', () => {
  it('callback answers a failure to C, and leave throws the first value that was thrown', () => {
    const border = new Border()
    const answers: number[] = []
    expect(
      caught(() => within(border, () => answers.push(border.callback(-1, throws('first')), border.callback(() => -2, throws('second'))))),
    ).toBe('first')
    expect(answers).toEqual([-1, -2])
    expect(within(border, () => border.callback(-1, () => 5))).toBe(5)
  })

  it('leave keeps what an inner call threw apart from the outer call', () => {
    const border = new Border()
    const inner = () => within(border, () => border.callback(-1, throws(new Error('inner'))))
    expect(within(border, () => border.callback(-1, () => {
      expect(inner).toThrow('inner')
      return 1
    }))).toBe(1)
    expect(() => within(border, () => border.callback(-1, inner))).toThrow('inner')
  })

  it.each([undefined, null, 0])('leave lets %s be thrown', (value) => {
    const border = new Border()
    let thrown: unknown = 'nothing'
    try { within(border, () => border.callback(-1, throws(value))) } catch (error) { thrown = error }
    expect(thrown).toBe(value)
  })

  it('trap is for ever: enter throws the same error, and a callback lets it through C', () => {
    const border = new Border()
    const cause = new WebAssembly.RuntimeError('unreachable')
    const error = caught(() => border.trap(cause))
    expect(error).toMatchObject({ code: 'ERR_TLS_WASM_ABORT', cause })
    expect(border.aborted).toBe(error)
    for (const use of [
      () => border.enter(), () => border.throwIfAborted(), () => border.callback(-1, () => 1), () => border.trap(new Error('another')),
    ]) {
      expect(caught(use)).toBe(error)
    }
  })
})
