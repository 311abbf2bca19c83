// Two transports back to back, in memory: what is written to one is read from the other.

import { ApiMisuseError } from '../base/errors.js'
import type { ByteTransport } from '../pump/transport.js'
import { onAbort } from './on-abort.js'

/**
 * A pair of connected transports. A write settles once fewer than `highWaterMarkBytes` (1 or more, default 64 KiB)
 * wait for the other side's reader. Closing one's writable ends the other's readable; aborting or cancelling fails
 * the other side with the same reason. Chunks are passed on, not copied.
 */
export function memoryTransportPair(highWaterMarkBytes = 64 * 1024): [ByteTransport, ByteTransport] {
  if (!Number.isInteger(highWaterMarkBytes) || highWaterMarkBytes < 1) {
    throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', 'highWaterMarkBytes must be an integer, 1 or more')
  }
  const there = pipe(highWaterMarkBytes)
  const back = pipe(highWaterMarkBytes)
  return [
    { readable: back.readable, writable: there.writable },
    { readable: there.readable, writable: back.writable },
  ]
}

function pipe(highWaterMarkBytes: number): ByteTransport {
  let source!: ReadableStreamDefaultController<Uint8Array>
  let sink!: WritableStreamDefaultController
  let roomAgain: (() => void) | undefined
  const wakeWriter = () => {
    roomAgain?.()
    roomAgain = undefined
  }
  const readable = new ReadableStream<Uint8Array>({
    start(controller) { source = controller },
    pull: wakeWriter,
    cancel(reason) {
      sink.error(reason)
      wakeWriter()
    },
  }, new ByteLengthQueuingStrategy({ highWaterMark: highWaterMarkBytes }))
  const writable = new WritableStream<Uint8Array>({
    start(controller) {
      sink = controller
      onAbort(controller, (reason) => {
        source.error(reason)
        wakeWriter()
      })
    },
    write(chunk) {
      if (chunk.byteLength === 0) return
      source.enqueue(chunk)
      if (source.desiredSize! > 0) return
      return new Promise((resolve) => { roomAgain = resolve })
    },
    close() { source.close() },
  })
  return { readable, writable }
}
