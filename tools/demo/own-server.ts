// A server of the demonstration that is this library itself, in Node: what the machine's own openssl may be too old for.

import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { accept, load, type ConnectionInfo, type LibSsl } from '../../src/index.js'
import type { KeyPair } from '../certificates.js'
import type { DemoServer } from './server.js'

/** Answers each connection's first request with what was agreed, and says goodbye. */
export async function startOwnServer({ cert, key }: KeyPair, chainFile: string): Promise<DemoServer> {
  const identity = { cert: cert + readFileSync(chainFile, 'utf8'), key }
  const libssl = await load()
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)))
    // A client that refuses us, or goes away, is its own business: its side tells why.
    answer(socket, libssl, identity).catch(() => socket.destroy())
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    command: 'libssl-wasm in Node: accept(socket, { cert, key })',
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function answer(socket: Socket, libssl: LibSsl, identity: { cert: string; key: string }): Promise<void> {
  const tls = accept(socket, { ...identity, libssl })
  const info = await tls.opened
  const reader = tls.readable.getReader()
  const { done } = await reader.read()
  reader.releaseLock()
  if (!done) {
    const writer = tls.writable.getWriter()
    await writer.write(new TextEncoder().encode(page(libssl, info)))
    await writer.close()
  }
  await tls.close()
}

function page(libssl: LibSsl, { protocol, cipher, group, servername }: ConnectionInfo): string {
  return ['HTTP/1.0 200 OK', 'Content-Type: text/plain', '',
    `Hello from ${libssl.version} in WebAssembly, as a server in Node ${process.version}.`, '',
    `protocol    ${protocol}`, `cipher      ${cipher}`, `group       ${group}`, `servername  ${servername}`, ''].join('\r\n')
}
