// In the place of SQL Server, which Debian has not: a server end of our own over node:tls that speaks as much of TDS as tedious needs
// to connect and to run a statement. TLS begins within PRELOGIN packets, or, as TDS 8.0, at once.

import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { createSecureContext, createServer as createTlsServer, TLSSocket } from 'node:tls'
import { HOST } from '../../helpers/free-ports.js'
import type { Home } from './home.js'

export interface SqlServerPlace {
  readonly port: number
  /** Begins with TLS. */
  readonly strictPort: number
}

export async function startSqlServer(home: Home): Promise<SqlServerPlace> {
  const { cert, key } = home.identities.serverRsa
  const secureContext = createSecureContext({ cert, key })
  const plain = createServer((socket) => {
    const wire = new PackedWire(socket)
    const tls = new TLSSocket(wire as unknown as Socket, { isServer: true, secureContext })
    tls.once('secure', () => wire.endHandshake())
    serve(tls)
  })
  const strict = createTlsServer({ cert, key, ALPNProtocols: ['tds/8.0'] }, serve)
  for (const server of [plain, strict]) {
    server.listen(0, HOST)
    await once(server, 'listening')
    home.onClose(() => server.close())
  }
  return { port: (plain.address() as AddressInfo).port, strictPort: (strict.address() as AddressInfo).port }
}

/** Types of packets. */
const [RESPONSE, LOGIN7, PRELOGIN] = [0x04, 0x10, 0x12]
const HEADER = 8
/** What PRELOGIN says of encryption. */
const [ON, NOT_SUPPORTED] = [1, 2]

/** What TLS is spoken over: until the handshake is done each flight is a packet, and the first of the client's is a PRELOGIN of its own. */
class PackedWire extends Duplex {
  readonly #socket: Socket
  readonly #packets = new Packets()
  #packed = true
  #greeted = false
  #secure = false
  #flight: Buffer[] = []

  constructor(socket: Socket) {
    super()
    this.#socket = socket.on('error', () => this.destroy())
    socket.on('data', (chunk: Buffer) => {
      if (!this.#packed) return void this.push(chunk)
      for (const { body } of this.#packets.take(chunk)) {
        if (this.#greeted) this.push(body)
        else socket.write(packet(PRELOGIN, preloginAnswer(ON)))
        this.#greeted = true
      }
    })
    socket.on('end', () => this.push(null))
  }

  /** The flight that is written by now, or next, is the last packet. */
  endHandshake(): void {
    this.#secure = true
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    if (!this.#packed) return void this.#socket.write(chunk, () => done())
    if (this.#flight.push(chunk) === 1) setImmediate(() => this.#send())
    done()
  }

  override _final(done: () => void): void {
    this.#socket.end(() => done())
  }

  /** What was written of a flight, as one packet: a client asks for one, and waits for one. */
  #send(): void {
    this.#socket.write(packet(PRELOGIN, Buffer.concat(this.#flight)))
    this.#flight = []
    if (this.#secure) this.#packed = false
  }
}

/** Answers whatever comes: PRELOGIN, a login, and every statement with the number of its bytes as the number of rows. */
function serve(socket: TLSSocket): void {
  const packets = new Packets()
  let received = 0
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    for (const { type, last, body } of packets.take(chunk)) {
      received += body.length
      if (!last) continue
      if (type === PRELOGIN) socket.write(packet(PRELOGIN, preloginAnswer(NOT_SUPPORTED)))
      else socket.write(packet(RESPONSE, type === LOGIN7 ? Buffer.concat([loginAnswer(body), done(0)]) : done(received)))
      received = 0
    }
  })
}

interface Packet { readonly type: number; readonly last: boolean; readonly body: Buffer }

class Packets {
  #waiting = Buffer.alloc(0)

  /** The packets that are whole with this. */
  take(chunk: Buffer): Packet[] {
    const packets: Packet[] = []
    this.#waiting = Buffer.concat([this.#waiting, chunk])
    for (let length; this.#waiting.length >= HEADER && this.#waiting.length >= (length = this.#waiting.readUInt16BE(2));) {
      const whole = this.#waiting.subarray(0, length)
      this.#waiting = this.#waiting.subarray(length)
      packets.push({ type: whole[0]!, last: (whole[1]! & 1) === 1, body: whole.subarray(HEADER) })
    }
    return packets
  }
}

function packet(type: number, body: Buffer): Buffer {
  const header = Buffer.from([type, 1, 0, 0, 0, 0, 1, 0])
  header.writeUInt16BE(HEADER + body.length, 2)
  return Buffer.concat([header, body])
}

function preloginAnswer(encryption: number): Buffer {
  return Buffer.from([0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 16, 0, 0, 0, 0, 0, encryption])
}

/** LOGINACK, in the version that the client has asked for. */
function loginAnswer(login: Buffer): Buffer {
  const name = Buffer.from('tests', 'utf16le')
  const token = Buffer.concat([
    Buffer.of(1), Buffer.from(login.subarray(4, 8)).reverse(), Buffer.of(name.length / 2), name, Buffer.of(16, 0, 0, 0),
  ])
  const header = Buffer.of(0xad, 0, 0)
  header.writeUInt16LE(token.length, 1)
  return Buffer.concat([header, token])
}

function done(rows: number): Buffer {
  const token = Buffer.from([0xfd, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
  token.writeUInt32LE(rows, 5)
  return token
}
