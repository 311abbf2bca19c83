// A MessagePort as a transport: to a worker, a frame, or another page. Both ends must be fromMessagePort().
//
// Messages would pile up at a reader that is slow, so there is credit in both directions: each end says how many bytes
// it will take, and as they are read, how many more. Bytes are copied once, into a buffer that changes hands.

import { isUint8Array } from '../base/bytes.js'
import { checkOptions, isCount } from '../base/options.js'
import { hasMethods } from '../base/realms.js'
import { wordsOf } from '../base/words-of.js'
import type { ByteTransport } from '../pump/transport.js'
import { Credit } from './credit.js'
import { Incoming, Outgoing } from './stream-ends.js'

/** What is used of a MessagePort, or of a Worker or what a worker calls `self`. */
export interface MessagePortLike {
  /** Posts a message; what is in `transfer` changes hands. */
  postMessage(message: unknown, transfer: readonly any[]): void
  /** Tells a function of its events. */
  addEventListener?(type: string, listener: (event: any) => void): void
  /** Node's Worker has no addEventListener. */
  on?(type: string, listener: (value: any) => void): void
  /** Lets messages come. A Worker has none: they come by themselves. */
  start?(): void
  /** Closes it. A Worker has none, and is left running. */
  close?(): void
}

/** Options of {@link fromMessagePort}. */
export interface MessagePortTransportOptions {
  /** How much may be unread at this end, 1 or more. Default 256 KiB. */
  readonly highWaterMarkBytes?: number | undefined
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
 * transport fails; elsewhere it waits, and the owner of the worker must abort the connection when the worker ends.
 *
 * Throws `ERR_TLS_UNKNOWN_OPTION` and `ERR_TLS_INVALID_OPTION`, with `option` naming it.
 */
export function fromMessagePort(port: MessagePortLike, options: MessagePortTransportOptions = {}): ByteTransport {
  return takeMessagePort(port, checkOptions(options, { highWaterMarkBytes: isCount }, 'fromMessagePort'))
}

/** As {@link fromMessagePort}, with options that were checked. */
export function takeMessagePort(
  port: MessagePortLike, { highWaterMarkBytes: windowBytes = 256 * 1024 }: MessagePortTransportOptions = {},
): ByteTransport {
  const post = (message: Message, transfer: readonly unknown[] = []) => port.postMessage(message, transfer)
  const incoming = new Incoming({
    taken: () => { if (!incoming.over) credit.grant() },
    cancelled: (reason) => post({ type: 'cancel', reason: cloneable(reason) }),
  })
  const outgoing = new Outgoing({
    write: (chunk) => credit.spend(chunk, Infinity, (piece) => {
      const bytes = new Uint8Array(piece) // a copy: the caller's own buffer must not vanish under it
      post({ type: 'data', bytes }, [bytes.buffer])
    }),
    end: () => post({ type: 'end' }),
    aborted: (reason) => post({ type: 'abort', reason: cloneable(reason) }),
  })
  const grant = (bytes: number) => post({ type: 'credit', bytes })
  const credit = new Credit({ ends: { incoming, outgoing }, windowBytes, initialBytes: 0, grant })

  const fail = (reason: unknown) => {
    incoming.cut(reason)
    outgoing.fail(reason)
  }
  const hear = (message: Message) => {
    if (message?.type === 'credit' && Number.isSafeInteger(message.bytes) && message.bytes >= 0) return credit.add(message.bytes)
    if (message?.type === 'data' && isUint8Array(message.bytes)) {
      if (!credit.deliver(message.bytes)) fail(new Error('the other end of the MessagePort sent more than it had credit for'))
      return
    }
    if (message?.type === 'end') incoming.end()
    else if (message?.type === 'abort') incoming.cut(message.reason)
    else if (message?.type === 'cancel') outgoing.fail(message.reason)
    else return fail(new TypeError('the MessagePort gave a message that is not one of ours: nothing else may be posted over it'))
    // The end that has heard the last message closes the port: on some platforms a close overtakes messages that were sent before it.
    if (incoming.over && outgoing.over) port.close?.()
  }

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
  credit.grant()
  return { readable: incoming.readable, writable: outgoing.writable }
}

/** What cannot be posted, for example a function, would throw: its text goes instead. */
function cloneable(reason: unknown): unknown {
  try {
    return structuredClone(reason)
  } catch {
    return new Error(wordsOf(reason))
  }
}
