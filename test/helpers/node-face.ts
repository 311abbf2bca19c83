// Connections of our node:tls for its tests: import it at the top of a test file only, it closes servers after each test.

import type * as nodeTls from 'node:tls'
import type * as net from 'node:net'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { afterEach } from 'vitest'
import ours from '../../src/node/tls/index.js'
import { authority, localhost } from './certificates.js'

export const { cert, key } = localhost
export const trust = { ca: authority.ca.cert, servername: 'localhost', host: '127.0.0.1' }
export type Socket = nodeTls.TLSSocket

const servers: net.Server[] = []
afterEach(() => { for (const server of servers.splice(0)) server.close() })

export async function listen(server: net.Server): Promise<number> {
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as net.AddressInfo).port
}

/** A server of ours; what it was told of, by event. */
export function serve(options: nodeTls.TlsOptions & Record<string, unknown> = {}, onSocket: (socket: Socket) => void = (socket) => void socket.pipe(socket)) {
  const server = ours.createServer({ cert, key, ...options } as nodeTls.TlsOptions, (socket) => {
    socket.on('error', () => {})
    onSocket(socket)
  })
  return { server, port: listen(server) }
}

export async function connected(options: nodeTls.ConnectionOptions): Promise<Socket> {
  const socket = ours.connect({ ...trust, ...options })
  await once(socket, 'secureConnect')
  return socket
}

export const errorOf = async (socket: Duplex | net.Server, event = 'error') => (await once(socket, event) as [NodeJS.ErrnoException])[0]
