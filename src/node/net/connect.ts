// net.connect(): a socket that connects.

import { normalize, type ConnectOptions } from './connect-arguments.js'
import { Socket, type SocketOptions } from './socket.js'

/** A path is refused. */
export function connect(options: ConnectOptions & SocketOptions, callback?: () => void): Socket
export function connect(port: number, host?: string, callback?: () => void): Socket
export function connect(port: number, callback?: () => void): Socket
export function connect(path: string, callback?: () => void): Socket
export function connect(...args: unknown[]): Socket {
  const [options, callback] = normalize(args)
  const socket = new Socket(options as SocketOptions)
  if (options.timeout) socket.setTimeout(options.timeout)
  return socket.destroyed ? socket : socket.connect(options, callback) // a signal that is aborted has destroyed it
}
