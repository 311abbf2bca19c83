// A Node Duplex (a net.Socket, say) as a transport. Types only: nothing of Node's is imported at run time.

import type { ByteTransport } from '../pump/transport.js'
import { onAbort } from './on-abort.js'

/** How long a socket may stay half open once nobody reads it any more. */
const LINGER_MS = 1_000

/** What is used of a Node Duplex. Its own type would want Node's types from everyone, in browsers too. */
export interface NodeDuplexLike {
  allowHalfOpen: boolean
  readonly destroyed: boolean
  readonly errored: Error | null
  readonly readableEnded: boolean
  readonly writableFinished: boolean
  on(event: 'data', listener: (chunk: Uint8Array | string) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'close' | 'end' | 'finish', listener: () => void): unknown
  once(event: 'close' | 'finish', listener: () => void): unknown
  pause(): unknown
  resume(): unknown
  write(chunk: Uint8Array, callback: (error?: Error | null) => void): boolean
  end(callback: () => void): unknown
  destroy(error?: Error): unknown
  read: unknown
  pipe: unknown
}

/** Whether `value` is a Node Duplex. A Node Writable has `pipe`, too, but nothing to read. */
export function isNodeDuplex(value: object): value is NodeDuplexLike {
  const { read, write, pipe } = value as Partial<NodeDuplexLike>
  return typeof read === 'function' && typeof write === 'function' && typeof pipe === 'function'
}

/**
 * Takes over a Duplex of bytes. It is read only as fast as the transport is, and a write settles when the Duplex
 * has passed it on. Do not read or write it beside the transport. Once both sides are done it is destroyed.
 */
export function fromNodeStream(duplex: NodeDuplexLike): ByteTransport {
  // TLS closes each direction for itself, and peers may follow close_notify with FIN: a socket that ends because the
  // peer has ended would take our direction away.
  duplex.allowHalfOpen = true
  let cancelled = false
  const destroyIfDone = () => {
    if (duplex.readableEnded && duplex.writableFinished) duplex.destroy()
  }
  duplex.on('end', destroyIfDone)
  duplex.on('finish', destroyIfDone)
  // What was written is still on its way, and closing a socket with unread data would reset it: so what nobody wants
  // is read on and thrown away until the peer's end, but not for ever.
  const linger = () => {
    if (duplex.destroyed) return
    const deadline = setTimeout(() => duplex.destroy(), LINGER_MS)
    duplex.once('close', () => clearTimeout(deadline))
  }

  const readable = new ReadableStream<Uint8Array>({
    start(controller) {
      let settled = false
      const settle = (how: () => void) => {
        if (!settled && !cancelled) how()
        settled = true
      }
      const closedEarly = () => duplex.errored ?? new Error('the stream was closed before its end')
      duplex.on('data', (chunk: Uint8Array | string) => {
        if (settled || cancelled) return
        if (typeof chunk === 'string') {
          duplex.destroy(new TypeError('the stream gives text, not bytes; do not call setEncoding'))
          return
        }
        controller.enqueue(chunk)
        if (controller.desiredSize! <= 0) duplex.pause()
      })
      duplex.pause()
      duplex.on('end', () => settle(() => controller.close()))
      // Stays for as long as the Duplex: an 'error' without a listener would end the process.
      duplex.on('error', (error) => settle(() => controller.error(error)))
      duplex.on('close', () => settle(() => controller.error(closedEarly())))
      if (duplex.readableEnded) settle(() => controller.close())
      else if (duplex.destroyed) settle(() => controller.error(closedEarly()))
    },
    pull() {
      duplex.resume()
    },
    cancel() {
      cancelled = true
      duplex.resume()
      if (duplex.writableFinished) linger()
      else duplex.once('finish', linger)
    },
  }, { highWaterMark: 1 })

  // A Duplex that is destroyed need not call back for what it was about to do.
  let giveUp: ((error: Error) => void) | undefined
  const untilClosed = (start: (done: (error?: Error | null) => void) => void) => new Promise<void>((resolve, reject) => {
    giveUp = reject
    start((error) => (error ? reject(error) : resolve()))
  })
  const writable = new WritableStream<Uint8Array>({
    start(controller) {
      duplex.on('close', () => {
        const error = duplex.errored ?? new Error('the stream was closed')
        controller.error(error)
        giveUp?.(error)
      })
      onAbort(controller, (reason) => { duplex.destroy(reason instanceof Error ? reason : undefined) })
    },
    write: (chunk) => untilClosed((done) => duplex.write(chunk, done)),
    // Node's types do not say that it may be given an error.
    close: () => untilClosed((done) => duplex.end(done as () => void)),
  })
  return { readable, writable }
}
