// Where the platform has sockets.

import * as net from 'node:net'
import { Server as NoServer } from './net.default.js'

export type Server = net.Server
export type Socket = net.Socket
export const { Socket } = net

/** Edge workers, that is workerd, have a class of servers of which none can be made; and their sockets differ from Node's in more. */
export const inEdgeWorker = !canBeMade(net.Server)
export const Server: typeof net.Server = inEdgeWorker ? (NoServer as unknown as typeof net.Server) : net.Server

function canBeMade(Class: new () => unknown): boolean {
  try {
    new Class()
    return true
  } catch {
    return false
  }
}
