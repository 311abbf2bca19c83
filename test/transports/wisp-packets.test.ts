import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clientInfo, readClientInfo, readServerInfo, serverInfo } from '../../src/transports/wisp/handshake.js'
import {
  CLOSE, closePacket, CONNECT, connectPacket, CONTINUE, continuePacket, DATA, dataPacket, INFO, infoPacket, parsePacket, TCP, UDP,
  type Info, type Packet,
} from '../../src/transports/wisp/packets.js'

const streamId = fc.integer({ min: 0, max: 0xffff_ffff })
const bytes = fc.uint8Array({ maxLength: 300 })
const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6())
const info: fc.Arbitrary<Info> = fc.record({
  major: fc.nat(255), minor: fc.nat(255), extensions: fc.array(fc.record({ id: fc.nat(255), payload: bytes }), { maxLength: 6 }),
})
const packet: fc.Arbitrary<readonly [Uint8Array, Packet]> = fc.oneof(
  fc.tuple(streamId, host, fc.integer({ min: 1, max: 65535 }))
    .map(
      ([id, name, port]) => [connectPacket(id, name, port), { type: CONNECT, streamId: id, streamType: TCP, host: name, port }] as const,
    ),
  fc.tuple(streamId, bytes).map(([id, data]) => [dataPacket(id, data), { type: DATA, streamId: id, bytes: data }] as const),
  fc.tuple(streamId, streamId).map(([id, packets]) => [continuePacket(id, packets), { type: CONTINUE, streamId: id, packets }] as const),
  fc.tuple(streamId, fc.nat(255)).map(([id, reason]) => [closePacket(id, reason), { type: CLOSE, streamId: id, reason }] as const),
  info.map((value) => [infoPacket(value), { type: INFO, streamId: 0, info: value }] as const),
)

/** Plain numbers, however the bytes are held. */
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, inner: unknown) => (inner instanceof Uint8Array ? [...inner] : inner)))
const fromHex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))

describe('Wisp packets', () => {
  it('are little-endian, as the specification has them', () => {
    expect(connectPacket(0x01020304, 'a.b', 443)).toEqual(fromHex('01 04030201 01 bb01 612e62'))
    expect(dataPacket(1, fromHex('ff00'))).toEqual(fromHex('02 01000000 ff00'))
    expect(continuePacket(0, 128)).toEqual(fromHex('03 00000000 80000000'))
    expect(closePacket(0xffffffff, 0x44)).toEqual(fromHex('04 ffffffff 44'))
    expect(infoPacket({ major: 2, minor: 1, extensions: [{ id: 4, payload: fromHex('6869') }, { id: 5, payload: fromHex('') }] }))
      .toEqual(fromHex('05 00000000 0201 04 02000000 6869 05 00000000'))
  })

  it('are read as they were written, from wherever they lie in a buffer', () => {
    fc.assert(fc.property(packet, fc.nat(20), ([message, expected], offset) => {
      const buffer = new Uint8Array(message.byteLength + 2 * offset)
      buffer.set(message, offset)
      expect(plain(parsePacket(buffer.subarray(offset, offset + message.byteLength)))).toEqual(plain(expected))
    }))
  })

  it('that are cut short are never taken for whole', () => {
    fc.assert(fc.property(packet, fc.nat(), ([message, expected], cut) => {
      const parsed = parsePacket(message.subarray(0, cut % message.byteLength))
      if (cut % message.byteLength < 5) expect(parsed).toMatchObject({ type: 'malformed', streamId: undefined })
      else if (expected.type === CONTINUE || expected.type === CLOSE) expect(parsed)
        .toMatchObject({ type: 'malformed', streamId: expected.streamId })
      else expect(plain(parsed)).not.toEqual(plain(expected))
    }))
  })

  it('of any bytes whatever are read without an exception, and give nothing from outside of them', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(6), (garbage, type) => {
      if (garbage.byteLength > 0) garbage[0] = type
      const parsed = parsePacket(garbage)
      const parts = parsed.type === DATA ? [parsed.bytes] : parsed.type === INFO ? parsed.info.extensions.map(({ payload }) => payload) : []
      for (const part of parts) {
        expect(part.buffer).toBe(garbage.buffer)
        expect(part.byteOffset + part.byteLength).toBeLessThanOrEqual(garbage.byteOffset + garbage.byteLength)
      }
    }), { numRuns: 1000 })
  })

  it.each([
    ['no host', '01 01000000 01 bb01'],
    ['port 0', '01 01000000 01 0000 61'],
    ['a host that is not UTF-8', '01 01000000 01 bb01 ff'],
    ['a host with a line feed', '01 01000000 01 bb01 610a62'],
    ['a host with a NUL', '01 01000000 01 bb01 6100'],
    ['a host of 256 bytes', `01 01000000 01 bb01 ${'61'.repeat(256)}`],
    ['a CLOSE without a reason', '04 01000000'],
    ['a CONTINUE of three bytes', '03 01000000 800000'],
    ['an INFO without a minor version', '05 01000000 02'],
    ['an INFO whose extension is longer than it', '05 01000000 0201 04 ffffffff 61'],
  ])('with %s are malformed', (_, message) => {
    expect(parsePacket(fromHex(message))).toMatchObject({ type: 'malformed', streamId: 1 })
  })

  it('keep the stream type, UDP for example', () => {
    const message = connectPacket(1, 'a', 53)
    message[5] = UDP
    expect(parsePacket(message)).toMatchObject({ type: CONNECT, streamType: UDP })
  })
})

describe('the introductions of version 2', () => {
  it('say what was to be said', () => {
    fc.assert(fc.property(fc.option(
      fc.string(), { nil: undefined },
    ), fc.boolean(), fc.string({ maxLength: 60 }), fc.string(), (motd, password, username, secret) => {
      const server = readServerInfo(through(serverInfo({ motd, password })))
      expect(server)
        .toEqual({ major: 2, motd, password: password ? 'required' : 'none', keyRequired: false, openConfirmation: true, halfClose: true })
      const client = readClientInfo(through(clientInfo(server, { username, password: secret })))
      expect(client).toEqual({ major: 2, halfClose: true, credentials: password ? { username, password: secret } : undefined })
    }))
  })

  it('name no extension that the server has not named', () => {
    const server = readServerInfo({ major: 2, minor: 0, extensions: [{ id: 1, payload: new Uint8Array() }] })
    expect(clientInfo(server, { username: 'u', password: 'p' }).extensions).toEqual([])
  })

  it('take credentials whose lengths do not add up for none', () => {
    for (const payload of ['', '01', '010000', '0100 00 75 70', '0101 00 75', '0100 00 ff']) {
      expect(readClientInfo({ major: 2, minor: 0, extensions: [{ id: 2, payload: fromHex(payload) }] }).credentials).toBeUndefined()
    }
  })

  it('are not fooled by another extension of the half-close number', () => {
    expect(readServerInfo({ major: 2, minor: 0, extensions: [{ id: 0xf0, payload: new Uint8Array() }] }).halfClose).toBe(false)
  })
})

function through(value: Info): Info {
  const parsed = parsePacket(infoPacket(value))
  if (parsed.type !== INFO) throw new Error(`read as ${parsed.type}`)
  return parsed.info
}
