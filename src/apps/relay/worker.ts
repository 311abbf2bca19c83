// The relay as an edge worker, on `cloudflare:sockets`: the same rules and the same tunnels as on Node. Only edge runtimes
// can import this file.

import { connect } from 'cloudflare:sockets'
import { fromCloudflareSocket } from '../../transports/cloudflare.js'
import { formatTarget, type Target } from '../../transports/target.js'
import { Doorkeeper } from './doorkeeper.js'
import { bindingOf, checkRelayRules, relayNumbers, type RelayRules } from './relay-options.js'
import { relayWarnings } from './relay-warnings.js'
import type { TargetConnection } from './visitor.js'
import { WorkerVisitor } from './worker-visitor.js'

export type { RelayLogEntry } from './relay-log.js'
export type { RelayRules } from './relay-options.js'

/** What a worker exports to serve requests. */
export interface RelayWorker<Env> {
  /** Answers a request: a tunnel, `/healthz`, or a refusal. */
  fetch(request: Request, env: Env, context: { waitUntil(promise: Promise<unknown>): void }): Promise<Response>
}

/**
 * A worker that relays. `rules` are given, or made from the worker's bindings upon the first request, as
 * {@link rulesFromEnv} does; `maxConnections` counts within one isolate, of which the platform has many. What is wrong in
 * them throws `ERR_TLS_UNKNOWN_OPTION` or `ERR_TLS_INVALID_OPTION` here, or fails every request.
 *
 * Two things are not as on Node. The platform does not say how much waits for a slow client, so only tunnels with the
 * credit window hold back their targets. And it cannot reset a connection: a stream that was cut looks ended to the target.
 */
export function relayWorker<Env = unknown>(rules: RelayRules | ((env: Env) => RelayRules)): RelayWorker<Env> {
  const open = (given: RelayRules) => {
    const doorkeeper = new Doorkeeper(checkRelayRules(given), dial)
    const names = { allow: 'ALLOW', origins: 'ORIGINS', token: 'TOKEN' }
    for (const warning of relayWarnings(given, names, 'at its address')) console.warn(warning)
    return doorkeeper
  }
  let doorkeeper = typeof rules === 'function' ? undefined : open(rules)
  return {
    async fetch(request, env, context) {
      doorkeeper ??= open((rules as (env: Env) => RelayRules)(env))
      if (isHealthCheck(request)) return new Response('ok\n')
      const visitor = new WorkerVisitor(request)
      const served = doorkeeper.serve(visitor)
      context.waitUntil(served)
      return Promise.race([visitor.answered, served.then(() => visitor.answered)])
    },
  }
}

/**
 * Rules from bindings: `ALLOW` and `ORIGINS` are lists, separated by spaces or commas; `TOKEN` (a secret) is one, or several separated
 * by spaces; and each number of the rules has its own, such as `MAX_CONNECTIONS`. What is absent has its default. Each event is logged
 * as one line of JSON.
 */
export function rulesFromEnv(env: Readonly<Record<string, unknown>>): RelayRules {
  const text = (name: string) => env[name] === undefined || env[name] === '' ? undefined : String(env[name])
  const list = (name: string) => text(name)?.split(/[\s,]+/).filter((item) => item !== '')
  const number = (name: string) => text(name) === undefined ? undefined : Number(text(name))
  return {
    allow: list('ALLOW'),
    origins: list('ORIGINS'),
    token: text('TOKEN')?.split(/\s+/).filter((token) => token !== ''),
    ...Object.fromEntries(relayNumbers.map((option) => [option, number(bindingOf(option))])),
    log: (entry) => console.log(JSON.stringify(entry)),
  }
}

function isHealthCheck({ method, url, headers }: Request): boolean {
  const isOfPage = headers.has('origin')
  return (method === 'GET' || method === 'HEAD') && !isOfPage && !headers.has('upgrade') && new URL(url).pathname === '/healthz'
}

async function dial(target: Target, signal: AbortSignal): Promise<TargetConnection> {
  const socket = connect(formatTarget(target), { allowHalfOpen: true })
  const closing = new Promise<void>((resolve) => { socket.closed.then(() => resolve(), () => resolve()) })
  let over!: () => void
  const closed = new Promise<void>((resolve) => { over = resolve })
  void closing.then(over)
  const close = () => {
    over() // the platform's own close() never settles if the target does not read
    return socket.close()
  }
  const reset = () => { close().catch(() => {}) }
  // Giving up the transport alone, as a Wisp stream may, must close the socket, too.
  const { readable, writable, opened } = socket
  const transport = fromCloudflareSocket({ readable, writable, opened, closed: socket.closed, close })
  try {
    await new Promise((resolve, reject) => {
      socket.opened.then(resolve, reject)
      signal.addEventListener('abort', () => reject(signal.reason))
      if (signal.aborted) reject(signal.reason)
    })
  } catch (error) {
    reset()
    throw error
  }
  return { ...transport, closed, reset }
}
