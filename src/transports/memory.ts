// Two transports back to back, in memory: what is written to one is read from the other.

import { ApiMisuseError } from '../base/errors.js'
import { reuse } from '../pump/outbox.js'
import { pumped, pumpedBlocks, type ByteTransport } from '../pump/transport.js'
import { Incoming, Outgoing } from './stream-ends.js'

/**
 * A pair of connected transports. A write settles once fewer than `highWaterMarkBytes` (1 or more, default 64 KiB)
 * wait for the other side's reader. Closing one's writable ends the other's readable; aborting or cancelling fails
 * the other side with the same reason, its reader after all that was written before. Chunks are passed on; small
 * ones are copied where many wait.
 */
export function memoryTransportPair(highWaterMarkBytes = 64 * 1024): [ByteTransport, ByteTransport] {
  if (!Number.isInteger(highWaterMarkBytes) || highWaterMarkBytes < 1) {
    throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', 'highWaterMarkBytes must be an integer, 1 or more')
  }
  const [there, back] = [pipe(highWaterMarkBytes), pipe(highWaterMarkBytes)]
  return [{ readable: back.readable, writable: there.writable }, { readable: there.readable, writable: back.writable }]
}

function pipe(highWaterMarkBytes: number): ByteTransport {
  /** A pump's block that the pump at the other end looks at until it asks for the next. Nobody else has seen it. */
  let seen: Uint8Array<ArrayBuffer> | undefined
  const hasRoom = () => incoming.unreadBytes < highWaterMarkBytes
  const outgoing = new Outgoing({
    write(chunk) {
      incoming.deliver(chunk)
      if (!hasRoom()) return outgoing.until(hasRoom)
    },
    end: () => incoming.end(),
    aborted: (reason) => incoming.cut(reason),
  })
  const fromPump = new WeakSet<Uint8Array>()
  pumpedBlocks.set(outgoing.writable, fromPump)
  const incoming = new Incoming({
    taken(chunk) {
      if (chunk) {
        if (seen) reuse([seen])
        const isOurs = fromPump.has(chunk) && pumped.has(incoming.readable)
        seen = isOurs ? chunk as Uint8Array<ArrayBuffer> : undefined
      }
      outgoing.wake()
    },
    cancelled: (reason) => outgoing.fail(reason),
  })
  return { readable: incoming.readable, writable: outgoing.writable }
}
