// What becomes of each connection: a number decides all of it, so that one that fails can be had again.

import type { ProtocolVersion } from '../../src/index.js'
import { random } from '../helpers/streams.js'

export const CARRIERS = ['memory', 'TCP', 'tunnel with credit', 'tunnel without', 'Wisp', 'message port', 'worker'] as const
export type Carrier = (typeof CARRIERS)[number]

/** What happens to the ciphertext at the client's end of the transport, in one direction or in both. */
export const FAULTS = ['none', 'cut', 'end', 'corrupt', 'stall'] as const
export type Fault = (typeof FAULTS)[number]

/** What a side does: `talk` is to send all, end, and read all. The others happen when so many of its steps are done. */
export const MANNERS = ['talk', 'slow reader', 'close', 'abort', 'signal', 'cancel'] as const
export type Manner = (typeof MANNERS)[number]

export interface Side {
  readonly manner: Manner
  /** Pieces of plaintext, in bytes. */
  readonly pieces: readonly number[]
  /** After so many turns of the event loop `manner` happens. */
  readonly after: number
}

export interface Plan {
  readonly index: number
  readonly carrier: Carrier
  readonly version: ProtocolVersion
  readonly fault: Fault
  readonly faultIn: 'sent' | 'received'
  /** Ciphertext that passes first. */
  readonly faultAfterBytes: number
  /** The most bytes that arrive at once; 0 for as they were sent. */
  readonly maxPieceBytes: number
  readonly seed: number
  readonly client: Side
  readonly server: Side
}

/** Carriers that cost more come less often. */
const SHARES: Readonly<Record<Carrier, number>> = {
  'memory': 50, 'TCP': 18, 'tunnel with credit': 8, 'tunnel without': 8, 'Wisp': 8, 'message port': 6, 'worker': 2,
}

export function planOf(seed: number, index: number): Plan {
  const next = random(Math.imul(seed, 0x9e3779b1) + index)
  for (let i = 0; i < 3; i++) next() // seeds that are neighbours begin alike
  const below = (limit: number) => Math.floor(next() * limit)
  const one = <T>(values: readonly T[]): T => values[below(values.length)]!
  let share = below(100)
  const carrier = CARRIERS.find((name) => (share -= SHARES[name]) < 0)!
  const side = (): Side => ({
    manner: next() < 0.6 ? 'talk' : one(MANNERS),
    pieces: Array.from({ length: below(6) }, () => 1 + below(one([10, 2_000, 40_000]))),
    after: below(one([3, 20, 100])),
  })
  return {
    index, carrier, version: one(['TLSv1.2', 'TLSv1.3'] as const), fault: next() < 0.5 ? 'none' : one(FAULTS),
    faultIn: one(['sent', 'received'] as const), faultAfterBytes: below(one([600, 3_000, 30_000])),
    maxPieceBytes: one([0, 0, 0, 7, 1_000]), seed: below(2 ** 31), client: side(), server: side(),
  }
}

/** Whether nothing stops both sides from getting all that the other has. */
export function isUndisturbed({ fault, client, server }: Plan): boolean {
  return fault === 'none' && reads(client) && reads(server)
}

/** Whether it reads to the end, if it is let. */
export function reads({ manner }: Side): boolean {
  return manner === 'talk' || manner === 'slow reader'
}
