// What the demonstration's server tells its page: the targets that may be chosen.

export interface PageTarget {
  readonly id: string
  readonly name: string
  /** What there is to see. */
  readonly description: string
  /** What runs there, as a command, or the address. */
  readonly command: string
  /** `host:port`. */
  readonly address: string
  /** The WebSocket that leads there. */
  readonly url: string
  readonly servername: string
  /** Where the page finds the trust anchors, PEM. */
  readonly anchors: string
  readonly request: string
}

/** The database of the second tab; `missing` says why there is none, and what is to be done. */
export type PageDatabase = { readonly missing: string } | {
  readonly host: string
  readonly port: number
  readonly servername: string
  readonly user: string
  readonly password: string
  readonly database: string
  readonly anchors: string
  readonly relayUrl: string
}
