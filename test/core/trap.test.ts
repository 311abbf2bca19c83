// A trap in any call ends the instance: later calls throw the same error, and nothing of its memory is touched.

import { describe, expect, it } from 'vitest'
import { InternalError, load, type LibSsl } from '../../src/core.js'
import { Border } from '../../src/ffi/border.js'
import { bindFfi, type Ffi, type LibsslModule } from '../../src/ffi/ffi.gen.js'
import * as C from '../../src/ffi/functions.gen.js'
import { makeCtx, Link, text, utf8 } from '../helpers/link.js'
import { caught, trappingInstance, traps } from '../helpers/traps.js'

const OUT_OF_MEMORY = 0x7fffff00 as never
const buffer = new Uint8Array(20_000)
type AnyCall = (...args: unknown[]) => unknown
const callOf = (ffi: Ffi, place: number) => (ffi as unknown as Record<number, AnyCall>)[place]!
const callsOf = ({ ffi }: LibSsl) => Object.entries(C).map(([name, place]) => [name, callOf(ffi, place)] as const)
/** Arguments that each call can be made with. */
const anything = (call: AnyCall, name: string) => Array.from({ length: call.length }, (_, index) =>
  ((/(set|clear)_options$/.test(name) || name === 'OSSL_ECHSTORE_flush_keys') && index === 1 ? 0n : 0))
const frees = ['free', 'BIO_free', 'OSSL_ECHSTORE_free', 'SSL_CTX_free', 'SSL_SESSION_free', 'SSL_free', 'X509_STORE_free', 'X509_free']

describe('A trap', () => {
  it('in any call is thrown as ERR_TLS_WASM_ABORT', async () => {
    const names = Object.entries(C)
    expect(names.length).toBeGreaterThan(150)
    const { ffi } = await load()
    const exports = Array.from({ length: 1 + Math.max(...Object.values(C)) }, () => traps.unreachable)
    for (const [name, place] of names) {
      const border = new Border()
      const bound = bindFfi({ exports } as unknown as LibsslModule, border)
      const error = caught(() => callOf(bound, place)(...anything(callOf(ffi, place), name)))
      expect(error, name).toBeInstanceOf(InternalError)
      expect(error, name).toMatchObject({ code: 'ERR_TLS_WASM_ABORT', cause: expect.any(WebAssembly.RuntimeError) as unknown })
      expect(border.aborted).toBe(error)
    }
  })

  it('is not what a wrong argument is taken for: that is thrown, and ends nothing', async () => {
    const own = await load()
    expect(caught(() => own.ffi[C.SSL_pending](0n as never))).toBeInstanceOf(TypeError)
    expect(caught(() => own.ffi[C.SSL_CTX_set_options](0 as never, 0 as never))).toBeInstanceOf(TypeError)
    expect(own.version).toMatch(/^OpenSSL /)
  })

  describe.each([
    ['an I/O call', (lib: LibSsl) => lib.ffi[C.SSL_connect](OUT_OF_MEMORY, lib.slot())],
    ['another call', (lib: LibSsl) => lib.ffi[C.SSL_pending](OUT_OF_MEMORY)],
  ])('in %s', (_, accident) => {
    it('is thrown by every later call of that instance except those that free, and by no other instance', async () => {
      const [own, other] = [await load(), await load()]
      const link = new Link(own).established()
      const ctx = makeCtx(own, 'client')
      const error = caught(() => accident(own))
      expect(error)
        .toMatchObject({ name: 'InternalError', code: 'ERR_TLS_WASM_ABORT', cause: expect.any(WebAssembly.RuntimeError) as unknown })

      for (const [name, call] of callsOf(own)) {
        if (frees.includes(name)) expect(caught(() => call(...anything(call, name))), name).toBeUndefined()
        else expect(caught(() => call(...anything(call, name))), name).toBe(error)
      }
      for (const use of [
        () => link.client.ssl.write(utf8('x')), () => link.server.ssl.read(buffer), () => link.client.ssl.shutdown(),
        () => link.client.ssl.getVersion(), () => makeCtx(own, 'client'), () => ctx.setCiphersuites('TLS_AES_128_GCM_SHA256'),
        () => own.allocatedBytes, () => own.version, () => own.memory.copyOut(0, 1), () => own.memory.copyIn(Uint8Array.of(1), 0),
        () => own.memory.readInt32(0),
      ]) expect(caught(use)).toBe(error)
      link.free()
      ctx.free()

      const good = new Link(other).established()
      expect(text(good.send('client', utf8('alive')))).toBe('alive')
      good.free()
    })

    it('is told once to each connection that was not freed, with the error that is thrown', async () => {
      const own = await load()
      const heard: unknown[] = []
      const { client, server } = new Link(own)
      const freed = new Link(own)
      client.ssl.onAbort = server.ssl.onAbort = (error) => heard.push(error)
      freed.client.ssl.onAbort = () => heard.push('freed')
      freed.free()
      const error = caught(() => accident(own))
      caught(() => accident(own))
      expect(heard).toEqual([error, error])
      expect(heard[0]).toBe(error)
    })
  })

  it.each(Object.entries(traps))('by %s ends the calls around it, though a callback keeps silent about it', async (_, trap) => {
    const { lib, arm } = await trappingInstance('SSL_pending', trap)
    const states: number[] = []
    const bystander = new Link(lib).established()
    const link = new Link(lib, { client: { prepare: (ssl) => {
      ssl.setInfoCallback((where) => states.push(where))
      ssl.setVerifyCb(() => {
        arm()
        states.length = 0
        expect(caught(() => bystander.client.ssl.pending())).toMatchObject({ code: 'ERR_TLS_WASM_ABORT' })
        return 1
      })
    } } })
    const error = caught(() => link.established())
    expect(error).toMatchObject({ code: 'ERR_TLS_WASM_ABORT' })
    expect(states, 'what OpenSSL did afterwards').toEqual([])
    for (const { ssl } of [link.client, link.server, bystander.client, bystander.server]) expect(caught(() => ssl.read(buffer))).toBe(error)
    link.free()
    bystander.free()
  })

  it('wins over what a callback of the same call has thrown', async () => {
    const { lib, arm } = await trappingInstance('SSL_pending', traps.unreachable)
    const bystander = new Link(lib).established()
    const link = new Link(lib, { client: { prepare: (ssl) => {
      ssl.setVerifyCb(() => {
        arm()
        caught(() => bystander.client.ssl.pending())
        throw new Error('from the callback')
      })
    } } })
    expect(caught(() => link.established())).toMatchObject({ code: 'ERR_TLS_WASM_ABORT' })
  })

  it('is not what an argument is that C cannot take: the instance goes on', async () => {
    const own = await load()
    const ctx = makeCtx(own, 'client')
    expect(() => ctx.setOptions(5 as never)).toThrow(TypeError)
    expect(() => ctx.setMode(5n as never)).toThrow(TypeError)
    expect(() => ctx.setVerify(Symbol('mode') as never)).toThrow(TypeError)
    ctx.free()
    new Link(own).established().free()
  })
})
