// A client that speaks Wisp: many streams on one WebSocket, each held to the rules as a tunnel of its own is.

import { formatTarget, parseTarget, type Target } from '../../transports/target.js'
import { serveWisp } from '../../transports/wisp/server.js'
import type { WispLogEntry, WispServer } from '../../transports/wisp/server-options.js'
import type { Logger } from './relay-log.js'
import type { RelaySettings } from './relay-options.js'
import { timedDial } from './timed-dial.js'
import type { Dial, RelaySocket, TargetConnection } from './visitor.js'

type WispSettings = 'maxConnections' | 'maxMessageBytes' | 'connectTimeoutMs' | 'highWaterMarkBytes' | 'windowBytes'

export interface WispRules extends Pick<RelaySettings, WispSettings> {
  readonly allow: ReadonlySet<string>
  readonly dial: Dial
  /** Takes one of the relay's places, and gives what frees it; or says why there is none. */
  readonly takePlace: () => (() => void) | string
}

/** What clients commonly put into a packet at most, as ours does. */
const PACKET_BYTES = 32 * 1024

/** Serves a client of that version upon an open WebSocket, until it is closed. */
export function serveWispVisit(socket: RelaySocket, version: 1 | 2, rules: WispRules, log: Logger): WispServer {
  const { maxConnections, maxMessageBytes, connectTimeoutMs, highWaterMarkBytes, windowBytes } = rules
  let dials = Promise.resolve()
  /** One dial in a turn of the event loop: a client could ask for many, and leave each at once. */
  const turn = () => {
    const before = dials
    dials = before.then(() => new Promise((resolve) => setTimeout(resolve)))
    return before
  }
  return serveWisp(socket, {
    version,
    maxMessageBytes,
    highWaterMarkBytes,
    // A place for each stream, and one for the connection: what one stream may send ahead does not stop another.
    maxBufferedBytes: (streams) => (streams + 1) * windowBytes,
    bufferPackets: Math.max(1, Math.floor(windowBytes / PACKET_BYTES)),
    maxStreams: maxConnections,
    dial: async (wanted, signal) => {
      const target = parseTarget(formatTarget(wanted))
      if (!target) throw new Refused('EINVAL', 'not a target')
      if (!rules.allow.has(formatTarget(target))) throw new Refused('EACCES', 'this target is not allowed')
      const leave = rules.takePlace()
      if (typeof leave === 'string') throw new Refused('EBUSY', leave)
      let connection: TargetConnection
      try {
        await turn()
        signal.throwIfAborted()
        connection = await timedDial(rules.dial, target, connectTimeoutMs, signal)
      } catch (error) {
        leave()
        throw error
      }
      void connection.closed.then(leave)
      return connection
    },
    log: ({ streamId, target, ...entry }) => {
      log(entry.event, statusOf(entry), resultOf(entry), { ...entry, target: nameOf(target), stream: streamId })
    },
  })
}

/** Our own refusal of a stream. By its code Wisp tells the client. */
class Refused extends Error {
  readonly code: keyof typeof statuses

  constructor(code: keyof typeof statuses, message: string) {
    super(message)
    this.code = code
  }
}

const statuses = { EINVAL: 400, EACCES: 403, EBUSY: 503 }

type Outcome = Pick<WispLogEntry, 'event' | 'error' | 'ofTarget' | 'reason'>

/** 0 where the client did not wait for the target. */
function statusOf({ event, error, ofTarget }: Outcome): number {
  if (event !== 'refuse') return 101
  return error instanceof Refused ? statuses[error.code] : ofTarget ? 502 : 0
}

function resultOf({ event, error, ofTarget, reason }: Outcome): string {
  if (error === undefined) return event === 'open' ? 'open' : `closed (0x${reason.toString(16).padStart(2, '0')})`
  const { code, message } = error as NodeJS.ErrnoException
  return ofTarget && !(error instanceof Refused) ? `target: ${code ?? message}` : message
}

/** As tunnels are named; a text that is no target, as it came. */
function nameOf(target: Target): string {
  return formatTarget(parseTarget(formatTarget(target)) ?? target)
}
