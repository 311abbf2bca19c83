// A Node Duplex (a net.Socket, say) as a transport. Types only: nothing of Node's is imported at run time.

import type { Duplex } from 'node:stream'
import type { ByteTransport } from '../pump/transport.js'

/** How long a socket may stay half open once nobody reads it any more. */
const LINGER_MS = 1_000

/** Whether `value` is a Node Duplex: its `readable` and `writable` are booleans, not streams. */
export function isNodeDuplex(value: object): value is Duplex {
  return typeof (value as Partial<Duplex>).pipe === 'function' && typeof (value as Partial<Duplex>).write === 'function'
}

/**
 * Takes over a Duplex of bytes. It is read only as fast as the transport is, and a write settles when the Duplex
 * has passed it on. Do not read or write it beside the transport. Once both sides are done it is destroyed.
 */
export function fromNodeStream(duplex: Duplex): ByteTransport {
  let onEnded = () => {}
  let cancelled = false
  const destroyWhenDone = () => {
    // What was written is still on its way, and closing a socket with unread data would reset it: so read on,
    // throw it away, and wait for the peer's end, but not for ever.
    const deadline = setTimeout(() => duplex.destroy(), LINGER_MS)
    duplex.once('close', () => clearTimeout(deadline))
    if (duplex.readableEnded) duplex.destroy()
    else onEnded = () => duplex.destroy()
  }

  const readable = new ReadableStream<Uint8Array>({
    start(controller) {
      let settled = false
      const settle = (how: () => void) => {
        if (!settled && !cancelled) how()
        settled = true
      }
      duplex.on('data', (chunk: Uint8Array | string) => {
        if (cancelled) return
        if (typeof chunk === 'string') {
          duplex.destroy(new TypeError('the stream gives text, not bytes; do not call setEncoding'))
          return
        }
        controller.enqueue(chunk)
        if (controller.desiredSize! <= 0) duplex.pause()
      })
      duplex.pause()
      duplex.on('end', () => {
        settle(() => controller.close())
        onEnded()
      })
      // Stays for as long as the Duplex: an 'error' without a listener would end the process.
      duplex.on('error', (error) => settle(() => controller.error(error)))
      duplex.on('close', () => settle(() => controller.error(duplex.errored ?? new Error('the stream was closed before its end'))))
      if (duplex.readableEnded) settle(() => controller.close())
      else if (duplex.destroyed) settle(() => controller.error(duplex.errored ?? new Error('the stream was destroyed before')))
    },
    pull() {
      duplex.resume()
    },
    cancel() {
      cancelled = true
      duplex.resume()
      if (duplex.writableFinished || duplex.destroyed) destroyWhenDone()
      else duplex.once('finish', destroyWhenDone)
    },
  }, { highWaterMark: 1 })

  const writable = new WritableStream<Uint8Array>({
    start(controller) {
      duplex.on('close', () => controller.error(duplex.errored ?? new Error('the stream was closed')))
      // `abort` would wait for a write in flight, which may be what is stuck.
      controller.signal.addEventListener('abort', () => {
        const { reason } = controller.signal as { reason: unknown }
        duplex.destroy(reason instanceof Error ? reason : undefined)
      })
    },
    write(chunk) {
      return new Promise((resolve, reject) => {
        duplex.write(chunk, (error) => (error ? reject(error) : resolve()))
      })
    },
    close() {
      return new Promise((resolve, reject) => {
        if (duplex.writableFinished) return resolve()
        duplex.once('error', reject)
        duplex.end(() => resolve())
      })
    },
  })
  return { readable, writable }
}
