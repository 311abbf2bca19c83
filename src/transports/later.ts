// A transport that is used before it is there.

import { onAbort, throwIfAborted } from '../base/realms.js'
import type { ByteTransport } from '../pump/transport.js'
import { follow } from './follow.js'
import { StreamEnds } from './stream-ends.js'

/**
 * What `open` will give, with both its streams at once: reads and writes wait for it, and fail if it does. The signal that
 * `open` is given aborts when the transport is not wanted any more, by `signal` or by an abort of `writable`; then both
 * streams have failed with the reason, and what `open` gives all the same is aborted too. `opened` settles as `open` does.
 */
export function laterTransport(
  open: (signal: AbortSignal) => Promise<ByteTransport>, signal?: AbortSignal,
): ByteTransport & { readonly opened: Promise<void> } {
  const unwanted = new AbortController()
  const inner = (async () => {
    throwIfAborted(signal)
    const { readable, writable } = await open(unwanted.signal)
    return { reader: readable.getReader(), writer: writable.getWriter() }
  })()
  const ends = new StreamEnds({
    ready: inner,
    write: async (chunk) => (await inner).writer.write(chunk),
    end: async () => (await inner).writer.close(),
    cancelled: (reason) => void inner.then(({ reader }) => reader.cancel(reason)).catch(() => {}),
    done: () => forgetSignal(),
    giveUp(reason) {
      forgetSignal()
      unwanted.abort(reason)
      inner.then(({ writer }) => writer.abort(reason)).catch(() => {})
    },
  })
  inner.then(({ reader, writer }) => {
    writer.closed.catch((error: unknown) => ends.outgoing.fail(error)) // a failure is told even to those who do not write
    return follow(ends.incoming, reader)
  }).then(() => ends.end(), (error: unknown) => ends.lost(error))
  const forgetSignal = onAbort(signal, (reason) => ends.fail(reason))
  const opened = inner.then(() => {})
  opened.catch(() => {}) // the streams tell, too
  return { ...ends.transport, opened }
}
