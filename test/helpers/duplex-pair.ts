// Two Node Duplexes that are each other's other end.

import { Duplex } from 'node:stream'

/** Two Duplexes back to back: what is written to one is read from the other. `Class`: Node's own, or one that takes the same options. */
export function duplexPair(Class: typeof Duplex = Duplex): [Duplex, Duplex] {
  const ends: Duplex[] = []
  const waiting: ((() => void) | undefined)[] = []
  const finished = [false, false]
  for (const [own, other] of [[0, 1], [1, 0]] as const) {
    ends.push(new Class({
      read() {
        waiting[other]?.()
        waiting[other] = undefined
      },
      write(chunk, _encoding, callback) {
        if (chunk.byteLength === 0) return callback()
        if (ends[other]!.push(chunk)) callback()
        else waiting[own] = callback
      },
      final(callback) {
        finished[own] = true
        ends[other]!.push(null)
        callback()
      },
      destroy(error, callback) {
        waiting[own] = undefined
        // As a socket's peer does, the other learns of it.
        if (!finished[own] && !ends[other]!.destroyed) ends[other]!.destroy(new Error('reset by peer'))
        callback(error)
      },
    }))
  }
  for (const end of ends) end.on('error', () => {}) // many tests look at one end alone
  return [ends[0]!, ends[1]!]
}
