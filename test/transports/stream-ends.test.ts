// What every transport is made of, by itself; and how each keeps what had arrived when it fails.

import { describe, expect, it } from 'vitest'
import { fromDataChannel, type DataChannelLike } from '../../src/index.js'
import { follow } from '../../src/transports/follow.js'
import { Incoming, Outgoing, StreamEnds } from '../../src/transports/stream-ends.js'
import { isPending, rejection, turns } from '../helpers/streams.js'
import { PageDataChannel } from '../helpers/page-data-channel.js'

const chunk = (...bytes: number[]) => Uint8Array.from(bytes)

describe('Incoming', () => {
  it('tells of a cut when all before it was read, also without a read', async () => {
    const incoming = new Incoming()
    const large = (byte: number) => new Uint8Array(4096).fill(byte) // small ones would be read as one
    incoming.deliver(large(1))
    incoming.deliver(large(2))
    incoming.cut(new Error('cut'))
    incoming.deliver(large(3)) // nothing comes after it
    expect(incoming.unreadBytes).toBe(2 * 4096)
    const reader = incoming.readable.getReader()
    const closed = rejection(reader.closed)
    expect((await reader.read()).value).toEqual(large(1))
    expect(await isPending(closed)).toBe(true)
    expect((await reader.read()).value).toEqual(large(2))
    expect(String(await closed)).toMatch(/cut/)
  })

  it('loses nothing of what a reader had asked for and did not wait for', async () => {
    const incoming = new Incoming()
    const first = incoming.readable.getReader()
    const given = first.read().catch(() => undefined)
    await turns(1)
    first.releaseLock()
    incoming.deliver(chunk(1))
    incoming.cut(new Error('cut'))
    const reader = incoming.readable.getReader()
    const value = (await given)?.value ?? (await reader.read()).value
    expect(value).toEqual(chunk(1))
    expect(String(await rejection(reader.read()))).toMatch(/cut/)
  })

  it('drops what nobody has read when everything is given up, and after a cancel', async () => {
    const [failed, cancelled] = [new Incoming(), new Incoming()]
    for (const incoming of [failed, cancelled]) incoming.deliver(chunk(1))
    failed.fail(new Error('given up'))
    await cancelled.readable.cancel()
    expect([failed.unreadBytes, cancelled.unreadBytes]).toEqual([0, 0])
    expect(String(await rejection(failed.readable.getReader().read()))).toMatch(/given up/)
    cancelled.deliver(chunk(2))
    cancelled.end()
    expect(cancelled.unreadBytes).toBe(0)
  })

  it('reads ahead of its reader, a bounded amount, and beyond it as that is read', async () => {
    const incoming = new Incoming()
    let read = 0
    void incoming.readAhead(async () => new Uint8Array(5000 + read++))
    await turns()
    const before = read
    expect(before).toBeGreaterThan(1)
    expect(incoming.unreadBytes).toBeLessThan(70 * 1024)
    await incoming.readable.getReader().read()
    await turns()
    expect(read).toBe(before + 1)
  })

  it('follows a stream only as it is read, and refuses what is not bytes', async () => {
    let pulled = 0
    const source = new ReadableStream(
      { pull: (controller) => controller.enqueue(++pulled < 3 ? chunk(pulled) : 'text') }, { highWaterMark: 0 },
    )
    const incoming = new Incoming()
    follow(incoming, source.getReader() as ReadableStreamDefaultReader<Uint8Array>).catch((error) => incoming.cut(error))
    await turns()
    expect(pulled).toBe(0)
    const reader = incoming.readable.getReader()
    expect((await reader.read()).value).toEqual(chunk(1))
    expect((await reader.read()).value).toEqual(chunk(2))
    expect(await rejection(reader.read())).toBeInstanceOf(TypeError)
  })
})

describe('Outgoing', () => {
  const outgoing = (write: () => void | Promise<void>, aborted = () => {}) => new Outgoing({ write, end: () => {}, aborted })

  it('is aborted at once, though a write never settles', async () => {
    let aborts = 0
    const { writable } = outgoing(() => new Promise(() => {}), () => { aborts++ })
    const writer = writable.getWriter()
    const written = rejection(writer.write(chunk(1)))
    await turns()
    const aborted = writer.abort(new Error('enough'))
    expect(aborts).toBe(1)
    await aborted
    expect(String(await written)).toMatch(/enough/)
  })

  it.each<[string, unknown]>([
    ['text', 'text'], ['an ArrayBuffer', new ArrayBuffer(1)], ['nothing', undefined],
  ])('refuses %s, which is not a chunk of bytes', async (_, value) => {
    let written = 0
    const writer = outgoing(() => { written++ }).writable.getWriter()
    writer.closed.catch(() => {})
    expect(await rejection(writer.write(value as Uint8Array))).toBeInstanceOf(TypeError)
    expect(written).toBe(0)
  })

  it('fails a wait for an event', async () => {
    const direction: Outgoing = outgoing(() => direction.until(() => false))
    const writer = direction.writable.getWriter()
    const [written, closed] = [rejection(writer.write(chunk(1))), rejection(writer.closed)]
    await turns()
    direction.fail(new Error('gone'))
    expect(String(await written)).toMatch(/gone/)
    expect(String(await closed)).toMatch(/gone/)
  })
})

describe('StreamEnds', () => {
  const made = (lingers = false) => {
    const calls: string[] = []
    const ends = new StreamEnds({
      lingers, write: () => {}, end: () => { calls.push('end') }, done: () => { calls.push('done') },
      giveUp: (reason) => { calls.push(String(reason)) },
    })
    return { ends, calls }
  }

  it.each(['the peer', 'we'])('is done once when both directions have ended, %s first', async (first) => {
    const { ends, calls } = made()
    if (first === 'the peer') ends.end()
    await ends.transport.writable.close()
    if (first === 'we') ends.end()
    ends.lost(new Error('closed')) // what a socket says afterwards
    expect(calls).toEqual(['end', 'done'])
  })

  it('gives up once, and keeps what had arrived only if it was not given up by us', async () => {
    for (const how of ['lost', 'fail'] as const) {
      const { ends, calls } = made()
      ends.incoming.deliver(chunk(1))
      ends[how]('one')
      ends.lost('two')
      expect(calls).toEqual(['one'])
      const reader = ends.transport.readable.getReader()
      if (how === 'lost') expect((await reader.read()).value).toEqual(chunk(1))
      expect(await rejection(reader.read())).toBe('one')
    }
  })

  it.each(['ends', 'is lost'])('lingers until the peer %s where the reader has gone before', async (how) => {
    const { ends, calls } = made(true)
    await ends.transport.readable.cancel()
    await ends.transport.writable.close()
    ends.incoming.deliver(chunk(1)) // thrown away
    expect(calls).toEqual(['end'])
    if (how === 'ends') ends.end()
    else ends.lost('reset')
    ends.lost('closed')
    expect(calls).toEqual(['end', how === 'ends' ? 'done' : 'reset'])
    expect(ends.peerEnded).toBe(how === 'ends')
  })

  it('reads on when a write fails', async () => {
    const ends = new StreamEnds({ write: () => Promise.reject(new Error('EPIPE')), end: () => {}, giveUp: () => {} })
    const writer = ends.transport.writable.getWriter()
    writer.closed.catch(() => {})
    expect(String(await rejection(writer.write(chunk(1))))).toMatch(/EPIPE/)
    ends.incoming.deliver(chunk(2))
    ends.end()
    const reader = ends.transport.readable.getReader()
    expect((await reader.read()).value).toEqual(chunk(2))
    expect((await reader.read()).done).toBe(true)
  })
})

describe('fromDataChannel', () => {
  it('gives a reader that is late what arrived before the channel was closed, and then the error; the writer at once', async () => {
    const channel = new PageDataChannel()
    const { readable, writable } = fromDataChannel(channel as DataChannelLike)
    for (const byte of [1, 2, 3]) channel.receive(chunk(byte).buffer)
    channel.nowClosed()
    await rejection(writable.getWriter().closed)
    const reader = readable.getReader()
    expect((await reader.read()).value).toEqual(chunk(1, 2, 3))
    expect(String(await rejection(reader.read()))).toMatch(/before its end/)
  })
})
