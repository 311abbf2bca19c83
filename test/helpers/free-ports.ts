// Ports of the loopback address for programs that cannot ask the system for one themselves.

import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'

export const HOST = '127.0.0.1'

/** Calls `start` with ports that were free a moment ago, and again with others if it says, by `undefined`, that one was taken meanwhile. */
export async function onFreePorts<T>(count: number, start: (ports: readonly number[]) => Promise<T | undefined>): Promise<T> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const started = await start(await freePorts(count))
    if (started !== undefined) return started
  }
  throw new Error('ten times in a row a port was taken between picking and using it')
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, HOST))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

/**
 * Where we ask from. From `HOST` the system may give a question the very port that it asks for: it would meet itself, and the program
 * would find its port taken.
 */
const ASKING = process.platform === 'linux' ? { localAddress: '127.0.0.2' } : {}

/** Waits until connections are accepted at `port`; `false` if the program that was to do so has ended. */
export async function isAnswered(port: number, hasEnded: () => boolean): Promise<boolean> {
  while (!hasEnded()) {
    const socket = connect({ port, host: HOST, ...ASKING })
    const connected = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    socket.destroy()
    // If it ended meanwhile, another program has answered.
    if (connected && !hasEnded()) return true
    await setTimeout(5)
  }
  return false
}

/** What programs print when a port is taken. */
export const PORT_TAKEN = /address (already )?in use|EADDRINUSE|could be in use by another process/i
