import { Readable, Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { ApiMisuseError, connect, memoryTransportPair, type TransportLike } from '../../src/index.js'
import { toByteTransport } from '../../src/transports/adapt.js'
import { rejection } from '../helpers/stream-peers.js'
import { duplexPair } from '../helpers/duplex-pair.js'

const wrong: Readonly<Record<string, unknown>> = {
  'undefined': undefined,
  'null': null,
  'a string': 'tcp://localhost',
  'a function': () => {},
  'an empty object': {},
  'a lone ReadableStream': new ReadableStream(),
  'half a transport': { readable: new ReadableStream() },
  'streams the wrong way round': { readable: new WritableStream(), writable: new ReadableStream() },
  'a Node Readable': Readable.from([]),
  'a Node Writable': new Writable(),
}

describe('toByteTransport', () => {
  it.each(Object.entries(wrong))('refuses %s', (_, transport) => {
    expect(() => toByteTransport(transport as TransportLike)).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT' }))
  })

  it('says of a promise that it must be awaited', () => {
    const promise = Promise.resolve(memoryTransportPair()[0]) as unknown as TransportLike
    expect(() => toByteTransport(promise))
      .toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT', message: 'the transport is a promise: await it' }))
  })

  it('passes a pair of streams through as it is', () => {
    const [transport] = memoryTransportPair()
    expect(toByteTransport(transport)).toBe(transport)
  })

  it('wraps a Duplex', () => {
    expect(toByteTransport(duplexPair()[0]).readable).toBeInstanceOf(ReadableStream)
  })

  it.each(['readable', 'writable'] as const)('refuses a transport whose %s is locked', (half) => {
    const [transport] = memoryTransportPair()
    if (half === 'readable') transport.readable.getReader()
    else transport.writable.getWriter()
    expect(() => toByteTransport(transport)).toThrow(ApiMisuseError)
  })
})

describe('connect', () => {
  it('takes the transport at once, so that a second connection upon it is refused', async () => {
    const [transport] = memoryTransportPair()
    const first = connect(transport, { servername: 'localhost', ca: 'x' })
    expect(() => connect(transport, { servername: 'localhost', ca: 'x' }))
      .toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT' }))
    first.abort()
    await rejection(first.opened)
  })
})

describe('memoryTransportPair', () => {
  it.each([0, -1, 1.5, NaN, Infinity])('refuses a high water mark of %s', (bytes) => {
    expect(() => memoryTransportPair(bytes)).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT' }))
  })

  it('hands the reason of an abort to the other side', async () => {
    const [near, far] = memoryTransportPair()
    const reason = new Error('gone')
    await near.writable.abort(reason)
    expect(await rejection(far.readable.getReader().read())).toBe(reason)
  })

  it('hands the reason of a cancel to the other side', async () => {
    const [near, far] = memoryTransportPair()
    const reason = new Error('gone')
    await near.readable.cancel(reason)
    expect(await rejection(far.writable.getWriter().write(Uint8Array.of(1)))).toBe(reason)
  })
})
