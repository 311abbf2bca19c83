// Where the platform has sockets.

import * as net from 'node:net'
import { Server as NoServer } from './net.default.js'

export type Server = net.Server
export type Socket = net.Socket
export const { Socket } = net
/** Edge workers have none. */
export const Server: typeof net.Server = (net as Partial<typeof net>).Server ?? (NoServer as unknown as typeof net.Server)
