// What passed between two ends of TCP connections, as a file that tshark reads. It is written from what a proxy saw: a capture
// by the system wants privileges that not every machine gives.

import { writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { dial, serveTcp } from './tcp.js'
import { Peer } from './process.js'

/** As the file has it, whatever the ports really are: tshark knows what to expect of 443. */
const SERVER_PORT = 443
const LINKTYPE_RAW = 101
const [FIN, SYN, PSH, ACK] = [0x01, 0x02, 0x08, 0x10]
/** What fits into an IPv4 packet. */
const MAX_SEGMENT_BYTES = 60_000

/** A connection's packets, as if they had been seen. */
class Conversation {
  readonly packets: Buffer[] = []
  readonly #clientPort: number
  readonly #sequence = { client: 1000, server: 5000 }

  constructor(clientPort: number) {
    this.#clientPort = clientPort
    this.#packet('client', SYN)
    this.#packet('server', SYN | ACK)
    this.#packet('client', ACK)
  }

  sent(from: 'client' | 'server', bytes: Buffer): void {
    for (let at = 0; at < bytes.byteLength; at += MAX_SEGMENT_BYTES) {
      this.#packet(from, PSH | ACK, bytes.subarray(at, at + MAX_SEGMENT_BYTES))
    }
  }

  ended(from: 'client' | 'server'): void {
    this.#packet(from, FIN | ACK)
  }

  #packet(from: 'client' | 'server', flags: number, payload: Buffer = Buffer.alloc(0)): void {
    const to = from === 'client' ? 'server' : 'client'
    const packet = Buffer.alloc(40 + payload.byteLength)
    packet.writeUInt8(0x45, 0) // IPv4, a header of five words
    packet.writeUInt16BE(packet.byteLength, 2)
    packet.writeUInt8(64, 8) // hops that are left
    packet.writeUInt8(6, 9) // TCP
    packet.set(from === 'client' ? [10, 0, 0, 1, 10, 0, 0, 2] : [10, 0, 0, 2, 10, 0, 0, 1], 12)
    const ports = { client: this.#clientPort, server: SERVER_PORT }
    packet.writeUInt16BE(ports[from], 20)
    packet.writeUInt16BE(ports[to], 22)
    packet.writeUInt32BE(this.#sequence[from], 24)
    packet.writeUInt32BE(flags & ACK ? this.#sequence[to] : 0, 28)
    packet.writeUInt8(0x50, 32) // a header of five words
    packet.writeUInt8(flags, 33)
    packet.writeUInt16BE(65_535, 34)
    packet.set(payload, 40)
    this.#sequence[from] += payload.byteLength + (flags & (SYN | FIN) ? 1 : 0)
    this.packets.push(packet)
  }
}

export interface Capture {
  /** Where to connect to be seen. */
  readonly port: number
  /** Writes all that was seen so far. */
  save(file: string): void
}

/** A proxy before `port` that sees what passes. */
export async function capture(port: number): Promise<Capture> {
  const conversations: Conversation[] = []
  const seen = async (near: Socket) => {
    const conversation = new Conversation(40_000 + conversations.length)
    conversations.push(conversation)
    const far = await dial(port)
    const pass = (from: Socket, to: Socket, who: 'client' | 'server') => {
      from.on('data', (bytes: Buffer) => {
        conversation.sent(who, bytes)
        to.write(bytes)
      })
      from.on('end', () => {
        conversation.ended(who)
        to.end()
      })
      from.on('error', () => to.destroy())
    }
    pass(near, far, 'client')
    pass(far, near, 'server')
  }
  return {
    port: await serveTcp((socket) => { void seen(socket) }, { allowHalfOpen: true }),
    save(file) {
      const header = Buffer.alloc(24)
      header.writeUInt32LE(0xa1b2c3d4, 0)
      header.writeUInt16LE(2, 4)
      header.writeUInt16LE(4, 6)
      header.writeUInt32LE(0xffff, 16)
      header.writeUInt32LE(LINKTYPE_RAW, 20)
      const packets = conversations.flatMap(({ packets }) => packets).flatMap((packet, index) => {
        const head = Buffer.alloc(16)
        head.writeUInt32LE(1_000_000_000 + index, 0) // a packet a second
        head.writeUInt32LE(packet.byteLength, 8)
        head.writeUInt32LE(packet.byteLength, 12)
        return [head, packet]
      })
      writeFileSync(file, Buffer.concat([header, ...packets]))
    },
  }
}

/** What tshark makes of a capture's TLS: the plaintext of the connection of this number, both ways; without keys there is none. */
export async function decrypt(file: string, keylogFile: string | undefined, connection = 0): Promise<string> {
  const peer = await Peer.start(
    'tshark',
    ['-n', '-r', file, ...(keylogFile === undefined ? [] : ['-o', `tls.keylog_file:${keylogFile}`]), '-q', '-z',
    `follow,tls,ascii,${connection}`],
  )
  await peer.end()
  return peer.stdout.toString()
}
