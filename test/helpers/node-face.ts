// Connections of our node:tls for its tests: import it at the top of a test file only (kept.ts closes servers after each test).

import type * as nodeTls from 'node:tls'
import type * as net from 'node:net'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import ours from '../../src/node/tls/index.js'
import { authority, localhost } from './certificates.js'
import { listening } from './kept.js'

export const { cert, key } = localhost
export const trust = { ca: authority.ca.cert, servername: 'localhost', host: '127.0.0.1' }
export type Socket = nodeTls.TLSSocket

/** A server of ours; what it was told of, by event. */
export function serve(
  options: nodeTls.TlsOptions & Record<string, unknown> = {}, onSocket: (socket: Socket) => void = (socket) => void socket.pipe(socket),
) {
  const server = ours.createServer({ cert, key, ...options } as nodeTls.TlsOptions, (socket) => {
    socket.on('error', () => {})
    onSocket(socket)
  })
  return { server, port: listening(server) }
}

export async function connected(options: nodeTls.ConnectionOptions): Promise<Socket> {
  const socket = ours.connect({ ...trust, ...options })
  await once(socket, 'secureConnect')
  return socket
}

export const errorOf = async (socket: Duplex | net.Server, event = 'error') => (await once(socket, event) as [NodeJS.ErrnoException])[0]
