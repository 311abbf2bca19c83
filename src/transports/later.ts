// A transport that is used before it is there.

import type { ByteTransport } from '../pump/transport.js'

/**
 * What `open` will give, with both its streams at once: reads and writes wait for it, and fail if it does. The signal
 * aborts when nobody wants it any more, by `signal` or by an abort of `writable`; then both streams have failed with the
 * reason, and what `open` gives all the same is aborted too.
 */
export function laterTransport(open: (signal: AbortSignal) => Promise<ByteTransport>, signal?: AbortSignal): ByteTransport {
  const unwanted = new AbortController()
  let source!: ReadableStreamDefaultController<Uint8Array>
  let sink!: WritableStreamDefaultController
  let readDone = false // no more errors are to be told to `source`
  let reading = false // a read of what is beneath is under way, and will tell of a failure
  let lost: { readonly error: unknown } | undefined // the reader beneath has failed
  let aborted = false // `writable` is failing by itself, and must not be failed while it does
  const fail = (error: unknown) => {
    if (!readDone) source.error(error)
    readDone = true
    if (!aborted) sink.error(error)
  }
  /** It may know before the last chunk has passed through here: that comes first. */
  const failIfRead = () => {
    if (lost && !reading && source.desiredSize === 0) fail(lost.error)
  }
  const giveUp = (reason: unknown) => {
    unwanted.abort(reason)
    fail(reason)
    inner.then(({ writer }) => writer.abort(reason)).catch(() => {})
  }
  const onAbort = () => giveUp(signal!.reason)

  const readable = new ReadableStream<Uint8Array>({
    start(controller) { source = controller },
    async pull() {
      reading = true
      try {
        const { done, value } = await (await inner).reader.read()
        if (readDone) return
        if (!done) return source.enqueue(value)
        readDone = true
        source.close()
      } finally {
        reading = false
        failIfRead()
      }
    },
    async cancel(reason) {
      readDone = true
      await (await inner).reader.cancel(reason)
    },
  }, { highWaterMark: 0 })
  const writable = new WritableStream<Uint8Array>({
    start(controller) {
      sink = controller
      controller.signal.addEventListener('abort', () => {
        aborted = true
        giveUp(controller.signal.reason)
      })
    },
    write: async (chunk) => (await inner).writer.write(chunk),
    close: async () => (await inner).writer.close(),
  })

  const inner = (async () => {
    signal?.throwIfAborted()
    const opened = await open(unwanted.signal)
    return { reader: opened.readable.getReader(), writer: opened.writable.getWriter() }
  })()
  inner.then(async ({ reader, writer }) => {
    // A failure is told even to those who neither read nor write.
    reader.closed.catch((error: unknown) => {
      lost = { error }
      failIfRead()
    })
    writer.closed.catch((error: unknown) => { if (!aborted) sink.error(error) })
    await Promise.allSettled([reader.closed, writer.closed])
    signal?.removeEventListener('abort', onAbort)
  }, (error: unknown) => {
    signal?.removeEventListener('abort', onAbort)
    fail(error)
  })
  signal?.addEventListener('abort', onAbort)
  return { readable, writable }
}
