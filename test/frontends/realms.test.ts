// Values of another realm and of polyfills, which are no `instanceof` of anything here.

import { readFileSync } from 'node:fs'
import { createContext, runInContext } from 'node:vm'
import { beforeAll, describe, expect, it } from 'vitest'
import { asBytes, isBytesLike, isUint8Array } from '../../src/base/bytes.js'
import { abortReason, isAbortSignal, isReadableStream, isWritableStream } from '../../src/base/realms.js'
import {
  accept, connect, load, memoryTransportPair, TlsSession, type ByteTransport, type LibSsl, type TicketKeys, type TlsConnection,
} from '../../src/index.js'
import { createWorker } from '../../src/worker.js'
import { authority } from '../helpers/certificates.js'
import { clientOptions, noise, rejection, same, serverOptions, talkAndClose, VERSIONS, writeAll, readAll } from '../helpers/stream-peers.js'

const realm = createContext({})
const foreign = runInContext('({ Uint8Array, ArrayBuffer, SharedArrayBuffer, DataView, WebAssembly })', realm) as
  Pick<typeof globalThis, 'Uint8Array' | 'ArrayBuffer' | 'SharedArrayBuffer' | 'DataView' | 'WebAssembly'>
/** A second copy of the package: the single file shares no class with the sources. */
const other = await import('../../dist/inline.js' as string) as typeof import('../../src/index.js')
const worker = createWorker({ worker: new URL('../../dist/frontends/worker/libssl-wasm/worker-script.js', import.meta.url) })
const faces = { 'here': connect, 'in a worker': worker.connect.bind(worker) }

let libssl: LibSsl
beforeAll(async () => {
  libssl = await load()
  return () => worker.terminate()
})

/** As the abort-controller package: no `reason`, no `throwIfAborted`. */
class PolyfilledSignal extends EventTarget {
  aborted = false

  abort(): void {
    this.aborted = true
    this.dispatchEvent(new Event('abort'))
  }
}

/** Gives Uint8Arrays of another realm, by streams that have the methods and not the class. */
function polyfilled({ readable, writable }: ByteTransport): ByteTransport {
  const foreignChunks = readable.pipeThrough(new TransformStream<Uint8Array, Uint8Array>({
    transform: (chunk, controller) => controller.enqueue(foreign.Uint8Array.from(chunk)),
  }))
  const methods = <T extends object>(stream: T) => new Proxy({}, {
    get(_, name) {
      const value: unknown = Reflect.get(stream, name, stream)
      return typeof value === 'function' ? (value as () => unknown).bind(stream) : value
    },
  }) as T
  return { readable: methods(foreignChunks), writable: methods(writable) }
}

it('these values are of no class here', () => {
  expect(new foreign.Uint8Array() instanceof Uint8Array).toBe(false)
  expect(new PolyfilledSignal() instanceof AbortSignal).toBe(false)
  expect(polyfilled(memoryTransportPair()[0]).readable instanceof ReadableStream).toBe(false)
})

describe('bytes', () => {
  it.each([
    ['ArrayBuffer', () => new foreign.ArrayBuffer(3)], ['SharedArrayBuffer', () => new foreign.SharedArrayBuffer(3)],
    ['Uint8Array', () => new foreign.Uint8Array(3)], ['DataView', () => new foreign.DataView(new foreign.ArrayBuffer(5), 1, 3)],
  ])('of another realm: %s', (_, make) => {
    const bytes = make()
    expect(isBytesLike(bytes)).toBe(true)
    expect(asBytes(bytes)).toBeInstanceOf(Uint8Array)
    expect(asBytes(bytes)).toEqual(new Uint8Array(3))
  })

  it('are not copied to be looked at', () => {
    const bytes = new foreign.Uint8Array(3)
    asBytes(bytes)[1] = 7
    expect(bytes[1]).toBe(7)
  })

  it.each([[[1, 2]], [{ byteLength: 1 }], ['x'], [null], [undefined], [1]])('are not: %j', (value) => {
    expect(isBytesLike(value)).toBe(false)
    expect(isUint8Array(value)).toBe(false)
  })

  it('a Uint8Array is not any view', () => {
    expect([new foreign.Uint8Array(), Buffer.alloc(1)].map(isUint8Array)).toEqual([true, true])
    expect([new foreign.DataView(new foreign.ArrayBuffer(1)), new Uint16Array(1), new ArrayBuffer(1)].map(isUint8Array))
      .toEqual([false, false, false])
  })
})

describe('signals and streams', () => {
  it.each([[{}], [null], [undefined], ['x'], [new EventTarget()], [{ aborted: false, addEventListener() {} }]])('are not: %j', (value) => {
    expect([isAbortSignal(value), isReadableStream(value), isWritableStream(value)]).toEqual([false, false, false])
  })

  it('a stream of one direction is not one of the other', () => {
    const { readable, writable } = memoryTransportPair()[0]
    expect([isReadableStream(writable), isWritableStream(readable)]).toEqual([false, false])
  })

  it('abortReason() is the reason, or an AbortError where a polyfill knows of none', () => {
    expect(abortReason(AbortSignal.abort(7))).toBe(7)
    const polyfilled = new PolyfilledSignal()
    polyfilled.abort()
    expect(abortReason(polyfilled as never)).toMatchObject({ name: 'AbortError' })
  })
})

describe.each(Object.entries(faces))('connect(), %s', (_, start) => {
  it.each(VERSIONS)('takes streams, chunks, bytes and a signal of another realm, %s', async (version) => {
    const [near, far] = memoryTransportPair()
    const ca = new foreign.ArrayBuffer(authority.ca.cert.length)
    new Uint8Array(ca).set(new TextEncoder().encode(authority.ca.cert))
    const client = start(polyfilled(near), { ...clientOptions({ version }), ca, signal: new PolyfilledSignal() as never })
    const server = accept(polyfilled(far), { ...serverOptions({ version }), libssl })
    await Promise.all([client.opened, server.opened])
    await talkAndClose({ client, server })
  })

  it('sends plaintext of another realm', async () => {
    const [near, far] = memoryTransportPair()
    const both = { client: start(near, clientOptions()), server: accept(far, { ...serverOptions(), libssl }) }
    const data = noise(5_000)
    const received = readAll(both.server.readable)
    await writeAll(both.client.writable, foreign.Uint8Array.from(data) as Uint8Array<ArrayBuffer>)
    await both.client.writable.close()
    expect(same(await received, data)).toBe(true)
    await both.server.close()
    await readAll(both.client.readable)
  })

  it('a signal without a reason aborts with an AbortError', async () => {
    const signal = new PolyfilledSignal()
    const connection: TlsConnection = start(memoryTransportPair()[0], { ...clientOptions(), signal: signal as never })
    signal.abort()
    expect(await rejection(connection.opened)).toMatchObject({ name: 'AbortError' })
    expect(() => start(memoryTransportPair()[0], { ...clientOptions(), signal: signal as never }))
      .toThrow(expect.objectContaining({ name: 'AbortError' }))
  })
})

it('a chunk that is no Uint8Array fails the connection', async () => {
  const [near, far] = memoryTransportPair()
  const readable = far.readable.pipeThrough(new TransformStream<Uint8Array, Uint8Array>({
    transform: (chunk, controller) => controller.enqueue(new foreign.DataView(new foreign.ArrayBuffer(chunk.byteLength)) as never),
  }))
  const client = connect(near, clientOptions())
  const server = accept({ readable, writable: far.writable }, serverOptions())
  expect(await rejection(server.opened)).toMatchObject({ code: 'ERR_TLS_TRANSPORT' })
  client.abort()
})

describe.each(Object.entries(faces))('values of another copy of the package, %s', (_, start) => {
  it('a session and ticket keys', async () => {
    const ticketKeys = new other.TicketKeys() as TicketKeys
    const given: TlsSession[] = []
    const once = async (connectHere: typeof connect, session?: TlsSession) => {
      const [near, far] = memoryTransportPair()
      const client = connectHere(near, { ...clientOptions(), session, onSession: (one) => { given.push(one) } })
      const server = accept(far, { ...serverOptions(), libssl, ticketKeys })
      const [info] = await Promise.all([client.opened, server.opened])
      await talkAndClose({ client, server })
      return info.resumed
    }
    expect(await once(other.connect as typeof connect)).toBe(false)
    expect(given[0]).not.toBeInstanceOf(TlsSession)
    expect(await once(start, given[0])).toBe(true)
  })

  it("a refusal's alert", async () => {
    const [near, far] = memoryTransportPair()
    const client = start(near, { ...clientOptions(), verify: () => { throw new other.RefusalError('access_denied') } })
    const server = accept(far, { ...serverOptions(), libssl })
    expect(await rejection(client.opened)).toMatchObject({ code: 'ERR_TLS_REFUSED', alertName: 'access_denied' })
    expect(await rejection(server.readable.getReader().read())).toMatchObject({ code: 'ERR_SSL_TLSV1_ALERT_ACCESS_DENIED' })
  })
})

it('an instance of another copy is refused in so many words', async () => {
  const foreignLibssl = await other.load() as LibSsl
  expect(() => connect(memoryTransportPair()[0], { ...clientOptions(), libssl: foreignLibssl }))
    .toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_OPTION', option: 'libssl', message: expect.stringContaining('this copy') }))
})

describe('load()', () => {
  const wasm = readFileSync(new URL('../../lib/libssl-wasm/libssl.wasm', import.meta.url))
  it.each([
    ['bytes', () => foreign.Uint8Array.from(wasm)],
    ['a response of a polyfill',
      () => ({
        ok: true, headers: new Headers({ 'content-type': 'application/wasm' }),
        arrayBuffer: async () => foreign.Uint8Array.from(wasm).buffer,
      })],
    ['a module', () => new foreign.WebAssembly.Module(wasm)],
  ])('takes %s of another realm', async (_, make) => {
    expect((await load({ wasm: make() as never })).version).toMatch(/^OpenSSL /)
  })

  it('tells what an HTTP server answered', async () => {
    await expect(load({ wasm: { ok: false, status: 404, arrayBuffer: async () => new ArrayBuffer(0) } as never }))
      .rejects.toMatchObject({ code: 'ERR_TLS_INTERNAL', message: expect.stringContaining('404') })
  })
})
