// MercuryWorkshop's own Wisp server and client, as npm has them: somebody else's reading of the specification.

import { createServer, type IncomingMessage } from 'node:http'
import { existsSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { onTestFinished } from 'vitest'
import { listen } from '../../helpers/wisp-peers.js'

/** What is used of its server. Its options are global. */
interface ServerModule {
  readonly server: {
    readonly options: { allow_loopback_ips: boolean; allow_private_ips: boolean; wisp_version: 1 | 2; wisp_motd: string | null }
    routeRequest(request: IncomingMessage, socket: Duplex, head: Buffer): void
  }
  readonly logging: { readonly NONE: number; set_level(level: number): void }
}

export interface WispJsStream {
  onmessage: (bytes: Uint8Array) => void
  onclose: (reason: number) => void
  send(bytes: Uint8Array): void
  close(reason?: number): void
}

export interface WispJsConnection {
  onopen: () => void
  onclose: () => void
  onerror: () => void
  create_stream(host: string, port: number, type?: 'tcp' | 'udp'): WispJsStream
  close(): void
}

interface ClientModule {
  readonly client: { ClientConnection: new (url: string, options: { wisp_version: 1 | 2 }) => WispJsConnection }
}

const directory = fileURLToPath(new URL('../../runtimes/node_modules/@mercuryworkshop/wisp-js/src/entrypoints/', import.meta.url))

async function load<Module>(entry: string): Promise<Module> {
  const file = `${directory}${entry}`
  if (!existsSync(file)) throw new Error('wisp-js is not installed: run tools/install-runtimes.sh')
  return await import(/* @vite-ignore */ pathToFileURL(file).href) as Module
}

/** Starts its server for the length of a test; its URL. */
export async function startWispJsServer(version: 1 | 2, motd: string | null = null): Promise<string> {
  const { server, logging } = await load<ServerModule>('server.mjs')
  logging.set_level(logging.NONE)
  Object.assign(server.options, { allow_loopback_ips: true, allow_private_ips: true, wisp_version: version, wisp_motd: motd })
  const http = createServer()
  const sockets = new Set<Duplex>()
  http.on('upgrade', (request, socket, head) => {
    sockets.add(socket)
    server.routeRequest(request, socket, head)
  })
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    http.close()
  })
  return listen(http)
}

/** Its client, connected; it ends with the test. */
export async function connectWispJs(url: string, version: 1 | 2): Promise<WispJsConnection> {
  const { client } = await load<ClientModule>('client.mjs')
  const connection = new client.ClientConnection(url, { wisp_version: version })
  onTestFinished(() => connection.close())
  await new Promise<void>((resolve, reject) => {
    connection.onopen = resolve
    connection.onerror = () => reject(new Error('wisp-js could not connect'))
  })
  return connection
}
