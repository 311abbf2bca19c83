// What the suite is handed. It runs in every runtime, so it imports nothing of any: what it needs comes from here.

import type { ExpectStatic } from 'vitest'
import type { LoadOptions, TransportLike, WebSocketLike } from 'libssl-wasm'
import type { TlsWorkerOptions } from 'libssl-wasm/worker'
import type { TestKit } from '../../helpers/transport-contract.js'
import type { Host, Identities, Meeting } from './host.js'

export interface Harness {
  /** The outermost one is a row of the table of runtimes. */
  readonly describe: (name: string, body: () => void) => void
  readonly it: (name: string, body: () => Promise<void> | void) => void
  /** As `it`, for what this runtime cannot do: `body` asserts that it cannot, and the table shows `reason`. */
  readonly lacks: (reason: string, body: () => Promise<void> | void) => void
  readonly expect: ExpectStatic
  readonly runtime: Runtime
  readonly host: Host
  /** For transports of which a runtime has one side only. */
  readonly meeting: Meeting
  readonly identities: Identities
}

/** A way to open a TCP connection to a port of the loopback address. */
export type Dial = (port: number) => Promise<TransportLike> | TransportLike

/** A way to listen on the loopback address: each connection goes to `serve`. */
export type Listen = (serve: (transport: TransportLike) => void) => Promise<{ readonly port: number; close(): Promise<void> | void }>

export type RuntimeKind = 'node' | 'deno' | 'bun' | 'workerd' | 'browser'

/** What the runtime under test offers, as its entry in `entries/` describes it. */
export interface Runtime {
  readonly kind: RuntimeKind
  /** How the code is found, where the package cannot find it itself. */
  readonly loadOptions: () => LoadOptions
  readonly webSocket: (url: string) => WebSocketLike
  /** By the name of the interface, for example `Deno.connect`. Empty: there is none. */
  readonly dial: Readonly<Record<string, Dial>>
  readonly listen: Readonly<Record<string, Listen>>
  /** Whether the runtime tells which roots it trusts. */
  readonly hasRoots: boolean
  /** The runtime's own transports, under the contract that every transport holds. */
  readonly transports: (kit: TestKit, meeting: Meeting) => void
  /** How worker mode is started; `undefined` where it is not tried. */
  readonly worker?: TlsWorkerOptions
  /** Tests of this runtime alone. */
  readonly own?: (harness: Harness) => void
}
