import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import { Duplex, PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { connect, fromNodeStream, TransportError } from '../../src/index.js'
import { isPending, noise, readAll, readBytes, rejection, same, turns, until, writeAll } from '../helpers/stream-peers.js'
import { duplexPair } from '../helpers/duplex-pair.js'

describe('fromNodeStream', () => {
  it('fails clearly upon a stream that gives text', async () => {
    const [near, far] = duplexPair()
    near.setEncoding('utf8')
    const { readable } = fromNodeStream(near)
    far.write('text')
    expect(await rejection(readable.getReader().read()))
      .toMatchObject({ name: 'TypeError', message: expect.stringContaining('setEncoding') })
  })

  it('fails upon a stream that was destroyed before', async () => {
    const [near] = duplexPair()
    const why = new Error('early')
    near.destroy(why)
    await until(() => near.closed)
    const { readable, writable } = fromNodeStream(near)
    expect(await rejection(readable.getReader().read())).toBe(why)
    await rejection(writable.getWriter().write(Uint8Array.of(1)))
  })

  it('does not end cleanly what was destroyed without an error', async () => {
    const [near] = duplexPair()
    const { readable, writable } = fromNodeStream(near)
    const failures = [rejection(readable.getReader().read()), rejection(writable.getWriter().closed)]
    near.destroy()
    for (const error of await Promise.all(failures)) expect(error).toBeInstanceOf(Error)
  })

  it('ends at once upon a stream whose end was read before', async () => {
    const [near, far] = duplexPair()
    far.end()
    near.resume()
    await once(near, 'end')
    expect(await readAll(fromNodeStream(near).readable)).toHaveLength(0)
  })

  it('fails the writes upon a stream that was ended before', async () => {
    const [near] = duplexPair()
    near.end()
    await rejection(fromNodeStream(near).writable.getWriter().write(Uint8Array.of(1)))
  })

  it('keeps our direction when the peer ends, though the Duplex itself would not', async () => {
    const [near, far] = duplexPair()
    near.allowHalfOpen = false
    const { readable, writable } = fromNodeStream(near)
    far.end()
    expect(await readAll(readable)).toHaveLength(0)
    await turns()
    const received = readAll(fromNodeStream(far).readable)
    await writeAll(writable, noise(1000))
    await writable.close()
    expect(same(await received, noise(1000))).toBe(true)
  })

  it('settles a write that the Duplex forgets when it is destroyed', async () => {
    const stream = new Duplex({ read() {}, write() {} }) // never calls back
    const writer = fromNodeStream(stream).writable.getWriter()
    writer.closed.catch(() => {})
    const written = rejection(writer.write(Uint8Array.of(1)))
    await turns(2)
    stream.destroy(new Error('gone'))
    expect(await written).toMatchObject({ message: 'gone' })
  })

  it('settles a close that the Duplex forgets when it is destroyed', async () => {
    const stream = new Duplex({ read() {}, final() {} })
    const writer = fromNodeStream(stream).writable.getWriter()
    writer.closed.catch(() => {})
    const closed = rejection(writer.close())
    await turns(2)
    stream.destroy(new Error('gone'))
    expect(await closed).toMatchObject({ message: 'gone' })
  })

  it('fails a close that does not get through', async () => {
    const stream = new Duplex({ read() {}, final(callback) { callback(new Error('no end')) } })
    const { writable } = fromNodeStream(stream)
    expect(await rejection(writable.close())).toMatchObject({ message: 'no end' })
  })

  it('survives an error event that does not end the stream', async () => {
    const stream = new PassThrough({ autoDestroy: false })
    const { readable } = fromNodeStream(stream)
    const read = rejection(readable.getReader().read())
    stream.emit('error', new Error('only said'))
    expect(await read).toMatchObject({ message: 'only said' })
    const thrown: unknown[] = []
    const listener = (error: unknown) => { thrown.push(error) }
    process.on('uncaughtException', listener)
    stream.resume()
    stream.write('more')
    await turns()
    process.off('uncaughtException', listener)
    expect(stream.readableLength).toBe(0)
    expect(thrown).toEqual([])
  })

  it('destroys the Duplex once both sides are done, although it does not by itself', async () => {
    const stream = new PassThrough({ autoDestroy: false })
    const { readable, writable } = fromNodeStream(stream)
    await writable.close()
    await readAll(readable)
    await until(() => stream.destroyed)
  })

  it('hands an abort to the Duplex as its error', async () => {
    const [near] = duplexPair()
    const reason = new Error('given up')
    await fromNodeStream(near).writable.abort(reason)
    expect(near.errored).toBe(reason)
  })

  it('delivers what was written before a cancel and a close, although the peer still writes', async () => {
    const server = net.createServer({ allowHalfOpen: true })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const near = net.connect((server.address() as AddressInfo).port, '127.0.0.1')
    const [far] = await once(server, 'connection') as [net.Socket]
    const [transport, other] = [fromNodeStream(near), fromNodeStream(far)]
    const bytes = noise(300_000)
    // Unread data in a socket that is closed makes it a reset, which would destroy what is on its way.
    await writeAll(other.writable, noise(100_000))
    const written = writeAll(transport.writable, bytes)
    await transport.readable.cancel()
    const received = readAll(other.readable)
    await written
    await transport.writable.close()
    expect(same(await received, bytes)).toBe(true)
    await other.writable.close()
    await until(() => near.destroyed)
    server.close()
  })

  it('reads only as much as is asked for', async () => {
    const [near, far] = duplexPair()
    const { readable } = fromNodeStream(near)
    let taken = 0
    const writing = (async () => {
      for (; taken < 50; taken++) await new Promise((resolve) => { far.write(new Uint8Array(16 * 1024), resolve) })
    })()
    expect(await isPending(writing)).toBe(true)
    expect(taken).toBeLessThan(10)
    await readBytes(readable, 50 * 16 * 1024)
    await writing
  })
})

describe('connect', () => {
  it('reports a socket that cannot connect as a TransportError with its cause', async () => {
    const server = net.createServer()
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    const connection = connect(net.connect(port, '127.0.0.1'), { servername: 'localhost', dangerouslySkipVerification: true })
    const error = await rejection(connection.opened)
    expect(error).toBeInstanceOf(TransportError)
    expect(error).toMatchObject({
      code: 'ERR_TLS_TRANSPORT', cause: { code: 'ECONNREFUSED' }, message: expect.stringMatching(/^the transport cannot connect: /),
    })
    expect(await rejection(connection.closed)).toBe(error)
  })
})
