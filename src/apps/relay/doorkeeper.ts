// The relay without its host: it lets clients in, counts them, and knows what is open. Nothing of Node's or of a worker's.

import { ApiMisuseError } from '../../base/errors.js'
import { formatTarget, parseTarget } from '../../transports/target.js'
import { admit, busy } from './admission.js'
import { Places } from './places.js'
import { RelayLog, type Logger, type RelayLogEntry } from './relay-log.js'
import { RelayMetrics, type Traffic, type VisitKind } from './relay-metrics.js'
import type { RelaySettings } from './relay-options.js'
import { isWispPath } from './request-target.js'
import { turnAway } from './turn-away.js'
import { logger, startVisit, type Visit } from './visit.js'
import { CLOSING, type Dial, type Refusal, type Visitor } from './visitor.js'
import type { WispRules } from './wisp-visit.js'
import { WrongTokens } from './wrong-tokens.js'

export class Doorkeeper {
  readonly log: RelayLog
  readonly #metrics = new RelayMetrics()
  #settings: RelaySettings
  readonly #dial: Dial
  readonly #allowed: Set<string>
  readonly #visits = new Set<Visit>()
  readonly #places: Places
  /** Places for clients that are being turned away. */
  readonly #exits: Places
  readonly #wrongTokens: WrongTokens
  /** No more are let in. */
  #draining = false

  constructor(settings: RelaySettings, dial: Dial) {
    this.log = new RelayLog(settings.log, settings.maxLogLines)
    this.#settings = settings
    this.#dial = dial
    this.#allowed = new Set(settings.allow)
    this.#places = new Places(settings.maxConnections, settings.maxConnectionsPerAddress)
    this.#exits = new Places(settings.maxConnections, settings.maxConnectionsPerAddress)
    this.#wrongTokens = new WrongTokens(settings.maxWrongTokens)
  }

  /** Tunnels now, with those whose target is still being connected, and Wisp's streams. */
  get connections(): number { return this.#places.taken }

  /** Allows one more target, `host:port`. Throws `ERR_TLS_INVALID_ARGUMENT` if it is none. */
  allow(text: string): void {
    const target = typeof text === 'string' ? parseTarget(text) : undefined
    if (!target) {
      throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', `${JSON.stringify(text)} is not a target such as 'mail.example:993'`)
    }
    this.#allowed.add(formatTarget(target))
  }

  /** Tells of a client that the host has hung up on, before it could ask for anything. */
  hungUp(address: string, why: string): void {
    const nothing = { origin: undefined, target: '-', bytesToTarget: 0, bytesToClient: 0, durationMs: 0 }
    this.#note({ event: 'refuse', client: address, ...nothing, status: 0, result: why }, 'tunnel', address)
  }

  /** Answers the request, and serves it. Fulfilled when it is over; never rejects. */
  async serve(visitor: Visitor): Promise<void> {
    const log = this.#logger(visitor)
    const admission = admit(visitor, { ...this.#settings, allow: this.#allowed, wrongTokens: this.#wrongTokens })
    const refuse = (why: Refusal) => {
      log('refuse', why.status, why.reason)
      return this.#turnAway(visitor, why)
    }
    if ('status' in admission) return refuse(admission)
    // No await from here to the visit: two requests cannot take one place.
    const leave = this.#takePlace(visitor)
    if (typeof leave === 'string') return refuse(busy(leave, admission))
    const wisp = this.#wispRules(visitor)
    const visit = startVisit({ visitor, admission, settings: this.#settings, wisp, dial: this.#dial, log })
    this.#visits.add(visit)
    try {
      await visit.over
    } finally {
      this.#visits.delete(visit)
      leave()
    }
  }

  /** From now on other targets, origins and tokens are allowed. What is open stays so. */
  change({ allow, origins, tokens }: Pick<RelaySettings, 'allow' | 'origins' | 'tokens'>): void {
    this.#settings = { ...this.#settings, origins, tokens }
    this.#allowed.clear() // open Wisp connections hold it
    for (const target of allow) this.#allowed.add(target)
  }

  get draining(): boolean { return this.#draining }

  /** What it has counted, in the text format of Prometheus. */
  metrics(): string {
    const open = [...this.#visits].map(({ traffic }) => traffic)
    const sum = (name: keyof Traffic) => open.reduce((total, traffic) => total + traffic[name], 0)
    const [bytesToTarget, bytesToClient] = [sum('bytesToTarget'), sum('bytesToClient')]
    const { connections, draining, log: { omitted: linesOmitted } } = this
    return this.#metrics.text({ connections, draining, linesOmitted, bytesToTarget, bytesToClient })
  }

  /** Admits no more. Fulfilled when all that are open have ended by themselves. */
  async drain(): Promise<void> {
    this.#draining = true
    for (const visit of this.#visits) visit.drain()
    await Promise.all([...this.#visits].map((visit) => visit.over))
  }

  /** Closes every tunnel (1001) and admits no more. Fulfilled when nothing is left open. */
  async close(): Promise<void> {
    this.#draining = true
    for (const visit of this.#visits) visit.stop()
    await Promise.all([...this.#visits].map((visit) => visit.over))
    this.log.flush()
  }

  /** If too many clients are being turned away already, this one gets an HTTP status, which takes no time. */
  async #turnAway(visitor: Visitor, why: Refusal): Promise<void> {
    const leave = this.#exits.take(visitor.clientAddress)
    if (typeof leave === 'string') return visitor.refuse(why)
    await turnAway(visitor, why)
    leave()
  }

  #takePlace({ clientAddress }: Visitor): (() => void) | string {
    return this.#draining ? CLOSING : this.#places.take(clientAddress)
  }

  #wispRules(visitor: Visitor): WispRules {
    return { ...this.#settings, allow: this.#allowed, dial: this.#dial, takePlace: () => this.#takePlace(visitor) }
  }

  #logger(visitor: Visitor): Logger {
    const kind = isWispPath(visitor.path) ? 'wisp' : 'tunnel'
    return logger(visitor, (entry) => this.#note(entry, entry.stream === undefined ? kind : 'stream', visitor.clientAddress))
  }

  #note(entry: RelayLogEntry, kind: VisitKind, address: string): void {
    this.#metrics.count(entry, kind)
    this.log.write(entry, address)
  }
}
