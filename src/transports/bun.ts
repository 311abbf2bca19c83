// A socket of Bun.connect or Bun.listen as a transport. Such a socket tells its handlers what happens, and a listener's
// sockets share theirs: to be taken over one by one they must be ours from the start.

import { ApiMisuseError } from '../base/errors.js'
import { linger } from '../base/linger.js'
import { hasMethods } from '../base/realms.js'
import type { ByteTransport } from '../pump/transport.js'
import { StreamEnds } from './stream-ends.js'

/** What is used of a socket of Bun's. */
export interface BunSocketLike {
  /** There if it is a listener's. */
  readonly listener?: unknown
  readonly readyState: number
  /** How many bytes the system has taken: fewer if it is full, -1 if the socket is closed. */
  write(bytes: Uint8Array): number
  shutdown(): void
  terminate(): void
  pause(): void
  resume(): void
  reload(options: { socket: BunSocketHandlers }): void
}

/** What Bun calls, for option `socket` of Bun.connect and Bun.listen. */
export interface BunSocketHandlers {
  open(socket: BunSocketLike): void
  data(socket: BunSocketLike, chunk: Uint8Array): void
  drain(socket: BunSocketLike): void
  end(socket: BunSocketLike): void
  error(socket: BunSocketLike, error: Error): void
  close(socket: BunSocketLike, error?: Error): void
}

type Events = Omit<BunSocketHandlers, 'open'>
interface Link { readonly transport: ByteTransport; readonly events: Events }

const links = new WeakMap<BunSocketLike, Link>()

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
  const on = <Name extends keyof Events>(name: Name) => (socket: BunSocketLike, argument?: unknown) =>
    (links.get(socket)?.events[name] as (socket: BunSocketLike, argument: unknown) => void)?.(socket, argument)
  return {
    open: (socket) => onOpen(takeOver(socket).transport, socket),
    data: on('data'), drain: on('drain'), end: on('end'), error: on('error'), close: on('close'),
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
  const { transport } = takeOver(socket)
  socket.reload({ socket: bunSocketHandlers() })
  return transport
}

function takeOver(socket: BunSocketLike): Link {
  let peerEnded = false
  let drained = true
  let paused = false
  const resume = () => {
    if (paused) socket.resume()
    paused = false
  }
  let stay = () => {}
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
    taken: () => { if (incoming.unreadBytes === 0) resume() },
    done: () => { if (!peerEnded) stay = linger(() => socket.terminate()) }, // Bun closes it when both have ended
    giveUp: () => socket.terminate(),
  })
  const { incoming, outgoing, transport } = ends

  const endOfPeer = () => {
    peerEnded = true
    ends.end()
  }
  const events: Events = {
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
    end: endOfPeer,
    error: (_, error) => ends.lost(error),
    close(_, error) {
      stay()
      // After our own end, the peer's comes as a close.
      if (!error && outgoing.over) endOfPeer()
      ends.lost(error ?? new Error('the socket was closed'))
    },
  }
  const link = { transport, events }
  links.set(socket, link)
  return link
}
