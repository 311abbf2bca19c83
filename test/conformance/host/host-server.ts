// The HTTP server that runtimes under test ask for what they need and report to, and that browsers get their pages from.

import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, normalize } from 'node:path'
import { WebSocketServer } from 'ws'
import { startRelay } from 'libssl-wasm/relay'
import { serveFile } from '../../helpers/serve-file.js'
import type { Result } from '../suite/collector.js'
import { Session, Shared } from './session.js'

/** What a session says while it runs: a result, that it is done, that it could not go on, or which version it is. */
export type Report = { readonly result: Result } | { readonly done: true } | { readonly crashed: string } | { readonly version: string }

export interface HostServer {
  /** `http://127.0.0.1:port` */
  readonly url: string
  /** What the session of this name says goes to `listener`. */
  listen(session: string, listener: (report: Report) => void): void
  /** A page of this session that posts to /pause is answered once `until` is done. */
  pauses(session: string, until: () => Promise<void>): void
  /** Ends what was started for a session. */
  end(session: string): Promise<void>
  close(): Promise<void>
}

/** @param root what is served to browsers */
export async function startHostServer(root: string): Promise<HostServer> {
  const server = createServer((request, response) => {
    answer(request, response)
      .catch((error: unknown) => json(response, 500, { error: error instanceof Error ? error.message : String(error) }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const shared = new Shared(await startRelay({ origins: [url], maxConnections: 1000 }))
  const sessions = new Map<string, Session>()
  const listeners = new Map<string, (report: Report) => void>()
  const pauses = new Map<string, () => Promise<void>>()
  const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false })
  server.on('upgrade', (request, socket, head) => {
    const path = request.url ?? ''
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      for (const session of sessions.values()) void session.join(path, webSocket)
    })
  })

  function sessionOf(name: string): Session {
    let session = sessions.get(name)
    if (!session) sessions.set(name, session = new Session(shared))
    return session
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', url).pathname
    if (request.method !== 'POST') return serveFile(join(root, normalize(path)), response)
    const { session, ...details } = JSON.parse(await body(request)) as { session: string } & Record<string, unknown>
    if (path === '/report') {
      listeners.get(session)?.(details as unknown as Report)
      return json(response, 200, {})
    }
    if (path === '/pause') {
      await pauses.get(session)?.()
      return json(response, 200, {})
    }
    json(response, 200, await sessionOf(session).answer(path.replace('/host/', ''), details))
  }

  return {
    url,
    listen: (session, listener) => void listeners.set(session, listener),
    pauses: (session, until) => void pauses.set(session, until),
    async end(session) {
      pauses.delete(session)
      listeners.delete(session)
      await sessions.get(session)?.end()
      sessions.delete(session)
    },
    async close() {
      await Promise.all([...sessions.values()].map((session) => session.end()))
      await shared.relay.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      for (const directory of shared.directories) rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function body(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text
}

function json(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}
