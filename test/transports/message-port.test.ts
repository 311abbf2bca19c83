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

describe('toByteTransport', () => {
  it('refuses no MessagePort', () => {
    const { port1 } = new MessageChannel()
    expect(toByteTransport(port1).readable).toBeInstanceOf(ReadableStream)
    port1.close()
  })
})
