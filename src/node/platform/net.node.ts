// Where the platform has sockets.

import * as net from 'node:net'
import { Server as NoServer } from './net.default.js'

export type Server = net.Server
export type Socket = net.Socket
export const { Socket } = net

/** In edge workers (workerd) `net.Server` exists but its constructor throws, and their sockets differ from Node's in other ways, too. */
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
