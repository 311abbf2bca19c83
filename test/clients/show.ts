// What a client's file has: what is shown of it, each as a function of the modules that it is to use.

import type * as net from 'node:net'
import type * as tls from 'node:tls'

/** `Place` is where its server is: see servers/. */
export interface Kit<Place> {
  /** What the client gets for `tls` and `net`: the platform's or ours. */
  readonly tls: typeof tls
  readonly net: typeof net
  readonly place: Place
  /** PEM: the server's CA; another of the same name; what the client shows. */
  readonly ca: string
  readonly otherCa: string
  readonly cert: string
  readonly key: string
}

/** By what is shown, in the order in which it is. Each rejects if it is not so, and leaves nothing open. */
export type Shows<Place> = Readonly<Record<string, (kit: Kit<Place>) => Promise<void>>>

/** What the program prints of each, as JSON in a line of its own behind {@link MARK}. */
export interface Shown {
  readonly what: string
  /** In a page: by which way its sockets reach the server. */
  readonly through?: string
  /** Why it is not so. */
  readonly error?: string
  /** Why it is known not to be possible in this runtime. */
  readonly lacks?: string
}

export const MARK = 'shown: '
