// One admitted request, to its end: connect the target, shake hands, carry; or shake hands and speak Wisp.

import { refusalOfFailure } from '../../transports/dial-failures.js'
import { formatTarget, type Target } from '../../transports/target.js'
import { GOING_AWAY, NO_CODE } from '../../transports/websocket-close.js'
import { originOf, refusal, type Admission } from './admission.js'
import { nothingMoved, watchIdling } from './idle.js'
import { watchPresence } from './presence.js'
import type { Logger, RelayLogEntry } from './relay-log.js'
import type { Traffic } from './relay-metrics.js'
import type { RelaySettings } from './relay-options.js'
import { parseRequestTarget } from './request-target.js'
import { timedDial } from './timed-dial.js'
import { turnAway } from './turn-away.js'
import { Bridge } from './bridge.js'
import { CLOSING, type Dial, type Refusal, type TargetConnection, type Visitor } from './visitor.js'
import { serveWispVisit, type WispRules } from './wisp-visit.js'

/** An admitted request: it holds one of the relay's places until it is over. */
export interface Visit {
  /** Fulfilled when nothing of it is left open. Never rejects. */
  readonly over: Promise<void>
  /** The bytes of the open tunnel or Wisp connection. */
  readonly traffic: Traffic
  /** Ends it because the relay goes away. */
  stop(): void
  /** The relay is about to go away: a Wisp connection ends when it has no stream. A tunnel ends by itself. */
  drain(): void
}

export interface Admitted {
  readonly visitor: Visitor
  readonly admission: Admission
  readonly settings: RelaySettings
  readonly wisp: WispRules
  readonly dial: Dial
  readonly log: Logger
}

const graceMs = 2_000
/** How often it is looked whether a Wisp connection that drains has a stream left. */
const DRAIN_LOOK_MS = 200

/** What a visit and its owner know of each other. */
interface Course {
  readonly stopping: AbortSignal
  readonly draining: AbortSignal
  /** Of the open tunnel, or of the open Wisp connection. */
  traffic: () => Traffic
}

export function startVisit(admitted: Admitted): Visit {
  const stop = new AbortController()
  const drain = new AbortController()
  const course: Course = { stopping: stop.signal, draining: drain.signal, traffic: () => ({ bytesToTarget: 0, bytesToClient: 0 }) }
  const { to } = admitted.admission
  const over = typeof to === 'number' ? visitByWisp(admitted, to, course) : visit(admitted, to, course)
  return { over, get traffic() { return course.traffic() }, stop: () => stop.abort(), drain: () => drain.abort() }
}

async function visit(admitted: Admitted, target: Target, course: Course): Promise<void> {
  const { stopping } = course
  const { visitor, admission, settings, log } = admitted
  const connected = await connect(admitted, target, stopping)
  if ('status' in connected) {
    log('refuse', connected.status, connected.reason)
    return await turnAway(visitor, connected)
  }
  const tunnel = await visitor.accept(admission.protocol, (socket) => new Bridge(socket, connected, { ...settings, graceMs }))
  if (!tunnel) {
    connected.reset()
    return noHandshake(visitor, log)
  }
  course.traffic = () => tunnel
  log('open', 101, 'open')
  const result = await untilOver(tunnel.ended, () => tunnel.shutDown(), stopping)
  log('end', 101, result, tunnel)
}

/** The connection itself has no target; its streams have, and are logged one by one. */
async function visitByWisp({ visitor, admission, settings, wisp, log }: Admitted, version: 1 | 2, course: Course): Promise<void> {
  const { stopping, draining } = course
  const { idleTimeoutMs, streamlessTimeoutMs, clientTimeoutMs } = settings
  let streams = 0
  const dial: Dial = (target, signal) => {
    streams++
    return wisp.dial(target, signal)
  }
  const server = await visitor.accept(admission.protocol, (socket) => ({
    socket,
    wisp: serveWispVisit(socket, version, { ...wisp, dial }, log),
  }))
  if (!server) return noHandshake(visitor, log)
  const traffic = () => ({ bytesToTarget: server.wisp.bytesToTargets, bytesToClient: server.wisp.bytesToClient })
  course.traffic = traffic
  log('open', 101, `Wisp version ${version}`)
  let result: string | undefined
  const shutDown = (why: string) => {
    result = why
    void server.wisp.close(why)
    const timer = setTimeout(() => server.socket.terminate?.(), graceMs)
    void server.wisp.closed.then(() => clearTimeout(timer))
  }
  let closeCode = NO_CODE
  server.socket.addEventListener('close', (event) => { closeCode = event.code })
  const shutDownFor = (why: string) => () => shutDown(why)
  // A request for a target counts as activity, too: reaching the target may take longer than the limit.
  const moved = () => server.wisp.bytesToTargets + server.wisp.bytesToClient + streams
  const leave = whenAborted(draining, () => {
    const timer = setInterval(() => {
      if (server.wisp.streams > 0) return
      clearInterval(timer)
      shutDown(CLOSING)
    }, DRAIN_LOOK_MS)
    return () => clearInterval(timer)
  })
  let looks = 0
  const hadStream = () => streams + (server.wisp.streams > 0 ? ++looks : looks)
  const watches = [
    leave,
    watchPresence(server.socket, clientTimeoutMs),
    watchIdling(idleTimeoutMs, moved, shutDownFor(nothingMoved(idleTimeoutMs))),
    watchIdling(streamlessTimeoutMs, hadStream, shutDownFor(`no stream for ${streamlessTimeoutMs} ms`)),
  ]
  await untilOver(server.wisp.closed, shutDownFor(CLOSING), stopping)
  for (const stop of watches) stop()
  log('end', 101, result ?? `closed (${closeCode})`, traffic())
}

function noHandshake({ gone }: Visitor, log: Logger): void {
  if (gone.aborted) log('refuse', 0, 'the client went away')
  else log('refuse', 400, 'no WebSocket handshake')
}

/** Begins something when the signal aborts. Gives back what ends it, or keeps it from beginning. */
function whenAborted(signal: AbortSignal, begin: () => () => void): () => void {
  let end = () => {}
  const onAbort = () => { end = begin() }
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  return () => {
    signal.removeEventListener('abort', onAbort)
    end()
  }
}

/** What is open ends by itself, or because the relay goes away. */
async function untilOver<Result>(over: Promise<Result>, shutDown: () => void, stopping: AbortSignal): Promise<Result> {
  stopping.addEventListener('abort', shutDown)
  if (stopping.aborted) shutDown()
  try {
    return await over
  } finally {
    stopping.removeEventListener('abort', shutDown)
  }
}

/** Before the handshake, so that a target out of reach is an HTTP status and not a tunnel that opens and dies. */
async function connect(
  { visitor, admission: { protocol }, settings, dial }: Admitted, target: Target, stopping: AbortSignal,
): Promise<TargetConnection | Refusal> {
  try {
    return await timedDial(dial, target, settings.connectTimeoutMs, visitor.gone, stopping)
  } catch (error) {
    if (stopping.aborted) return { status: 503, reason: CLOSING, close: { protocol, code: GOING_AWAY } }
    if (visitor.gone.aborted) return { status: 0, reason: 'the client went away' }
    // The system's words may name addresses behind the relay, so log and client get the code alone.
    const { code } = error as NodeJS.ErrnoException
    const why = refusalOfFailure(error) ?? 'ERR_TLS_RELAY_TARGET_UNREACHABLE'
    return refusal(502, `cannot reach the target${code ? `: ${code}` : ''}`, why, protocol)
  }
}

export function logger(visitor: Visitor, write: (entry: RelayLogEntry) => void): Logger {
  const startedAt = performance.now()
  const target = parseRequestTarget(visitor.path)
  const who = { client: visitor.address, origin: originOf(visitor), target: target ? formatTarget(target) : visitor.path }
  return (event, status, result, more) => {
    const { bytesToTarget = 0, bytesToClient = 0, durationMs = Math.round(performance.now() - startedAt) } = more ?? {}
    const stream = more?.stream === undefined ? {} : { stream: more.stream }
    write({ event, ...who, target: more?.target ?? who.target, ...stream, status, result, bytesToTarget, bytesToClient, durationMs })
  }
}
