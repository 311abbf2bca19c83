// A Deno.Conn as a transport: TCP, Unix, TLS. Its own `readable` and `writable` will not do: the end of either closes
// the whole connection, so neither side could answer once the other has ended. So it is read and written by its calls.

import { hasMethods } from '../base/realms.js'
import type { ByteTransport } from '../pump/transport.js'
import { StreamEnds } from './stream-ends.js'

/** What is used of a Deno.Conn. */
export interface DenoConnLike {
  /** How many bytes were read; null at the end. */
  read(into: Uint8Array): Promise<number | null>
  /** How many were written, which may be fewer. */
  write(bytes: Uint8Array): Promise<number>
  /** Ends our direction. */
  closeWrite(): Promise<void>
  /** Closes it. */
  close(): void
}

/** Whether `value` is a Deno.Conn of some kind. */
export function isDenoConn(value: object): value is DenoConnLike {
  return hasMethods(value, 'read', 'write', 'closeWrite', 'close')
}

/**
 * Takes over a Deno.Conn. Do not read or write it beside the transport, nor ask it for its streams. Once both sides are
 * done it is closed.
 */
export function fromDenoConn(conn: DenoConnLike): ByteTransport {
  const close = () => {
    try {
      conn.close()
    } catch {} // its owner was faster
  }
  const ends = new StreamEnds({
    async write(bytes) {
      for (let at = 0; at < bytes.byteLength;) at += await conn.write(bytes.subarray(at))
    },
    end: () => conn.closeWrite(),
    lingers: true,
    done: close,
    giveUp: close,
  })
  const buffer = new Uint8Array(64 * 1024)
  ends.readFrom(async () => {
    const count = await conn.read(buffer)
    return count === null ? undefined : buffer.slice(0, count)
  })
  return ends.transport
}
