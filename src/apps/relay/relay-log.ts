// What the relay tells its operator: who connected where, and how it went.

/** One tunnel opened, was refused, or ended; a stream of a Wisp connection is one, and so is that connection itself. */
export interface RelayLogEntry {
  readonly event: 'open' | 'refuse' | 'end'
  /** Address and port of the client's end of the WebSocket. */
  readonly client: string
  /** The Origin header: the page that a browser acts for. Written by the client, so escape it before printing. */
  readonly origin: string | undefined
  /** `host:port`; for a path that is none, the path as it came. Escape it before printing. */
  readonly target: string
  /** The number of the stream in a Wisp connection; absent for everything else. */
  readonly stream?: number | undefined
  /** The HTTP status that answered the request: 101 for a tunnel; 0 if the client had gone before the answer. */
  readonly status: number
  /** In words. */
  readonly result: string
  readonly bytesToTarget: number
  readonly bytesToClient: number
  /** Since the request arrived. */
  readonly durationMs: number
}

/** Writes entries of one client. What it does not say itself is known from the request. */
export type Logger = (
  event: RelayLogEntry['event'], status: number, result: string,
  more?: Pick<RelayLogEntry, 'bytesToTarget' | 'bytesToClient'> & Partial<Pick<RelayLogEntry, 'target' | 'stream' | 'durationMs'>>,
) => void
