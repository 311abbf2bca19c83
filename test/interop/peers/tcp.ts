// TCP on the loopback address, for the length of a test.

import {
  createServer, connect as netConnect, type AddressInfo, type Server, type ServerOpts, type Socket, type SocketConstructorOpts,
} from 'node:net'
import { onTestFinished } from 'vitest'
import { accept, connect, type AcceptOptions, type ConnectOptions, type TlsConnection } from '../../../src/index.js'
import { authority } from '../../helpers/certificates.js'
import { HOST, isAnswered, onFreePorts, PORT_TAKEN } from '../../helpers/free-ports.js'
import { identities } from './matrix.js'
import type { Peer } from './process.js'

export { HOST }

/** {@link onFreePorts} for one port. */
export function onFreePort<T>(start: (port: number) => Promise<T | undefined>): Promise<T> {
  return onFreePorts(1, ([port]) => start(port!))
}

/** Waits until `peer` accepts connections at `port`; `false` if it ended because the port was taken. */
export async function listens(peer: Peer, port: number): Promise<boolean> {
  let ended = false
  void peer.exited.then(() => { ended = true })
  if (await isAnswered(port, () => ended)) return true
  if (PORT_TAKEN.test(peer.log)) return false
  throw new Error(`it ended and does not listen: ${peer.report()}`)
}

/** Listens on the loopback address alone; resolves to the port that the system picked. */
export function listening(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, HOST, () => resolve((server.address() as AddressInfo).port))
  })
}

/** A connected socket. */
export async function dial(port: number, options: SocketConstructorOpts = {}): Promise<Socket> {
  const socket = netConnect({ port, host: HOST, ...options })
  onTestFinished(() => void socket.destroy())
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  return socket
}

/** connect() over a new socket, for `localhost` of the test CA unless the options say otherwise. */
export async function connectTo(port: number, options: Partial<ConnectOptions> = {}): Promise<TlsConnection> {
  return connect(await dial(port), { servername: 'localhost', ca: authority.ca.cert, ...options })
}

/** Listens, and hands each TCP connection to `serve`; all end with the test. */
export async function serveTcp(serve: (socket: Socket) => void, options: ServerOpts = {}): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer(options, (socket) => {
    sockets.add(socket.on('error', () => {}))
    serve(socket)
  })
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return listening(server)
}

export interface Listening {
  readonly port: number
  /** The first that comes, and what is beneath it. */
  readonly connection: Promise<TlsConnection>
  readonly socket: Promise<Socket>
}

/** Listens for one TLS connection to accept(). It shows the EC certificate unless the options say otherwise. */
export async function acceptOne(options: Partial<AcceptOptions> = {}): Promise<Listening> {
  let first!: (socket: Socket) => void
  const socket = new Promise<Socket>((resolve) => { first = resolve })
  const { cert, key } = identities.EC
  const connection = socket.then((raw) => accept(raw, { cert, key, ...options }))
  return { port: await serveTcp(first), connection, socket }
}
