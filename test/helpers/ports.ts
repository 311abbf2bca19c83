// Ports on which nobody listens, or nobody answers.

import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { Worker } from 'node:worker_threads'
import { expect, onTestFinished } from 'vitest'
import { settled } from './flows.js'

export async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A port that completes no more handshakes: a thread listens on it and then sleeps, and its queue is full. */
export async function deafPort(): Promise<number> {
  const worker = new Worker(`
    const { createServer } = require('node:net')
    const { parentPort } = require('node:worker_threads')
    const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      parentPort.postMessage(server.address().port)
      setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0))
    })`, { eval: true })
  const [port] = await once(worker, 'message') as [number]
  const fillers = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => {}))
  onTestFinished(() => fillers.forEach((filler) => filler.destroy()))
  onTestFinished(async () => { await worker.terminate() })
  await settled(() => fillers.filter((filler) => !filler.connecting).length)
  expect(fillers.some((filler) => filler.connecting)).toBe(true)
  return port
}

export async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const isOpen = await new Promise<boolean>((resolve) => socket.once('connect', () => resolve(true)).on('error', () => resolve(false)))
  socket.destroy()
  return isOpen
}
