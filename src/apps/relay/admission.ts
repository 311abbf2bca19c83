// Who may open a tunnel, and where to. Decided from the request alone, before a byte goes to the target.

import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { formatTarget, parseTargetPath, type Target } from './target.js'

/** An answer other than 101. */
export interface Refusal {
  readonly status: number
  readonly reason: string
}

export interface Rules {
  readonly allow: ReadonlySet<string>
  readonly origins: ReadonlySet<string>
  /** No tunnel is free. */
  readonly full: boolean
}

/** The target, if the request may have it. The origin comes first: a foreign page is told nothing else. */
export function admit(request: IncomingMessage, rules: Rules): Target | Refusal {
  const origin = originOf(request)
  if (origin !== undefined && !rules.origins.has(origin)) return { status: 403, reason: 'this origin is not allowed' }
  if (request.headers.upgrade?.toLowerCase() !== 'websocket') return { status: 400, reason: 'not a WebSocket request' }
  const target = parseTargetPath(request.url ?? '')
  if (!target) return { status: 400, reason: 'the path must be /host:port' }
  if (!rules.allow.has(formatTarget(target))) return { status: 403, reason: 'this target is not allowed' }
  if (rules.full) return { status: 503, reason: 'too many connections' }
  return target
}

/** The page that a browser acts for. Version 8 of the protocol, which `ws` still speaks, had another header for it. */
export function originOf(request: IncomingMessage): string | undefined {
  const { origin, 'sec-websocket-origin': formerly } = request.headers
  return origin ?? (Array.isArray(formerly) ? formerly.join(', ') : formerly)
}

/** Answers the request in one line of text, and hangs up. */
export function refuse(client: Duplex, { status, reason }: Refusal): void {
  if (!client.writable) return void client.destroy()
  const body = `${reason}\n`
  const headers: OutgoingHttpHeaders = {
    'Connection': 'close',
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
  }
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')
  client.once('finish', () => client.destroy())
  client.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head}\r\n${body}`)
}
