// What the relay counts, in the text format of Prometheus.

import type { RelayLogEntry } from './relay-log.js'

/** Each stream of Wisp is one, and so is the connection around them. */
export type VisitKind = 'tunnel' | 'wisp' | 'stream'

export interface Traffic {
  readonly bytesToTarget: number
  readonly bytesToClient: number
}

/** What is so at this moment. */
export interface Moment extends Traffic {
  readonly connections: number
  readonly draining: boolean
  readonly linesOmitted: number
}

const prefix = 'libssl_wasm_relay'

export class RelayMetrics {
  readonly #opened = { tunnel: 0, wisp: 0, stream: 0 }
  readonly #ended = { tunnel: 0, wisp: 0, stream: 0 }
  /** By status, of which there are few. */
  readonly #refused = new Map<number, number>()
  #bytesToTarget = 0
  #bytesToClient = 0

  count({ event, status, bytesToTarget, bytesToClient }: RelayLogEntry, kind: VisitKind): void {
    if (event === 'open') this.#opened[kind]++
    if (event === 'refuse') this.#refused.set(status, (this.#refused.get(status) ?? 0) + 1)
    if (event !== 'end') return
    this.#ended[kind]++
    if (kind === 'stream') return // its connection counts the bytes of all
    this.#bytesToTarget += bytesToTarget
    this.#bytesToClient += bytesToClient
  }

  /** `moment.bytes…` are those of what is open. */
  text(moment: Moment): string {
    const byKind = (counts: Readonly<Record<VisitKind, number>>) =>
      Object.entries(counts).map(([kind, count]) => [`{kind="${kind}"}`, count] as const)
    const refused = [...this.#refused].map(([status, count]) => [`{status="${status}"}`, count] as const)
    return [
      metric('connections', 'gauge', 'Places taken: tunnels, Wisp connections and their streams.', ['', moment.connections]),
      metric('draining', 'gauge', 'Whether the relay is about to end.', ['', Number(moment.draining)]),
      metric('opened_total', 'counter', 'Tunnels, Wisp connections and their streams that were opened.', ...byKind(this.#opened)),
      metric('ended_total', 'counter', 'And have ended.', ...byKind(this.#ended)),
      metric('refused_total', 'counter', 'Requests and streams refused, by HTTP status; 0 for clients that did not wait.', ...refused),
      metric(
        'bytes_total', 'counter', 'Bytes carried.',
        ['{to="target"}', this.#bytesToTarget + moment.bytesToTarget], ['{to="client"}', this.#bytesToClient + moment.bytesToClient],
      ),
      metric('log_lines_omitted_total', 'counter', 'Log entries not written: too many, or the log failed.', ['', moment.linesOmitted]),
    ].join('')
  }
}

type Sample = readonly [labels: string, value: number]

export function metric(name: string, type: 'gauge' | 'counter', help: string, ...samples: readonly Sample[]): string {
  const full = `${prefix}_${name}`
  const lines = samples.map(([labels, value]) => `${full}${labels} ${value}`)
  return [`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`, ...lines, ''].join('\n')
}
