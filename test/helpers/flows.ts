// Many bytes through sockets of Node's and of ws: sent as they are taken, collected, and compared by their hash.

import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { WebSocket } from 'ws'

export const MiB = 1024 * 1024

/** Sends 64 MiB, each piece when the one before is taken. `done` has the SHA-256 of it all. */
export function pour(
  send: (chunk: Buffer, taken: (error?: Error | null) => void) => void,
): { readonly taken: number, readonly done: Promise<string> } {
  const sum = createHash('sha256')
  let taken = 0
  const done = new Promise<string>((resolve) => {
    const next = () => {
      if (taken === 64 * MiB) return resolve(sum.digest('hex'))
      const chunk = randomBytes(MiB / 4)
      sum.update(chunk)
      send(chunk, (error) => {
        if (error) return
        taken += chunk.length
        next()
      })
    }
    next()
  })
  return { get taken() { return taken }, done }
}

/** What `client` receives before the message that ends the direction. */
export function collect(client: WebSocket): { readonly ended: Promise<Buffer> } {
  const chunks: Buffer[] = []
  return {
    ended: new Promise((resolve, reject) => {
      client.on('message', (data: Buffer) => data.length === 0 ? resolve(Buffer.concat(chunks)) : chunks.push(data))
      client.once('close', () => reject(new Error('closed before the end')))
    }),
  }
}

export async function collectSocket(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  await once(socket, 'end')
  return Buffer.concat(chunks)
}

/** Waits until `read` gives the same for a while: that nothing more happens has no event. */
export async function settled(read: () => number, forMs = 300): Promise<number> {
  let value = read()
  for (let since = performance.now(); performance.now() - since < forMs;) {
    await delay(10)
    if (read() !== value) {
      value = read()
      since = performance.now()
    }
  }
  return value
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
