// One request for a tunnel, from the upgrade to the end: connect the target, shake hands, carry.

import { formatTarget } from '../../transports/target.js'
import { originOf, type Admission } from './admission.js'
import type { RelayLogEntry } from './relay-log.js'
import type { RelaySettings } from './relay-options.js'
import { parseRequestTarget } from './target.js'
import { Tunnel } from './tunnel.js'
import type { Dial, Refusal, TargetConnection, Visitor } from './visitor.js'

/** An admitted request: it holds one of the relay's places until it is over. */
export interface Visit {
  /** Fulfilled when nothing of it is left open. Rejects only with what the operator's `log` throws. */
  readonly over: Promise<void>
  /** Ends it because the relay goes away. */
  stop(): void
}

export interface Admitted {
  readonly visitor: Visitor
  readonly admission: Admission
  readonly settings: RelaySettings
  readonly dial: Dial
  readonly log: Logger
}

const graceMs = 2_000
const probeMs = 30_000

export function startVisit(admitted: Admitted): Visit {
  const stopping = new AbortController()
  return { over: visit(admitted, stopping.signal), stop: () => stopping.abort() }
}

async function visit(admitted: Admitted, stopping: AbortSignal): Promise<void> {
  const { visitor, admission, settings, log } = admitted
  const connected = await connect(admitted, stopping)
  if ('status' in connected) {
    visitor.refuse(connected)
    return log('refuse', connected.status, connected.reason)
  }
  const tunnel = await visitor.accept(admission.protocol, (socket) => new Tunnel(socket, connected, { ...settings, graceMs, probeMs }))
  if (!tunnel) {
    connected.reset()
    return log('refuse', 400, 'no WebSocket handshake')
  }
  log('open', 101, 'open')
  const shutDown = () => tunnel.shutDown()
  stopping.addEventListener('abort', shutDown)
  if (stopping.aborted) shutDown()
  const result = await tunnel.ended
  stopping.removeEventListener('abort', shutDown)
  log('end', 101, result, tunnel)
}

/** Before the handshake, so that a target out of reach is an HTTP status and not a tunnel that opens and dies. */
async function connect({ visitor, admission, settings, dial }: Admitted, stopping: AbortSignal): Promise<TargetConnection | Refusal> {
  const unwanted = new AbortController()
  const giveUp = () => unwanted.abort()
  const timer = setTimeout(giveUp, settings.connectTimeoutMs)
  for (const signal of [visitor.gone, stopping]) {
    signal.addEventListener('abort', giveUp)
    if (signal.aborted) giveUp()
  }
  try {
    return await dial(admission.target, unwanted.signal)
  } catch (error) {
    if (stopping.aborted) return { status: 503, reason: 'the relay is closing' }
    if (visitor.gone.aborted) return { status: 0, reason: 'the client went away' }
    // The system's words may name addresses behind the relay: the log has the code, the client learns no more than it.
    const code = unwanted.signal.aborted ? 'ETIMEDOUT' : (error as NodeJS.ErrnoException).code
    return { status: 502, reason: `cannot reach the target${code ? `: ${code}` : ''}` }
  } finally {
    clearTimeout(timer)
    for (const signal of [visitor.gone, stopping]) signal.removeEventListener('abort', giveUp)
  }
}

type Logger = (
  event: RelayLogEntry['event'], status: number, result: string, bytes?: Pick<RelayLogEntry, 'bytesToTarget' | 'bytesToClient'>,
) => void

export function logger(visitor: Visitor, write: (entry: RelayLogEntry) => void): Logger {
  const startedAt = performance.now()
  const target = parseRequestTarget(visitor.path)
  const who = { client: visitor.address, origin: originOf(visitor), target: target ? formatTarget(target) : visitor.path }
  return (event, status, result, { bytesToTarget, bytesToClient } = { bytesToTarget: 0, bytesToClient: 0 }) =>
    write({ event, ...who, status, result, bytesToTarget, bytesToClient, durationMs: Math.round(performance.now() - startedAt) })
}
