// A MessagePort as a transport: to a worker, a frame, or another page. Both ends must be fromMessagePort().
//
// Messages would pile up at a reader that is slow, so there is credit in both directions: each end says how many bytes
// it will take, and as they are read, how many more. Bytes are copied once, into a buffer that changes hands.

import { ApiMisuseError } from '../base/errors.js'
import { hasMethods } from '../base/realms.js'
import { Interrupt } from '../pump/interrupt.js'
import type { ByteTransport } from '../pump/transport.js'
import { onAbort } from './on-abort.js'

/** What is used of a MessagePort, or of a Worker or what a worker calls `self`. */
export interface MessagePortLike {
  postMessage(message: unknown, transfer: readonly any[]): void
  addEventListener?(type: string, listener: (event: any) => void): void
  /** Node's Worker has no addEventListener. */
  on?(type: string, listener: (value: any) => void): void
  start?(): void
  close?(): void
}

export interface MessagePortTransportOptions {
  /** How much this end takes that nobody has read yet, 1 or more. Default 256 KiB. */
  readonly highWaterMarkBytes?: number
}

/** Everything that either end says. */
type Message =
  /** So many bytes more may come. The first message of each end. */
  | { readonly type: 'credit'; readonly bytes: number }
  | { readonly type: 'data'; readonly bytes: Uint8Array<ArrayBuffer> }
  /** No more data. */
  | { readonly type: 'end' }
  /** No more data, and what came is not all. */
  | { readonly type: 'abort'; readonly reason: unknown }
  /** No more data is wanted. */
  | { readonly type: 'cancel'; readonly reason: unknown }

/** A MessagePort of any realm. (Not by its class, which @types/node has only as a value.) */
export type WholeMessagePort = MessagePortLike & Required<Pick<MessagePortLike, 'start' | 'close'>>

export function isMessagePort(value: object): value is WholeMessagePort {
  return hasMethods(value, 'postMessage', 'start', 'close')
}

/**
 * Takes over a MessagePort, a Worker, or a worker's `self`; nothing else may be posted over it. Reasons of an abort or a
 * cancel reach the other end as a structured clone of them. Once both directions have ended, the port is closed.
 *
 * An end whose thread dies says nothing. Where the platform tells (the event `close`: Node, Deno, Chromium) the
 * transport fails; elsewhere it waits, and whoever owns the worker must abort the connection when that ends.
 */
export function fromMessagePort(port: MessagePortLike, options: MessagePortTransportOptions = {}): ByteTransport {
  const { highWaterMarkBytes: windowBytes = 256 * 1024 } = options
  if (!Number.isInteger(windowBytes) || windowBytes < 1) {
    throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', 'highWaterMarkBytes must be an integer, 1 or more')
  }
  const post = (message: Message, transfer: readonly unknown[] = []) => port.postMessage(message, transfer)
  let source!: ReadableStreamDefaultController<Uint8Array>
  let sink!: WritableStreamDefaultController
  const queue: Uint8Array[] = []
  let wanted: (() => void) | undefined // the reader waits
  let readBytes = 0 // and not yet credited
  let creditBytes = 0
  let creditCame: (() => void) | undefined // a write waits
  const writing = new Interrupt()
  let peerEnded = false // nothing more comes in; the queue may still hold something
  let cut: { readonly reason: unknown } | undefined // it ended so, and the reader is yet to be told
  let receiving = true
  let sending = true

  const endReceiving = () => {
    receiving = false
    queue.length = 0
    wanted?.()
  }
  const endSending = (reason: unknown) => {
    sending = false
    writing.trip(reason)
  }
  /** By whoever hears the last word: what was said before a close arrives, but not on every platform. */
  const closeIfDone = () => {
    if (!sending && (!receiving || peerEnded)) port.close?.()
  }
  /** Once all has been read that came before it; a stream that fails forgets what nobody has taken from it. */
  const tellOfCut = () => {
    if (!cut || !receiving || queue.length > 0 || source.desiredSize !== 0) return
    source.error(cut.reason)
    endReceiving()
  }
  const receiveCut = (reason: unknown) => {
    if (!receiving || peerEnded) return
    peerEnded = true
    cut = { reason }
    tellOfCut()
    wanted?.()
  }
  const fail = (reason: unknown) => {
    receiveCut(reason)
    if (sending) {
      sink.error(reason)
      endSending(reason)
    }
  }

  const hear = (message: Message) => {
    if (typeof message !== 'object' || message === null) return fail(new TypeError('the MessagePort gave what is none of our messages'))
    switch (message.type) {
      case 'credit':
        creditBytes += message.bytes
        creditCame?.()
        return
      case 'data':
        if (!receiving || peerEnded) return
        queue.push(message.bytes)
        wanted?.()
        return
      case 'end':
        peerEnded = true
        wanted?.()
        break
      case 'abort':
        receiveCut(message.reason)
        break
      case 'cancel':
        if (!sending) break
        sink.error(message.reason)
        endSending(message.reason)
        break
      default:
        return fail(new TypeError('the MessagePort gave what is none of our messages'))
    }
    closeIfDone()
  }

  const readable = new ReadableStream<Uint8Array>({
    start(controller) { source = controller },
    async pull(controller) {
      while (queue.length === 0 && receiving && !peerEnded) await new Promise<void>((resolve) => { wanted = resolve })
      wanted = undefined
      if (!receiving) return
      const chunk = queue.shift()
      if (!chunk) {
        endReceiving()
        return cut ? controller.error(cut.reason) : controller.close()
      }
      controller.enqueue(chunk)
      tellOfCut()
      readBytes += chunk.byteLength
      // Not for each chunk: half the window is still with the other end.
      if (readBytes * 2 < windowBytes || peerEnded) return
      post({ type: 'credit', bytes: readBytes })
      readBytes = 0
    },
    cancel(reason) {
      endReceiving()
      if (!peerEnded) post({ type: 'cancel', reason: cloneable(reason) })
    },
  }, { highWaterMark: 0 })

  const writable = new WritableStream<Uint8Array>({
    start(controller) {
      sink = controller
      onAbort(controller, (reason) => {
        if (sending) post({ type: 'abort', reason: cloneable(reason) })
        endSending(reason)
      })
    },
    async write(chunk) {
      for (let at = 0; at < chunk.byteLength;) {
        writing.throwIfTripped()
        if (creditBytes === 0) {
          await writing.guard(new Promise<void>((resolve) => { creditCame = resolve }))
          continue
        }
        // A copy: the caller's own buffer must not vanish under it.
        const bytes = new Uint8Array(chunk.subarray(at, at + creditBytes))
        at += bytes.byteLength
        creditBytes -= bytes.byteLength
        post({ type: 'data', bytes }, [bytes.buffer])
      }
    },
    close() {
      if (!sending) return
      post({ type: 'end' })
      endSending(new Error('the stream was closed'))
    },
  })

  const gone = () => fail(new Error('the other end of the MessagePort is gone'))
  const unreadable = () => fail(new Error('the MessagePort gave a message that cannot be read'))
  if (port.addEventListener) {
    port.addEventListener('message', ({ data }: { data: Message }) => hear(data))
    port.addEventListener('messageerror', unreadable)
    port.addEventListener('close', gone)
    port.start?.()
  } else {
    port.on!('message', hear)
    port.on!('messageerror', unreadable)
    port.on!('exit', gone)
  }
  post({ type: 'credit', bytes: windowBytes })
  return { readable, writable }
}

/** What cannot be posted (a function, say) would throw: it goes as the words that it makes. */
function cloneable(reason: unknown): unknown {
  try {
    return structuredClone(reason)
  } catch {
    return new Error(String(reason))
  }
}
