// The clear part of a conversation, however its bytes come, and TLS from the very byte where it stopped.

import { beforeAll, describe, expect, it } from 'vitest'
import { accept, connect, load, memoryTransportPair, PlaintextConversation, type ByteTransport, type LibSsl } from '../../src/index.js'
import { clientOptions, closeBoth, noise, readAll, rejection, same, serverOptions, turns, writeAll } from '../helpers/stream-peers.js'
import { duplexPair } from '../helpers/duplex-pair.js'
import { virtualNetwork } from '../helpers/virtual-network.js'

let libssl: LibSsl
beforeAll(async () => { libssl = await load() })

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

/** A conversation, and what its other side says and hears. */
function converse() {
  const [near, far] = memoryTransportPair()
  return { talk: new PlaintextConversation(near), near, far, writer: far.writable.getWriter() }
}

describe('PlaintextConversation', () => {
  it('reads lines and bytes, however they are cut, and hands on the rest', async () => {
    const stream = new TextEncoder().encode('one\r\ntwo\n\n\r\nthrée\r\n\0\r\nABCrest')
    for (let pieceBytes = 1; pieceBytes <= stream.byteLength; pieceBytes++) {
      const { talk, far, writer } = converse()
      writer.releaseLock()
      const saying = writeAll(far.writable, stream, pieceBytes).then(() => far.writable.close())
      const lines = []
      for (let line = 0; line < 6; line++) lines.push(await talk.readLine())
      expect(lines).toEqual(['one', 'two', '', '', 'thrée', '\0'])
      expect(text(await talk.readBytes(3))).toBe('ABC')
      expect(text(await readAll(talk.release().readable))).toBe('rest')
      await saying
    }
  })

  it('writes text and bytes', async () => {
    const { talk, far } = converse()
    await talk.write('née')
    await talk.write(Uint8Array.of(0x21))
    await talk.release().writable.close()
    expect(text(await readAll(far.readable))).toBe('née!')
  })

  it.each([[4, 'ab\r\n', 'ab'], [3, 'ab\n', 'ab'], [3, 'ab\r\n', undefined], [3, 'abcdef', undefined], [1, '\n', ''], [1, 'a', undefined]])(
    'holds a line to %i bytes: %j', async (maxBytes, said, line) => {
      const { talk, writer } = converse()
      void writer.write(new TextEncoder().encode(said))
      if (line !== undefined) expect(await talk.readLine({ maxBytes })).toBe(line)
      else expect(await rejection(talk.readLine({ maxBytes }))).toMatchObject({ name: 'PeerError', code: 'ERR_TLS_LINE_TOO_LONG' })
    })

  it('has a limit of its own', async () => {
    const { talk, writer } = converse()
    void writer.write(new Uint8Array(8192))
    expect(await rejection(talk.readLine())).toMatchObject({ code: 'ERR_TLS_LINE_TOO_LONG' })
  })

  it.each(['readLine', 'readBytes'] as const)('rejects %s when the stream ends in the middle', async (method) => {
    const { talk, writer } = converse()
    void writer.write(Uint8Array.of(1, 2))
    void writer.close()
    expect(await rejection(method === 'readLine' ? talk.readLine() : talk.readBytes(3))).toMatchObject({ code: 'ERR_TLS_UNEXPECTED_EOF' })
  })

  it('gives up a peer that does not say what is waited for, and a transport that takes nothing', async () => {
    const timeout = { name: 'DeadlineError', code: 'ERR_TLS_PLAINTEXT_TIMEOUT' }
    for (const [said, words] of [['', 'the peer has said nothing'], ['220-mail\u0001', 'the peer has said "220-mail\\x01", and less']]) {
      const [near, far] = memoryTransportPair()
      const talk = new PlaintextConversation(near, { timeoutMs: 50 })
      const writer = far.writable.getWriter()
      void writer.write(new TextEncoder().encode(said))
      const error = await rejection(talk.readLine()) as Error
      expect(error).toMatchObject(timeout)
      expect(error.message).toContain(words)
      expect(await rejection(talk.write('x'))).toBe(error)
      expect(await rejection(far.readable.getReader().read())).toBeDefined()
      await rejection(writer.closed)
    }
    const full = { readable: new ReadableStream(), writable: new WritableStream({ write: () => new Promise(() => {}) }) }
    expect(await rejection(new PlaintextConversation(full, { timeoutMs: 50 }).write('x'))).toMatchObject(timeout)
  })

  it('has no limit if that is 0, and refuses wrong ones', async () => {
    const { talk, writer } = converse()
    const [near, far] = memoryTransportPair()
    const patient = new PlaintextConversation(near, { timeoutMs: 0 })
    const line = patient.readLine()
    void far.writable.getWriter().write(new TextEncoder().encode('late\n'))
    expect(await line).toBe('late')
    expect(() => new PlaintextConversation(memoryTransportPair()[0], { timeoutMs: -1 }))
      .toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_OPTION', option: 'timeoutMs' }))
    talk.abort()
    await rejection(writer.closed)
  })

  it('says what the transport failed with', async () => {
    const { talk, writer, far } = converse()
    const cause = new Error('cut')
    const reading = rejection(talk.readLine())
    await writer.abort(cause)
    expect(await reading).toMatchObject({ code: 'ERR_TLS_TRANSPORT', cause })
    await far.readable.cancel(cause)
    expect(await rejection(talk.write('x'))).toMatchObject({ code: 'ERR_TLS_TRANSPORT', cause })
  })

  it('refuses everything once it is released', async () => {
    const { talk } = converse()
    talk.release()
    for (const attempt of [talk.readLine(), talk.readBytes(1), talk.write('x'), (async () => talk.release())()]) {
      expect(await rejection(attempt)).toMatchObject({ name: 'ApiMisuseError', code: 'ERR_TLS_INVALID_STATE' })
    }
  })

  it('reads one thing at a time, and releases nothing that a read may take', async () => {
    const { talk, writer } = converse()
    const line = talk.readLine()
    expect(await rejection(talk.readBytes(1))).toMatchObject({ code: 'ERR_TLS_INVALID_STATE' })
    expect(() => talk.release()).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_STATE' }))
    void writer.write(Uint8Array.of(0x61, 0x0a))
    expect(await line).toBe('a')
    talk.release()
  })

  it.each([0, -1, 1.5, NaN])('refuses to read %s bytes', async (count) => {
    expect(await rejection(converse().talk.readBytes(count))).toMatchObject({ code: 'ERR_TLS_INVALID_ARGUMENT' })
    expect(await rejection(converse().talk.readLine({ maxBytes: count }))).toMatchObject({ code: 'ERR_TLS_INVALID_ARGUMENT' })
  })

  it('ends with the very reason of its signal, and gives the transport up', async () => {
    const controller = new AbortController()
    const [near, far] = memoryTransportPair()
    const talk = new PlaintextConversation(near, { signal: controller.signal })
    const reading = rejection(talk.readLine())
    const reason = { too: 'late' }
    controller.abort(reason)
    expect(await reading).toBe(reason)
    expect(await rejection(talk.write('x'))).toBe(reason)
    expect(await rejection(readAll(far.readable))).toBe(reason)
    expect(() => new PlaintextConversation(memoryTransportPair()[0], { signal: controller.signal })).toThrow()
  })

  it('forgets its signal when it is released', async () => {
    const controller = new AbortController()
    const [near, far] = memoryTransportPair()
    const { writable } = new PlaintextConversation(near, { signal: controller.signal }).release()
    controller.abort()
    await writeAll(writable, Uint8Array.of(1))
    expect((await far.readable.getReader().read()).value).toEqual(Uint8Array.of(1))
  })

  it('leaves a transport that is in use alone', () => {
    const [near] = memoryTransportPair()
    near.readable.getReader()
    expect(() => new PlaintextConversation(near)).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT' }))
    expect(near.writable.locked).toBe(false)
  })
})

describe('STARTTLS', () => {
  const networks: Readonly<Record<string, () => [ByteTransport, ByteTransport]>> = {
    'in memory': () => memoryTransportPair(),
    'cut into bytes': () => virtualNetwork({ seed: 7, maxPieceBytes: 3, maxDelayTurns: 1 }),
  }
  it.each(Object.entries(networks))('begins TLS where the clear text stops, %s', async (_, network) => {
    const [near, far] = network()
    const [client, server] = await Promise.all([
      (async () => {
        const talk = new PlaintextConversation(near)
        await talk.readLine()
        // Our first flight may follow before the answer is read: it must not be lost in the other's buffer.
        await talk.write('STARTTLS\r\n')
        await talk.readLine()
        return connect(talk.release(), { ...clientOptions(), libssl })
      })(),
      (async () => {
        const talk = new PlaintextConversation(far)
        await talk.write('220 hello\r\n')
        await talk.readLine()
        await talk.write('220 go ahead\r\n')
        return accept(talk.release(), { ...serverOptions(), libssl })
      })(),
    ])
    const received = readAll(server.readable)
    await writeAll(client.writable, noise(50_000))
    await client.writable.close()
    expect(same(await received, noise(50_000))).toBe(true)
    await closeBoth({ client, server })
  })

  it('loses nothing of a peer that does not wait for the answer', async () => {
    const [near, far] = memoryTransportPair()
    await writeAll(near.writable, new TextEncoder().encode('STARTTLS\r\n'))
    const client = connect(near, { ...clientOptions(), libssl })
    await turns(200) // ClientHello is in the same buffer by now
    const talk = new PlaintextConversation(far)
    expect(await talk.readLine()).toBe('STARTTLS')
    const server = accept(talk.release(), { ...serverOptions(), libssl })
    await Promise.all([client.opened, server.opened])
    await closeBoth({ client, server })
  })

  it('takes nothing for protected that was slipped in before the handshake', async () => {
    const [near, far] = memoryTransportPair()
    await writeAll(near.writable, new TextEncoder().encode('STARTTLS\r\nMAIL FROM:<attacker>\r\n'))
    const talk = new PlaintextConversation(far)
    await talk.readLine()
    const server = accept(talk.release(), { ...serverOptions(), libssl })
    expect(await rejection(server.opened)).toMatchObject({ name: 'PeerError' })
  })
})

describe('TLS in TLS', () => {
  const over = async (transports: Parameters<typeof connect>[0][]) => {
    const outer = [connect(transports[0]!, { ...clientOptions(), libssl }), accept(transports[1]!, { ...serverOptions(), libssl })] as const
    const client = connect(outer[0], { ...clientOptions(), libssl })
    const server = accept(outer[1], { ...serverOptions(), libssl })
    return { outer, client, server }
  }

  it.each(['in memory', 'over Duplexes'])('talks both ways and closes the connection beneath, %s', async (where) => {
    const { outer, client, server } = await over(where === 'in memory' ? memoryTransportPair() : duplexPair())
    const [there, back] = [noise(200_000), noise(300_000, 2)]
    const received = [readAll(server.readable), readAll(client.readable)]
    await Promise.all([writeAll(client.writable, there, 30_000), writeAll(server.writable, back, 30_000)])
    await Promise.all([client.writable.close(), server.writable.close()])
    expect(same((await received[0])!, there)).toBe(true)
    expect(same((await received[1])!, back)).toBe(true)
    await Promise.all([client.closed, server.closed, outer[0].closed, outer[1].closed])
  })

  it('aborts the connection beneath, too', async () => {
    const { outer, client, server } = await over(memoryTransportPair())
    await Promise.all([client.opened, server.opened])
    const reason = new Error('given up')
    client.abort(reason)
    expect(await rejection(client.closed)).toBe(reason)
    expect(await rejection(outer[0].closed)).toBe(reason)
    // The other side learns of it when it reads.
    await rejection(readAll(server.readable))
    await Promise.all([rejection(server.closed), rejection(outer[1].closed)])
  })

  it('fails when the connection beneath is aborted', async () => {
    const { outer, client, server } = await over(memoryTransportPair())
    await Promise.all([client.opened, server.opened])
    const reason = new Error('given up')
    outer[0].abort(reason)
    expect(await rejection(readAll(client.readable))).toMatchObject({ code: 'ERR_TLS_TRANSPORT', cause: reason })
    await rejection(readAll(server.readable))
  })
})
