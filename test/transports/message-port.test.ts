// What only threads show: the other end lives elsewhere, and may die. (Order, credit and ends: contract.test.ts.)

import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { fromMessagePort, type MessagePortLike } from '../../src/index.js'
import { toByteTransport } from '../../src/transports/adapt.js'
import { noise, readAll, rejection, same, writeAll } from '../helpers/streams.js'

/** A thread that echoes all it is given, in the transport's own messages. */
const echo = `
const { parentPort } = require('node:worker_threads')
parentPort.once('message', ({ port = parentPort }) => {
  port.on('message', (message) => {
    if (message.type === 'data') port.postMessage({ type: 'credit', bytes: message.bytes.byteLength })
    if (message.type === 'data' || message.type === 'end') port.postMessage(message)
    if (message.type === 'die') throw new Error('dies')
  })
  port.postMessage({ type: 'credit', bytes: 1000 })
})`

describe('fromMessagePort', () => {
  it('talks to another thread', async () => {
    const worker = new Worker(echo, { eval: true })
    const { port1, port2 } = new MessageChannel()
    worker.postMessage({ port: port2 }, [port2 as never])
    const { readable, writable } = toByteTransport(port1)
    const received = readAll(readable)
    await writeAll(writable, noise(300_000), 70_000)
    await writable.close()
    expect(same(await received, noise(300_000))).toBe(true)
    await worker.terminate()
  })

  it('fails when the thread of the other end is ended', async () => {
    const worker = new Worker(echo, { eval: true })
    const { port1, port2 } = new MessageChannel()
    worker.postMessage({ port: port2 }, [port2 as never])
    const { readable, writable } = fromMessagePort(port1)
    await writable.getWriter().write(Uint8Array.of(1))
    const reader = readable.getReader()
    await reader.read()
    const reading = rejection(reader.read())
    await worker.terminate()
    expect(String(await reading)).toMatch(/gone/)
  })

  it('takes a Worker itself, and fails when it dies', async () => {
    const worker = new Worker(echo, { eval: true })
    worker.postMessage({})
    worker.on('error', () => {})
    const { readable, writable } = fromMessagePort(worker as MessagePortLike)
    const writer = writable.getWriter()
    await writer.write(Uint8Array.of(7))
    const reader = readable.getReader()
    expect((await reader.read()).value).toEqual(Uint8Array.of(7))
    const reading = rejection(reader.read())
    worker.postMessage({ type: 'die' })
    expect(String(await reading)).toMatch(/gone/)
  })
})

describe('a direction that is aborted', () => {
  const reason = new Error('given up')
  async function cutPair(chunks: number): Promise<ReadableStreamDefaultReader<Uint8Array>> {
    const { port1, port2 } = new MessageChannel()
    const reader = fromMessagePort(port1).readable.getReader()
    reader.closed.catch(() => {})
    const writer = fromMessagePort(port2).writable.getWriter()
    for (let chunk = 0; chunk < chunks; chunk++) await writer.write(Uint8Array.of(chunk))
    await writer.abort(reason)
    await new Promise((resolve) => setTimeout(resolve, 50)) // a reader that is late
    return reader
  }

  it('fails its reader when that has read what came before', async () => {
    const reader = await cutPair(3)
    expect((await reader.read()).value).toEqual(Uint8Array.of(0, 1, 2))
    expect(await rejection(reader.closed)).toEqual(reason)
    expect(await rejection(reader.read())).toEqual(reason)
  })

  it('fails its reader at once when nothing waits', async () => {
    expect(await rejection((await cutPair(0)).closed)).toEqual(reason)
  })

  it('fails so too when the other end is gone', async () => {
    const worker = new Worker(echo, { eval: true })
    const { port1, port2 } = new MessageChannel()
    worker.postMessage({ port: port2 }, [port2 as never])
    const { readable, writable } = fromMessagePort(port1)
    const writer = writable.getWriter()
    await writer.write(Uint8Array.of(1))
    await new Promise((resolve) => setTimeout(resolve, 100))
    const closed = rejection(writer.closed)
    await worker.terminate()
    await closed
    const reader = readable.getReader()
    expect((await reader.read()).value).toEqual(Uint8Array.of(1))
    expect(String(await rejection(reader.read()))).toMatch(/gone/)
  })
})

describe('toByteTransport', () => {
  it('refuses no MessagePort', () => {
    const { port1 } = new MessageChannel()
    expect(toByteTransport(port1).readable).toBeInstanceOf(ReadableStream)
    port1.close()
  })
})
