// What the relay tells its operator: who connected where, and how it went. Much of it was written by strangers, who may also
// make it happen as often as they like; so this is where it is escaped and bounded, and where a log that fails harms nothing.

import { plain } from '../../base/quoted.js'
import { ByAddress } from './by-address.js'

/** One tunnel opened, was refused, or ended; a stream of a Wisp connection is one, and so is that connection itself. */
export interface RelayLogEntry {
  /** `omit` stands for {@link count} entries that are not here. */
  readonly event: 'open' | 'refuse' | 'end' | 'omit'
  /** The client: address and port, or what the host knows. For `omit` the address whose entries they were, or empty. */
  readonly client: string
  /** The Origin header: the page that a browser acts for. Written by the client, escaped here. */
  readonly origin: string | undefined
  /** `host:port`; for a path that is none, the path as it came, escaped. */
  readonly target: string
  /** The number of the stream in a Wisp connection; absent for everything else. */
  readonly stream?: number | undefined
  /** The HTTP status that answered the request: 101 for a tunnel; 0 if there was no answer. */
  readonly status: number
  /** In words. */
  readonly result: string
  /** Bytes that went to the target. */
  readonly bytesToTarget: number
  /** Bytes that went to the client. */
  readonly bytesToClient: number
  /** Since the request arrived. */
  readonly durationMs: number
  /** For `omit`: how many. */
  readonly count?: number | undefined
}

/** Writes entries of one client. What it does not say itself is known from the request. */
export type Logger = (
  event: RelayLogEntry['event'], status: number, result: string,
  more?: Pick<RelayLogEntry, 'bytesToTarget' | 'bytesToClient'> & Partial<Pick<RelayLogEntry, 'target' | 'stream' | 'durationMs'>>,
) => void

const WINDOW_MS = 10_000

/** Hands entries to the operator's function, which may throw, or reject. */
export class RelayLog {
  readonly #write: (entry: RelayLogEntry) => unknown
  readonly #maxLines: number
  /** The lines of this window. */
  readonly #lines: ByAddress<{ written: number, omitted: number }>
  #windowEnd = 0
  /** Entries that the function did not take, and why. */
  #lost = 0
  #failure = ''
  #omitted = 0

  /** At most `maxLines` for one client in 10 seconds; 0 for any number. */
  constructor(write: (entry: RelayLogEntry) => unknown, maxLines: number) {
    this.#write = write
    this.#maxLines = maxLines
    this.#lines = new ByAddress(() => ({ written: 0, omitted: 0 }), (address, { omitted }) => {
      if (omitted > 0) this.#hand(omission(address, omitted, `more than ${maxLines} in ${WINDOW_MS / 1000} s`))
    })
  }

  /** `address` is the client's, without a port. */
  write(entry: RelayLogEntry, address: string): void {
    const now = performance.now()
    if (now >= this.#windowEnd) {
      this.#lines.clear()
      this.#windowEnd = now + WINDOW_MS
    }
    const lines = this.#lines.get(address)
    if (this.#maxLines > 0 && lines.written >= this.#maxLines) {
      lines.omitted++
      this.#omitted++
    } else {
      lines.written++
      this.#hand(escaped(entry))
    }
  }

  /** Entries that were not written: too many, or lost. */
  get omitted(): number { return this.#omitted + this.#lost }

  /** Reports omitted and lost entries without waiting for a next entry. To be called from time to time, and at the end. */
  flush(): void {
    this.#windowEnd = 0
    this.#lines.clear()
    if (this.#lost > 0) this.#tellLost()
  }

  #hand(entry: RelayLogEntry): void {
    if (this.#lost === 0 || this.#tellLost()) this.#try(entry)
    else this.#lose(entry)
  }

  #tellLost(): boolean {
    const count = this.#lost
    this.#lost = 0
    this.#omitted += count
    return this.#try(omission('', count, `the log failed: ${this.#failure}`))
  }

  #try(entry: RelayLogEntry): boolean {
    const failed = (error: unknown) => {
      this.#lose(entry)
      this.#failure = (error as NodeJS.ErrnoException | null)?.code ?? String(error)
    }
    try {
      const answer = this.#write(entry)
      if (answer instanceof Promise) answer.catch(failed)
      return true
    } catch (error) {
      failed(error)
      return false
    }
  }

  /** Counts a lost entry, and the omitted ones that it stands for. */
  #lose({ count = 0 }: RelayLogEntry): void {
    this.#lost += count || 1
    this.#omitted -= count
  }
}

function omission(client: string, count: number, why: string): RelayLogEntry {
  const nothing = { origin: undefined, target: '', status: 0, bytesToTarget: 0, bytesToClient: 0, durationMs: 0 }
  return escaped({ event: 'omit', client, ...nothing, result: why, count })
}

function escaped(entry: RelayLogEntry): RelayLogEntry {
  const { client, origin, target, result } = entry
  return { ...entry, client: word(client), origin: origin && word(origin), target: word(target), result: plain(result) }
}

/** {@link plain}, without spaces, which separate the fields of a line. */
function word(text: string): string {
  return plain(text).replaceAll(' ', '\\u0020')
}

/**
 * One line for an entry, without its end: text for people, or JSON. Both have the time of now. Fields of the text are separated by
 * spaces, and its free words stand last, so that what a stranger wrote is not taken for anything else.
 */
export function formatRelayLogEntry(entry: RelayLogEntry, format: 'text' | 'json'): string {
  const time = new Date().toISOString()
  if (format === 'json') return JSON.stringify({ time, ...entry })
  const { event, client, origin, target, stream, status, result, bytesToTarget, bytesToClient, durationMs, count } = entry
  if (event === 'omit') return `${time} omit ${client || 'all'} ${count} lines: ${result}`
  const from = origin === undefined ? client : `${client} (${origin})`
  const to = stream === undefined ? target : `${target} (stream ${stream})`
  const how = event === 'end' ? `, ${bytesToTarget} bytes to target, ${bytesToClient} bytes to client, ${durationMs} ms` : ''
  return `${time} ${event} ${from} -> ${to}${how}: ${event === 'refuse' ? `${status} ` : ''}${result}`
}
