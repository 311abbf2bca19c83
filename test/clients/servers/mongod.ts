// In the place of MongoDB, which Debian has not: a server end of our own over node:tls that answers every command of mongodb's with
// the same document, in which `received` is the length of the message.

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import { HOST } from '../../helpers/free-ports.js'
import type { Home } from './home.js'

export interface MongodPlace {
  readonly port: number
}

export async function startMongod(home: Home): Promise<MongodPlace> {
  const { server: { cert, key }, ca } = home.identities
  const server = createServer(
    { cert, key, ca: ca.cert, requestCert: true, rejectUnauthorized: true }, (socket) => void serve(socket).catch(() => socket.destroy()),
  )
  server.listen(0, HOST)
  await once(server, 'listening')
  home.onClose(() => server.close())
  return { port: (server.address() as AddressInfo).port }
}

/** Opcodes of the wire protocol. */
const [OP_REPLY, OP_QUERY, OP_MSG] = [1, 2004, 2013]
const HEADER = 16

async function serve(socket: TLSSocket): Promise<void> {
  for await (const chunk of messages(socket)) {
    const [length, request, opcode] = [chunk.length, chunk.readInt32LE(4), chunk.readInt32LE(12)]
    const answer = document({
      isWritablePrimary: true, ismaster: true, helloOk: true, maxBsonObjectSize: 16 << 20, maxMessageSizeBytes: 48_000_000,
      maxWriteBatchSize: 100_000, minWireVersion: 0, maxWireVersion: 21, received: length, ok: 1,
    })
    if (opcode === OP_QUERY) socket.write(
      message(request, OP_REPLY, Buffer.from('0000000000000000000000000000000001000000', 'hex'), answer),
    )
    else socket.write(message(request, OP_MSG, Buffer.alloc(5), answer))
  }
  socket.end()
}

async function* messages(socket: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let [chunks, size]: [Buffer[], number] = [[], 0]
  for await (const chunk of socket) {
    chunks.push(chunk)
    size += chunk.length
    if (chunks[0]!.length < HEADER) chunks = [Buffer.concat(chunks)]
    for (let length; size >= HEADER && size >= (length = chunks[0]!.readInt32LE(0)); size -= length) {
      const whole = Buffer.concat(chunks)
      yield whole.subarray(0, length)
      chunks = [whole.subarray(length)]
    }
  }
}

function message(request: number, opcode: number, ...body: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(HEADER)
  header.writeInt32LE(HEADER + body.reduce((sum, { length }) => sum + length, 0), 0)
  header.writeInt32LE(request, 8)
  header.writeInt32LE(opcode, 12)
  return Buffer.concat([header, ...body])
}

/** BSON of numbers (int32) and booleans. */
function document(fields: Readonly<Record<string, number | boolean>>): Buffer {
  const elements = Object.entries(fields).map(([name, value]) => {
    const bytes = Buffer.alloc(typeof value === 'number' ? 4 : 1)
    if (typeof value === 'number') bytes.writeInt32LE(value)
    else bytes[0] = Number(value)
    return Buffer.concat([Buffer.of(typeof value === 'number' ? 0x10 : 0x08), Buffer.from(`${name}\0`), bytes])
  })
  const body = Buffer.concat([...elements, Buffer.alloc(1)])
  const length = Buffer.alloc(4)
  length.writeInt32LE(body.length + 4)
  return Buffer.concat([length, body])
}
