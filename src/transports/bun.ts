// A socket of Bun.connect or Bun.listen as a transport. Such a socket tells its handlers what happens, and a listener's
// sockets share theirs: to be taken over one by one they must be ours from the start.

import { ApiMisuseError } from '../base/errors.js'
import { Interrupt } from '../pump/interrupt.js'
import type { ByteTransport } from '../pump/transport.js'
import { onAbort } from './on-abort.js'

/** How long a socket may stay half open once nobody reads it any more. */
const LINGER_MS = 1_000

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
  const { reload, shutdown, terminate } = value as Partial<BunSocketLike>
  return [reload, shutdown, terminate].every((method) => typeof method === 'function')
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
    throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', 'a listener shares its handlers among its sockets: give Bun.listen those of bunSocketHandlers()')
  }
  const { transport } = takeOver(socket)
  socket.reload({ socket: bunSocketHandlers() })
  return transport
}

function takeOver(socket: BunSocketLike): Link {
  let source!: ReadableStreamDefaultController<Uint8Array>
  let sink!: WritableStreamDefaultController
  const writing = new Interrupt()
  let drained: (() => void) | undefined
  let receiving = true // until the peer's end, or nobody wants it
  let sending = true
  let cancelled = false
  let deadline: ReturnType<typeof setTimeout> | undefined

  const endReceiving = () => {
    if (receiving) source.close()
    receiving = false
  }
  const fail = (error: unknown) => {
    if (receiving) source.error(error)
    if (sending) sink.error(error)
    receiving = sending = false
    writing.trip(error)
    socket.terminate()
  }
  // What was written is still on its way, and closing with unread data would reset the connection.
  const linger = () => { deadline = setTimeout(() => socket.terminate(), LINGER_MS) }

  const readable = new ReadableStream<Uint8Array>({
    start(controller) { source = controller },
    pull: () => socket.resume(),
    cancel() {
      receiving = false
      cancelled = true
      socket.resume()
      if (!sending) linger()
    },
  }, { highWaterMark: 1 })

  const writable = new WritableStream<Uint8Array>({
    start(controller) {
      sink = controller
      onAbort(controller, (reason) => {
        sending = false
        fail(reason)
      })
    },
    async write(chunk) {
      for (let at = 0; at < chunk.byteLength;) {
        writing.throwIfTripped()
        const taken = socket.write(chunk.subarray(at))
        if (taken < 0) throw new Error('the socket was closed')
        at += taken
        if (at < chunk.byteLength) await writing.guard(new Promise<void>((resolve) => { drained = resolve }))
      }
    },
    close() {
      sending = false
      socket.shutdown()
      if (cancelled) linger()
    },
  })

  const events: Events = {
    data(_, chunk) {
      if (!receiving) return
      source.enqueue(chunk)
      if (source.desiredSize! <= 0) socket.pause()
    },
    drain: () => drained?.(),
    end: endReceiving,
    error: (_, error) => fail(error),
    close(_, error) {
      clearTimeout(deadline)
      // After our own end, the peer's comes as a close.
      if (!error && !sending) endReceiving()
      fail(error ?? new Error('the socket was closed'))
    },
  }
  const link = { transport: { readable, writable }, events }
  links.set(socket, link)
  return link
}
