// The relay without its host: it lets clients in, counts them, and knows what is open. Nothing of Node's or of a worker's.

import { ApiMisuseError } from '../../base/errors.js'
import { formatTarget, parseTarget } from '../../transports/target.js'
import { admit } from './admission.js'
import { Places } from './places.js'
import type { RelaySettings } from './relay-options.js'
import { logger, startVisit, type Visit } from './visit.js'
import type { Dial, Refusal, Visitor } from './visitor.js'
import type { WispRules } from './wisp-visit.js'

export class Doorkeeper {
  readonly #settings: RelaySettings
  readonly #dial: Dial
  readonly #allowed: Set<string>
  readonly #visits = new Set<Visit>()
  readonly #places: Places
  #closed = false

  constructor(settings: RelaySettings, dial: Dial) {
    this.#settings = settings
    this.#dial = dial
    this.#allowed = new Set(settings.allow)
    this.#places = new Places(settings.maxConnections, settings.maxConnectionsPerAddress)
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

  /** Answers the request, and serves it. Fulfilled when it is over; rejects only with what the operator's `log` throws. */
  async serve(visitor: Visitor): Promise<void> {
    const log = logger(visitor, this.#settings.log)
    const admission = await admit(visitor, { ...this.#settings, allow: this.#allowed })
    const refuse = (refusal: Refusal) => {
      visitor.refuse(refusal)
      log('refuse', refusal.status, refusal.reason)
    }
    if ('status' in admission) return refuse(admission)
    // No await from here to the visit: two requests cannot take one place.
    const leave = this.#closed ? 'the relay is closing' : this.#places.take(visitor.clientAddress)
    if (typeof leave === 'string') return refuse({ status: 503, reason: leave })
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

  /** Closes every tunnel (1001) and admits no more. Fulfilled when nothing is left open. */
  async close(): Promise<void> {
    this.#closed = true
    for (const visit of this.#visits) visit.stop()
    await Promise.all([...this.#visits].map((visit) => visit.over))
  }

  #wispRules({ clientAddress }: Visitor): WispRules {
    return { ...this.#settings, allow: this.#allowed, dial: this.#dial, takePlace: () => this.#places.take(clientAddress) }
  }
}
