// What the pump moves ciphertext over.

import { TransportError } from '../base/errors.js'

/**
 * Any pair of byte streams: what comes from the peer, and what goes to it. Chunks are Uint8Array. The end of
 * `readable` is the end of the peer's stream; closing `writable` is the end of ours (a half-close, where the
 * transport has one); cancelling and aborting give the transport up.
 */
export interface ByteTransport {
  /** What comes from the peer. Its end is the end of the peer's stream. */
  readonly readable: ReadableStream<Uint8Array>
  /** What goes to the peer. To close it is to end our stream. */
  readonly writable: WritableStream<Uint8Array>
}

/** Gives a transport up, both ways. Its streams must not be locked. */
export function giveUp({ readable, writable }: ByteTransport, reason: unknown): void {
  writable.abort(reason).catch(() => {})
  readable.cancel(reason).catch(() => {})
}

/** A failure of a transport. `what` says at which step, unless `cause` says by itself what cannot be reached, or was lost. */
export function transportFailure(what: string, cause: unknown): TransportError {
  const { name, syscall } = (cause ?? {}) as { readonly name?: unknown; readonly syscall?: unknown }
  const saysAll = cause instanceof TransportError || name === 'WebSocketError'
  // A socket of Node's may be given before it is connected: it was not sending that failed.
  const step = syscall === 'connect' || syscall === 'getaddrinfo' ? 'the transport cannot connect' : what
  return new TransportError(saysAll ? (cause as Error).message : step, { cause })
}

const givingBack = new WeakMap<WritableStream, () => boolean>()

/** For a transport that does not look at a chunk any more once its write has settled well, while `now` says so: the pump fills it again. */
export function giveBack(writable: WritableStream, now: () => boolean): void {
  givingBack.set(writable, now)
}

/** Whether chunks whose writes have settled may be filled again. */
export function givesBack(writable: WritableStream): boolean {
  return givingBack.get(writable)?.() ?? false
}

/** Streams that a pump has locked, for good: it looks at a chunk no more when it asks for the next. */
export const pumped = new WeakSet<ReadableStream>()

/** For a transport that wants to know which chunks a pump has written to its stream, and looks at no more: the pump adds them. */
export const pumpedBlocks = new WeakMap<WritableStream, WeakSet<Uint8Array>>()

const unopened = new WeakMap<WritableStream, string>()

/** Until `opened` settles, deadlines say of the transport of this stream that it is not open: `why`. */
export function tellUntil(opened: Promise<unknown>, writable: WritableStream, why: string): void {
  unopened.set(writable, why)
  const forget = () => unopened.delete(writable)
  opened.then(forget, forget)
}

/** Why the transport of this stream is not open yet, where that is known. */
export function whyUnopened(writable: WritableStream): string | undefined {
  return unopened.get(writable)
}
