// A socket of Bun.connect or Bun.listen as a transport. Such a socket tells its handlers what happens, and a listener's
// sockets share theirs: to be taken over one by one they must be ours from the start.

import { ApiMisuseError } from '../base/errors.js'
import { hasMethods } from '../base/realms.js'
import type { ByteTransport } from '../pump/transport.js'
import { StreamEnds } from './stream-ends.js'

/** What is used of a socket of Bun's. */
export interface BunSocketLike {
  /** There if it is a listener's. */
  readonly listener?: unknown
  /** More than 0 while it can be written to. */
  readonly readyState: number
  /** How many bytes the system has taken: fewer if it is full, -1 if the socket is closed. */
  write(bytes: Uint8Array): number
  /** Ends our direction. */
  shutdown(): void
  /** Ends both directions at once. */
  terminate(): void
  /** Holds back what arrives. */
  pause(): void
  /** Lets it come again. */
  resume(): void
  /** Gives the socket other handlers. */
  reload(options: { socket: BunSocketHandlers }): void
}

/** What Bun calls, for option `socket` of Bun.connect and Bun.listen. */
export interface BunSocketHandlers {
  /** The socket is connected. */
  open(socket: BunSocketLike): void
  /** Bytes have arrived. */
  data(socket: BunSocketLike, chunk: Uint8Array): void
  /** It can be written to again. */
  drain(socket: BunSocketLike): void
  /** The peer has ended its direction. */
  end(socket: BunSocketLike): void
  /** The socket has failed. */
  error(socket: BunSocketLike, error: Error): void
  /** The socket is closed. */
  close(socket: BunSocketLike, error?: Error): void
}

/** The handlers of sockets that were taken over. */
const links = new WeakMap<BunSocketLike, Omit<BunSocketHandlers, 'open'> & { readonly transport: ByteTransport }>()

/** Whether `value` is a socket of Bun's. */
export function isBunSocket(value: object): value is BunSocketLike {
  return hasMethods(value, 'reload', 'shutdown', 'terminate')
}

/**
 * Handlers that make each socket a transport, given to `onOpen`:
 *
 *     Bun.listen({ hostname, port, allowHalfOpen: true, socket: bunSocketHandlers((transport) => { accept(transport, …) }) })
 *
 * Without `allowHalfOpen: true` Bun closes both directions when the peer ends one.
 */
export function bunSocketHandlers(onOpen: (transport: ByteTransport, socket: BunSocketLike) => void = () => {}): BunSocketHandlers {
  return {
    open: (socket) => onOpen(takeOver(socket), socket),
    data: (socket, chunk) => links.get(socket)?.data(socket, chunk),
    drain: (socket) => links.get(socket)?.drain(socket),
    end: (socket) => links.get(socket)?.end(socket),
    error: (socket, error) => links.get(socket)?.error(socket, error),
    close: (socket, error) => links.get(socket)?.close(socket, error),
  }
}

/**
 * The transport of a socket that has {@link bunSocketHandlers}, or of one from Bun.connect: that is taken over, and its
 * handlers hear nothing any more. Make it with `allowHalfOpen: true`. What arrived before went to the old handlers: call
 * this in `open`, or as soon as Bun.connect has resolved. Throws `ERR_TLS_INVALID_ARGUMENT` for a listener's socket with
 * other handlers: they would be taken from all its sockets.
 */
export function fromBunSocket(socket: BunSocketLike): ByteTransport {
  const known = links.get(socket)
  if (known) return known.transport
  if (socket.listener) {
    const how = 'give Bun.listen the handlers of bunSocketHandlers()'
    throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', `a listener shares its handlers among its sockets: ${how}`)
  }
  const transport = takeOver(socket)
  socket.reload({ socket: bunSocketHandlers() })
  return transport
}

function takeOver(socket: BunSocketLike): ByteTransport {
  let drained = true
  let paused = false
  const ends = new StreamEnds({
    async write(chunk) {
      for (let at = 0; at < chunk.byteLength;) {
        const taken = socket.write(chunk.subarray(at))
        if (taken < 0) throw new Error('the socket was closed')
        at += taken
        drained = at === chunk.byteLength
        await outgoing.until(() => drained)
      }
    },
    end: () => socket.shutdown(),
    taken() {
      if (incoming.unreadBytes > 0 || !paused) return
      paused = false
      socket.resume()
    },
    lingers: true,
    done: () => { if (!ends.peerEnded) socket.terminate() }, // Bun closes it when both have ended
    giveUp: () => socket.terminate(),
  })
  const { incoming, outgoing, transport } = ends
  links.set(socket, {
    transport,
    data(_, chunk) {
      incoming.deliver(chunk)
      if (incoming.unreadBytes === 0 || paused) return
      paused = true
      socket.pause()
    },
    drain() {
      drained = true
      outgoing.wake()
    },
    end: () => ends.end(),
    error: (_, error) => ends.lost(error),
    close(_, error) {
      // After our own end, the peer's comes as a close.
      if (!error && outgoing.over) ends.end()
      ends.lost(error ?? new Error('the socket was closed'))
    },
  })
  return transport
}
