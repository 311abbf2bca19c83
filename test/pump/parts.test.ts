// The small parts that the pump is made of.

import { describe, expect, it } from 'vitest'
import { InternalError, memoryTransportPair } from '../../src/index.js'
import { FifoLock, Interrupt } from '../../src/pump/waiting.js'
import { Outbox, reuse } from '../../src/pump/outbox.js'
import { Port } from '../../src/pump/port.js'
import { StateMachine, type State } from '../../src/pump/states.js'
import { isPending, readAll, rejection, same, noise, turns, unhandledDuring, until } from '../helpers/stream-peers.js'
import { FaultyTransport } from '../helpers/faulty-transport.js'

describe('FifoLock', () => {
  it('runs one task at a time, in the order of asking, whatever becomes of those before', async () => {
    const lock = new FifoLock()
    const seen: string[] = []
    const task = (name: string, ticks: number, fails = false) => lock.run(async () => {
      seen.push(`${name} begins`)
      await turns(ticks)
      seen.push(`${name} ends`)
      if (fails) throw new Error(name)
      return name
    })
    const results = await Promise.allSettled([task('a', 5), task('b', 1, true), task('c', 0)])
    expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })
})

describe('Interrupt', () => {
  it('passes on how a promise settles', async () => {
    const interrupt = new Interrupt()
    expect(await interrupt.guard(Promise.resolve(1))).toBe(1)
    const reason = new Error()
    expect(await rejection(interrupt.guard(Promise.reject(reason)))).toBe(reason)
    expect(interrupt.tripped).toBe(false)
    interrupt.throwIfTripped()
  })

  it('rejects what waits, and all that comes later, with the first reason', async () => {
    const unhandled = await unhandledDuring(async () => {
      const interrupt = new Interrupt()
      let fail!: (reason: unknown) => void
      const waiting = rejection(interrupt.guard(new Promise((_, reject) => { fail = reject })))
      interrupt.trip(undefined)
      interrupt.trip('second')
      expect(await waiting).toBeUndefined()
      fail(new Error('too late to matter'))
      expect(await rejection(interrupt.guard(Promise.resolve(1)))).toBeUndefined()
      expect(await rejection(interrupt.guard(new Promise(() => {})))).toBeUndefined()
      expect(interrupt.tripped).toBe(true)
      expect(() => interrupt.throwIfTripped()).toThrow()
    })
    expect(unhandled).toEqual([])
  })
})

describe('Interrupt.tripLate', () => {
  it('asks for the reason when something is rejected, and not before', async () => {
    const interrupt = new Interrupt()
    let asked = 0
    interrupt.tripLate(() => ++asked)
    expect([interrupt.tripped, asked]).toEqual([true, 0])
    expect(await rejection(interrupt.guard(new Promise(() => {})))).toBe(1)
  })
})

describe('Outbox', () => {
  it('gives back what was put, in order, in blocks as large as was asked for', () => {
    const outbox = new Outbox()
    const bytes = noise(1000)
    let at = 0
    for (const [count, blockBytes] of [[10, 100], [90, 100], [1, 100], [200, 50], [400, 1], [299, 5000]] as const) {
      outbox.put(count, blockBytes, (block, offset) => {
        block.set(bytes.subarray(at, at + count), offset)
        return count
      })
      at += count
      expect(outbox.size).toBe(at)
    }
    const blocks = outbox.take()
    expect(blocks.map(({ byteLength }) => byteLength)).toEqual([100, 1, 200, 400, 299])
    expect(same(Buffer.concat(blocks), bytes)).toBe(true)
    expect(outbox.size).toBe(0)
    expect(outbox.take()).toEqual([])
  })

  it('counts what was filled, not what was announced', () => {
    const outbox = new Outbox()
    outbox.put(10, 100, () => 3)
    outbox.put(10, 100, () => 0)
    expect(outbox.size).toBe(3)
    expect(outbox.take()).toHaveLength(1)
  })

  it('fills large blocks again that were given back, whole ones, and none for a few bytes', () => {
    const outbox = new Outbox()
    const block = (bytes: number) => {
      outbox.put(10, bytes, () => 10)
      return outbox.take()
    }
    const [small, large] = [block(60_000), block(70_000)]
    reuse(small)
    reuse(large)
    const few = block(1000)
    const [again, another] = [block(66_000), block(66_000)]
    expect(again[0]!.buffer).toBe(large[0]!.buffer)
    for (const other of [few, another]) for (const before of [small, large]) expect(other[0]!.buffer).not.toBe(before[0]!.buffer)
  })
})

describe('StateMachine', () => {
  const allowed: readonly string[] = [
    'IDLE HANDSHAKE', 'IDLE BROKEN', 'HANDSHAKE OPEN', 'HANDSHAKE BROKEN', 'OPEN CLOSING', 'OPEN LEAVING', 'OPEN BROKEN',
    'CLOSING LEAVING', 'CLOSING BROKEN', 'LEAVING CLOSED', 'LEAVING BROKEN',
  ]
  const ways: Readonly<Record<State, readonly State[]>> = {
    IDLE: [], HANDSHAKE: ['HANDSHAKE'], OPEN: ['HANDSHAKE', 'OPEN'], CLOSING: ['HANDSHAKE', 'OPEN', 'CLOSING'],

    LEAVING: ['HANDSHAKE', 'OPEN', 'LEAVING'], CLOSED: ['HANDSHAKE', 'OPEN', 'LEAVING', 'CLOSED'], BROKEN: ['BROKEN'],
  }
  const states = Object.keys(ways) as State[]

  it.each(states.flatMap((from) => states.map((to) => [from, to] as const)))('from %s to %s', (from, to) => {
    const machine = new StateMachine()
    for (const step of ways[from]) machine.to(step)
    if (allowed.includes(`${from} ${to}`)) {
      machine.to(to)
      expect(machine.state).toBe(to)
    } else {
      expect(() => machine.to(to)).toThrow(InternalError)
      expect(machine.state).toBe(from)
    }
    expect(machine.ended).toBe(['LEAVING', 'CLOSED', 'BROKEN'].includes(machine.state))
  })
})

describe('Port', () => {
  it('queues all blocks of a send before anything else can be sent', async () => {
    const [near, far] = memoryTransportPair()
    const port = new Port(near)
    const one = port.send([Uint8Array.of(1), Uint8Array.of(2)])
    const other = port.send([Uint8Array.of(3)])
    await Promise.all([one, other])
    void port.leave([Uint8Array.of(4)], () => undefined)
    expect([...await readAll(far.readable)]).toEqual([1, 2, 3, 4])
    await far.writable.close()
  })

  it('rejects what waits when it is given up, and gives the transport up', async () => {
    const transport = new FaultyTransport(memoryTransportPair()[0])
    transport.stall()
    const port = new Port(transport)
    const reason = new Error('enough')
    const waiting = [rejection(port.receive()), rejection(port.send([Uint8Array.of(1)]))]
    port.giveUp(reason)
    expect(await Promise.all(waiting)).toEqual([reason, reason])
    expect(port.ended).toBe(true)
    expect(transport.cancelled).toEqual({ reason })
    expect(transport.aborted).toEqual({ reason })
  })

  it('leaves so that a peer can still say what it was about to', async () => {
    const [near, far] = memoryTransportPair(1)
    const port = new Port(near)
    void port.leave([], () => undefined)
    expect(await readAll(far.readable)).toHaveLength(0)
    const writer = far.writable.getWriter()
    for (let chunk = 0; chunk < 10; chunk++) await writer.write(noise(1000))
    await writer.close()
  })

  it('gives up a peer that never ends, in the end', async () => {
    const transport = new FaultyTransport(memoryTransportPair()[0])
    void new Port(transport).leave([], () => new Error('why'))
    expect(await isPending(until(() => transport.cancelled !== undefined))).toBe(true)
    await until(() => transport.cancelled !== undefined)
  })
})
