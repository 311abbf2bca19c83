// One request for a tunnel, from the upgrade to the end: admit, connect the target, shake hands, carry.

import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { WebSocketServer } from 'ws'
import { admit, originOf, refuse, type Refusal, type Rules } from './admission.js'
import { connectTarget } from './connect-target.js'
import type { RelayLogEntry } from './relay-log.js'
import { formatTarget, parseTargetPath, type Target } from './target.js'
import { Tunnel } from './tunnel.js'

/** An admitted request: it holds one of the relay's places until it is over. */
export interface Visit {
  /** Fulfilled when nothing of it is left open. Rejects only with what the operator's `log` throws. */
  readonly over: Promise<void>
  /** Ends it because the relay goes away. */
  stop(): void
}

export interface VisitSettings extends Rules {
  readonly webSockets: WebSocketServer
  readonly connectTimeoutMs: number
  readonly highWaterMarkBytes: number
  readonly log: (entry: RelayLogEntry) => void
}

const graceMs = 2_000
const probeMs = 30_000

/** Refuses the request, or starts to serve it. */
export function visit(request: IncomingMessage, client: Socket, head: Buffer, settings: VisitSettings): Visit | undefined {
  client.on('error', () => {}) // its close says enough
  const log = logger(request, client, settings.log)
  const verdict = admit(request, settings)
  if ('status' in verdict) {
    refuse(client, verdict)
    log('refuse', verdict.status, verdict.reason)
    return undefined
  }
  const stopping = new AbortController()
  return {
    over: serve({ request, client, head, settings, target: verdict, stopping: stopping.signal, log }),
    stop: () => stopping.abort(),
  }
}

interface Admitted {
  readonly request: IncomingMessage
  readonly client: Socket
  readonly head: Buffer
  readonly settings: VisitSettings
  readonly target: Target
  readonly stopping: AbortSignal
  readonly log: Logger
}

async function serve(admitted: Admitted): Promise<void> {
  const { stopping, log } = admitted
  const connected = await connect(admitted)
  if ('status' in connected) {
    if (connected.status === 0) admitted.client.destroy()
    else refuse(admitted.client, connected)
    return log('refuse', connected.status, connected.reason)
  }
  const tunnel = await shakeHands(admitted, connected)
  if (!tunnel) {
    connected.destroy()
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
async function connect({ client, target, settings, stopping }: Admitted): Promise<Socket | Refusal> {
  const unwanted = new AbortController()
  const giveUp = () => unwanted.abort()
  client.once('end', giveUp).once('close', giveUp)
  stopping.addEventListener('abort', giveUp)
  try {
    return await connectTarget(target, settings.connectTimeoutMs, unwanted.signal)
  } catch (error) {
    if (stopping.aborted) return { status: 503, reason: 'the relay is closing' }
    if (unwanted.signal.aborted) return { status: 0, reason: 'the client went away' }
    // The system's words may name addresses behind the relay: the log has the code, the client learns no more than it.
    const code = (error as NodeJS.ErrnoException).code ?? 'ETIMEDOUT'
    return { status: 502, reason: `cannot reach the target: ${code}` }
  } finally {
    client.off('end', giveUp).off('close', giveUp)
    stopping.removeEventListener('abort', giveUp)
  }
}

/** Undefined if `ws` refused the request's headers (it has answered), or if the client went away. */
function shakeHands({ request, client, head, settings }: Admitted, target: Socket): Promise<Tunnel | undefined> {
  return new Promise((resolve) => {
    const failed = () => resolve(undefined)
    if (client.destroyed) return failed()
    client.once('close', failed)
    settings.webSockets.handleUpgrade(request, client, head, (webSocket) => {
      client.off('close', failed)
      // Here and not after an await: the first message may follow at once.
      resolve(new Tunnel(webSocket, target, { highWaterMarkBytes: settings.highWaterMarkBytes, graceMs, probeMs }))
    })
  })
}

type Logger = (
  event: RelayLogEntry['event'], status: number, result: string, bytes?: Pick<RelayLogEntry, 'bytesToTarget' | 'bytesToClient'>,
) => void

function logger(request: IncomingMessage, client: Socket, write: (entry: RelayLogEntry) => void): Logger {
  const startedAt = performance.now()
  const path = request.url ?? ''
  const target = parseTargetPath(path)
  const who = {
    client: `${client.remoteAddress ?? 'unknown'}:${client.remotePort ?? 0}`, // now: a closed socket has forgotten it
    origin: originOf(request),
    target: target ? formatTarget(target) : path,
  }
  return (event, status, result, { bytesToTarget, bytesToClient } = { bytesToTarget: 0, bytesToClient: 0 }) =>
    write({ event, ...who, status, result, bytesToTarget, bytesToClient, durationMs: Math.round(performance.now() - startedAt) })
}
