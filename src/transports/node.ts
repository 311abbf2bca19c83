// A Node Duplex, for example a net.Socket, as a transport. Types only: nothing of Node's is imported at run time.

import { hasMethods } from '../base/realms.js'
import { giveBack, type ByteTransport } from '../pump/transport.js'
import { StreamEnds } from './stream-ends.js'

/**
 * What is used of a Node Duplex. Its own type would want Node's types from everyone, in browsers too. What may be missing, those of
 * readable-stream 2 and 3, duplexify and streamx do not have.
 */
export interface NodeDuplexLike {
  /** Set to `true`: the end of one direction must not end the other. */
  allowHalfOpen?: boolean | undefined
  /** Whether it is over. */
  readonly destroyed: boolean
  /** What it failed with. */
  readonly errored?: Error | null | undefined
  /** Whether 'end' was told. */
  readonly readableEnded?: boolean | undefined
  /** Whether all that was written has been passed on. */
  readonly writableFinished?: boolean | undefined
  /** Tells a function of its events. */
  on(event: 'data' | 'end' | 'finish' | 'drain' | 'error' | 'close', listener: (value: any) => void): unknown
  /** Holds back what arrives. */
  pause(): unknown
  /** Lets it come again. */
  resume(): unknown
  /** Writes bytes; `false`: wait for 'drain'. */
  write(chunk: Uint8Array, callback?: (error?: Error | null) => void): boolean
  /** Ends our direction. */
  end(callback: () => void): unknown
  /** Ends both directions at once. */
  destroy(error?: Error): unknown
  /** Not called: a Duplex is known by it. */
  read(): unknown
  /** Not called: a Duplex is known by it. */
  pipe: unknown
}

/** readable-stream 2 and 3 have no public properties for this. */
interface OlderDuplex extends NodeDuplexLike {
  readonly _readableState?: { readonly endEmitted?: boolean }
}

/** Whether `value` is a Node Duplex. A Node Writable has `pipe`, too, but nothing to read. */
export function isNodeDuplex(value: object): value is NodeDuplexLike {
  return hasMethods(value, 'read', 'write', 'pipe')
}

type Writing = NodeDuplexLike & { readonly _write?: unknown }

/**
 * Whether it is a socket of Node's own class upon one of the system's, and nobody has changed how it writes: it is done with a chunk once
 * it has called back. Other Duplexes, and what others put beneath a socket, may pass chunks on, and keep them.
 */
function isPlainSocket(duplex: Writing & { readonly _handle?: object | null }): boolean {
  const socket = Object.getPrototypeOf(duplex) as Writing
  const base = Object.getPrototypeOf(socket) as Writing | null
  return /^Socket,Duplex,(TCP|Pipe)$/.test([socket, base, duplex._handle].map((one) => one?.constructor?.name).join()) &&
    duplex.write === base!.write && duplex._write === socket._write
}

/**
 * Takes over a Duplex of bytes: Node's own, or one of readable-stream 2 to 4, duplexify or streamx. It is read only as fast as
 * the transport is, and a write settles when the Duplex has passed it on (one of streamx does not tell: when it has room for
 * more; wrap it before its end). Do not read or write it beside the transport. Once both sides are done it is destroyed.
 *
 * What a Duplex holds when it fails is delivered before its error. A socket reads that far ahead: `readableHighWaterMark`, 16
 * or 64 KiB. What is still with the system then (more than that was unread, or a write met the reset before it was
 * polled for) Node itself throws away with the socket. A Duplex of streamx throws away all that was not read.
 */
export function fromNodeStream(duplex: NodeDuplexLike): ByteTransport {
  return overDuplex(duplex, (reason) => { duplex.destroy(typeof reason === 'object' && reason !== null ? reason as Error : undefined) })
}

/** @internal The same, with another way to destroy it when the connection has failed. */
export function overDuplex(duplex: NodeDuplexLike, giveUp: (reason: unknown) => void): ByteTransport {
  // TLS closes each direction for itself, and peers may follow close_notify with FIN: a socket that ends because the
  // peer has ended would take our direction away.
  duplex.allowHalfOpen = true
  const called = (start: (callback: (error?: Error | null) => void) => void) =>
    new Promise<void>((resolve, reject) => start((error) => (error ? reject(error) : resolve())))
  const ends = new StreamEnds({
    write: (chunk) => {
      if (duplex.write.length > 1) {
        return called((callback) => duplex.write(chunk, (error) => {
          callback(error)
          if (error && duplex.destroyed) lost(error) // a net.Socket of an edge worker tells it nowhere else
        }))
      }
      if (!duplex.write(chunk)) return new Promise((resolve) => { drained = resolve }) // streamx takes no callback
    },
    end: () => called((callback) => duplex.end(callback)), // Node's types do not say that it may be given an error
    taken: () => { if (incoming.unreadBytes === 0) duplex.resume() },
    lingers: true,
    done: () => duplex.destroy(),
    giveUp,
  })
  const { incoming, transport } = ends
  giveBack(transport.writable, () => isPlainSocket(duplex))
  let drained = () => {}
  let finished = duplex.writableFinished ?? false
  const receive = (chunk: unknown) => {
    if (ArrayBuffer.isView(chunk)) incoming.deliver(chunk as Uint8Array)
    else {
      const error = new TypeError('the stream gives something other than bytes: do not call setEncoding, nor use objectMode')
      ends.fail(Object.assign(error, { code: 'ERR_STREAM_WRAP' })) // Node's code
    }
  }
  let last = false
  const lost = (error: Error) => {
    last = true // what read() gives may be emitted as 'data', too
    for (let chunk; !incoming.over && (chunk = duplex.read()) !== null;) receive(chunk)
    ends.lost(error)
  }
  duplex.on('data', (chunk) => {
    if (last) return
    receive(chunk)
    if (incoming.unreadBytes > 0) duplex.pause()
  })
  duplex.on('drain', () => drained())
  duplex.on('finish', () => { finished = true })
  duplex.on('end', () => {
    // One of readable-stream 2 has no other event if it is destroyed without an error; if there is an error, it is told next.
    if (duplex.destroyed && duplex.readableEnded === undefined) setTimeout(closed)
    else ends.end()
  })
  // Stays for as long as the Duplex: an 'error' without a listener would end the process.
  duplex.on('error', lost)
  const closed = () => {
    if (incoming.over && finished) ends.end()
    else lost(duplex.errored ?? new Error('the stream was closed before its end'))
  }
  duplex.on('close', closed)
  if (duplex.readableEnded ?? (duplex as OlderDuplex)._readableState?.endEmitted) ends.end()
  else if (duplex.destroyed) closed()
  else duplex.resume()
  return transport
}
