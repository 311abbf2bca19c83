// Messages of a WebSocket: Wisp's packets, to a server and to a client, and those of the credit window.

import { utf8 } from '../../src/base/bytes.js'
import { fromWebSocket, type ByteTransport } from '../../src/index.js'
import { connectWisp, serveWisp, WISP_SUBPROTOCOL } from '../../src/wisp.js'
import { CREDIT_PROTOCOL } from '../../src/transports/websocket-credit.js'
import { serverInfo } from '../../src/transports/wisp/handshake.js'
import { closePacket, connectPacket, continuePacket, dataPacket, infoPacket } from '../../src/transports/wisp/packets.js'
import { memoryDial, PageWebSocket } from '../helpers/wisp-peers.js'
import { demandNoBug, type Input, type Target } from './fuzz.js'
import { writeNodes, type Format, type TreeNode } from './tree.js'

/** Messages one after the other, each behind its length. */
const messages: Format = {
  read(bytes) {
    const nodes: TreeNode[] = []
    for (let at = 0; at < bytes.byteLength;) {
      const end = at + 2 + bytes[at]! * 256 + (bytes[at + 1] ?? 0)
      nodes.push({ tag: new Uint8Array(), length: 2, content: bytes.subarray(at + 2, end) })
      at = end
    }
    return nodes
  },
  write: writeNodes,
}

const sequence = (...list: readonly Uint8Array[]) => writeNodes(list.map((content) => ({ tag: new Uint8Array(), length: 2, content })))
const changed = (input: Input, ...original: readonly Uint8Array[]) =>
  messages.read(input.change(sequence(...original), messages)).map(({ content }) => Uint8Array.from(content as Uint8Array).buffer)

const line = utf8('a line\n')
const talk = [dataPacket(1, line), continuePacket(1, 3), dataPacket(1, line)]
const client1 = [
  connectPacket(1, 'target.example', 80), ...talk, connectPacket(2, '127.0.0.1', 443), dataPacket(2, line), closePacket(1, 2),
  closePacket(2, 3),
]
const client2 = [infoPacket({ major: 2, minor: 0, extensions: [{ id: 5, payload: new Uint8Array() }] }), ...client1]
const server1 = [continuePacket(0, 128), ...talk, closePacket(1, 2)]
const server2 = [
  infoPacket(serverInfo({ motd: 'hello', password: false })), continuePacket(0, 4), ...talk, continuePacket(1, 4), closePacket(1, 2),
]
const credit = [
  Uint8Array.of(1, 0, 1, 0, 0), Uint8Array.of(0, ...line), Uint8Array.of(1, 0, 0, 1, 0), Uint8Array.of(0, ...line), Uint8Array.of(2),
]

class ProtocolSocket extends PageWebSocket {
  readonly protocol: string
  constructor(protocol: string) {
    super()
    this.protocol = protocol
  }
}

/** Reads and writes until both directions have ended; an error is an end, and so is an abort without a reason. */
async function use({ readable, writable }: ByteTransport): Promise<void> {
  const writer = writable.getWriter()
  writer.write(line).then(() => writer.close()).catch(() => {}) // `closed` tells of it, too
  for (const end of await Promise.allSettled([readable.pipeTo(new WritableStream()), writer.closed])) {
    if (end.status === 'rejected' && end.reason !== undefined) demandNoBug(end.reason)
  }
}

async function serve(input: Input, protocol: string, original: readonly Uint8Array[]): Promise<void> {
  const socket = new ProtocolSocket(protocol)
  const { dial, far } = memoryDial()
  const server = serveWisp(socket, { dial })
  for (const message of changed(input, ...original)) {
    socket.receive(message)
    await Promise.resolve()
  }
  const targets = far.map(use)
  socket.nowClosed(1000)
  await server.closed
  await Promise.all(targets)
}

async function dial(input: Input, protocol: string, original: readonly Uint8Array[]): Promise<void> {
  const socket = new ProtocolSocket(protocol)
  const opening = connectWisp(socket)
  const streams: Promise<void>[] = []
  opening.then((connection) => {
    for (let more = 0; more < 2; more++) {
      try {
        streams.push(use(connection.open({ host: 'target.example', port: 80 + more })))
      } catch (error) {
        demandNoBug(error)
      }
    }
  }, demandNoBug)
  for (const message of changed(input, ...original)) {
    socket.receive(message)
    for (let turns = 0; turns < 10; turns++) await Promise.resolve()
  }
  socket.nowClosed(1000)
  const connection = await opening.catch(demandNoBug)
  await connection?.closed
  await Promise.all(streams)
}

async function countCredit(input: Input, role: 'client' | 'server'): Promise<void> {
  const socket = new ProtocolSocket(CREDIT_PROTOCOL)
  const using = use(fromWebSocket(socket, { role }))
  for (const message of changed(input, ...credit)) {
    socket.receive(message)
    await Promise.resolve()
  }
  socket.nowClosed(1000)
  await using
}

export const frameTargets: readonly Target[] = [
  { name: 'Wisp 1, a server', run: (_, input) => serve(input, '', client1) },
  { name: 'Wisp 2, a server', run: (_, input) => serve(input, WISP_SUBPROTOCOL, client2) },
  { name: 'Wisp 1, a client', run: (_, input) => dial(input, '', server1) },
  { name: 'Wisp 2, a client', run: (_, input) => dial(input, WISP_SUBPROTOCOL, server2) },
  { name: 'the credit window, a server', run: (_, input) => countCredit(input, 'server') },
  { name: 'the credit window, a client', run: (_, input) => countCredit(input, 'client') },
]
