// The relay as somebody's target: clients that say all they may byte by byte, and read nothing, to a relay that has 32 MiB.

import type { Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Attacker, AttackedRelay, BINARY, frame } from '../helpers/attacked-relay.js'
import type { RelayOptions } from '../../src/apps/relay/relay.js'
import { connectPacket, dataPacket } from '../../src/transports/wisp/packets.js'
import { standstill } from '../helpers/streams.js'
import { startTarget } from '../helpers/tunnels.js'

const KIB = 1024
const MIB = 1024 * KIB

/** A target that does not read, and a relay to it. */
async function setUp(options: Omit<RelayOptions, 'log'> = {}) {
  const target = await startTarget()
  onTestFinished(() => target.close())
  const relay = await AttackedRelay.start({ allow: [target.address], ...options })
  return { target, relay, before: await relay.memoryBytes() }
}

const oneByte = (...payload: number[]) => Buffer.concat(Array<Buffer>(4096).fill(frame(Uint8Array.from(payload))))

describe('a relay of little memory', () => {
  it('holds twice a window of one-byte messages at most, with the credit window', async () => {
    const { target, relay, before } = await setUp()
    const client = await Attacker.open(relay.port, `/${target.address}`, 'libssl-wasm.credit.v1')
    let credit = 256 * KIB
    const take = () => { for (const message of client.received.splice(0)) if (message[0] === 1) credit += message.readUInt32BE(1) }
    await client.send(frame(Uint8Array.of(1, 0, 0, 0, 0)))
    // Most of what the system holds for the target, so that what follows is the relay's.
    const filler = frame(new Uint8Array(1 + 32 * KIB))
    for (let sent = 0; sent < 96; sent++) {
      for (take(); credit < 32 * KIB; take()) await client.news()
      credit -= 32 * KIB
      await client.send(filler)
    }
    for (let stuck = 0; stuck < 3;) {
      take()
      for (; credit >= 4096; credit -= 4096) {
        await client.send(oneByte(0, 65))
        stuck = 0
      }
      expect(await client.roundTrip()).toBe(true)
      stuck++
    }
    expect(await relay.settledBytes() - before).toBeLessThan(3 * MIB)
  })

  it('closes with 1008 upon a message in a thousand fragments', async () => {
    const { target, relay, before } = await setUp()
    const client = await Attacker.open(relay.port, `/${target.address}`)
    await client.send(frame(Uint8Array.of(65), BINARY, false))
    for (let sent = 0; sent < 1000; sent++) await client.send(frame(Uint8Array.of(65), 0, false))
    while (client.closeCode === undefined && !client.socket.destroyed) await client.news()
    expect(client.closeCode).toBe(1008)
    expect(await relay.settledBytes() - before).toBeLessThan(MIB)
  })

  it('holds few answers for a client of Wisp that reads none', async () => {
    const { relay, before } = await setUp()
    const client = await Attacker.open(relay.port, '/wisp/')
    client.socket.pause()
    // CONNECTs without a target: each is answered by a CLOSE. The system's own buffers take a million of them.
    const bad = oneByte(1, 1, 0, 0, 0)
    for (let sent = 0; sent < 400; sent++) await client.send(bad)
    expect(await relay.settledBytes() - before).toBeLessThan(4 * MIB)
  })

  it.each([
    [undefined, 137.5 * MIB], [50 * MIB, 50 * MIB],
  ])('holds no more than maxBufferedBytes (%s) for the targets of all clients', async (maxBufferedBytes, mostBytes) => {
    const { target, relay, before } = await setUp({ maxBufferedBytes })
    const data = frame(dataPacket(1, new Uint8Array(512 * KIB)))
    const clients = await Promise.all(Array.from({ length: 20 }, () => Attacker.open(relay.port, '/wisp/')))
    for (const client of clients) {
      await client.send(frame(connectPacket(1, target.host, target.port)))
      for (let packet = 0; packet < 30; packet++) void client.send(data)
    }
    await standstill(() => clients.reduce((sum, { socket }) => sum + socket.writableLength, 0))
    expect(await relay.settledBytes() - before).toBeLessThan(mostBytes)
  })

  it('holds no more than maxBufferedBytes of messages that are never whole', async () => {
    const { target, relay, before } = await setUp({ maxBufferedBytes: 50 * MIB })
    const clients = await Promise.all(Array.from({ length: 80 }, () => Attacker.open(relay.port, `/${target.address}`)))
    const cut = frame(new Uint8Array(MIB)).subarray(0, -1)
    for (const client of clients) void client.send(cut)
    await standstill(() => clients.reduce((sum, { socket }) => sum + socket.writableLength, 0))
    expect(await relay.settledBytes() - before).toBeLessThan(50 * MIB)
  })

  it.each([
    'libssl-wasm.raw.v1', 'libssl-wasm.credit.v1',
  ])('holds a part of it for each client that reads nothing (%s)', async (protocol) => {
    const { target, relay, before } = await setUp({ maxBufferedBytes: 50 * MIB })
    const poured = new Uint8Array(16 * MIB)
    const sockets: Socket[] = []
    for (let client = 0; client < 10; client++) {
      const { socket } = await Attacker.open(relay.port, `/${target.address}`, protocol)
      socket.pause()
      if (protocol.includes('credit')) socket.write(frame(Uint8Array.of(1, 0x7f, 0, 0, 0)))
      const far = await target.accept()
      far.write(poured)
      sockets.push(far)
    }
    await standstill(() => sockets.reduce((sum, { writableLength }) => sum + writableLength, 0))
    expect(await relay.settledBytes() - before).toBeLessThan(2 * 10 * 512 * KIB) // with all beside the bytes
    expect(sockets.every(({ writableLength }) => writableLength > 0)).toBe(true)
  })
})
