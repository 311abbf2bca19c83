// Clients that are given all of Mozilla's roots, each connection anew: what one costs its process, over TCP. The server is in
// a process of its own.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect as dial, type AddressInfo, type Socket } from 'node:net'
import * as tls from 'node:tls'
import { fileURLToPath } from 'node:url'
import { mozillaRoots } from '../dist/roots.js'
import { byTurns, processorTime, row } from './measure.js'
import { credentials, Library, X25519 } from './peers.js'

const COUNT = 10
const ROUNDS = 31
const servername = 'localhost'

export async function roots(): Promise<void> {
  const server = fork(fileURLToPath(import.meta.url), ['server'])
  server.send([credentials.cert, credentials.key])
  const [port] = await once(server, 'message') as [number]
  try {
    await measure(port)
  } finally {
    server.kill()
  }
}

async function measure(port: number): Promise<void> {
  const all = [...mozillaRoots, credentials.ca]
  const pem = all.map((one) => (typeof one === 'string' ? one : toPem(one)))
  const ours = (library: Library, ca: typeof all) => handshake(port, (socket) => {
    const connection = library.api.connect(socket, { servername, ca, libssl: library.libssl, ...X25519 })
    return [connection.opened, () => connection.close()]
  })
  const theirs = () => handshake(port, (socket) => {
    const { ciphersuites: ciphers, groups: ecdhCurve } = X25519
    const connection = tls.connect({ socket, servername, ca: pem, ciphers, ecdhCurve, minVersion: 'TLSv1.3' })
    return [once(connection, 'secureConnect'), async () => void connection.destroy()]
  })
  const each = (one: () => Promise<number>) => async () => {
    let ms = 0
    for (let i = 0; i < COUNT; i++) ms += await one()
    return ms / COUNT
  }
  await ours(await Library.open(), [credentials.ca]) // so that the first is the first of its instance alone
  const library = await Library.open()
  const first = await ours(library, all)
  const [later, few, node] = await byTurns(
    ROUNDS, each(() => ours(library, all)), each(() => ours(library, [credentials.ca])), each(theirs),
  )
  const ms = (value: number) => `${value.toFixed(2)} ms`
  const line = (what: string, one: number, other: number, wanted = '') =>
    row(`a client's handshake, processor time, ${what}`, ms(one), ms(other), one / other, wanted)
  line('ca: mozillaRoots, the first', first, node!)
  line('ca: mozillaRoots, each later', later!, node!, 'under 2 ms')
  line('ours, mozillaRoots | one root', later!, few!)
}

/** Over a socket that is there already. */
async function handshake(port: number, begin: (socket: Socket) => [opened: Promise<unknown>, close: () => Promise<void>]): Promise<number> {
  const socket = await open(port)
  let close!: () => Promise<void>
  const ms = await processorTime(async () => {
    const [opened, end] = begin(socket)
    close = end
    await opened
  })
  await close()
  return ms
}

async function open(port: number): Promise<Socket> {
  const socket = dial({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  return socket
}

async function serve(): Promise<void> {
  const [[cert, key]] = await once(process, 'message') as [[string, string]]
  const server = tls.createServer({ cert, key }, (socket) => socket.on('error', () => {}).on('end', () => socket.end()).resume())
  server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port))
}

function toPem(der: Uint8Array): string {
  return `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await serve()
