// The WHATWG face: a life as a pair of streams, whether its OpenSSL is here or in a worker.

import { isBytesLike, viewOf, type BytesLike } from '../../base/bytes.js'
import { invalidArgument } from '../../base/options.js'
import { closedError } from '../../pump/waiting.js'
import type { ConnectionInfo } from '../connection-info.js'
import type { LimitOptions } from '../features/limits.js'
import type { Life } from '../life.js'
import { HIGH_WATER_MARK_BYTES, isWaitMs } from '../stream-limits.js'
import { makeReadable, type ReadableController } from './readable.js'
import type { TlsConnection } from './tls-connection.js'

/** Its streams are made when they are first asked for: that takes longer than much of a handshake. */
export class Connection implements TlsConnection {
  readonly opened: Promise<ConnectionInfo>
  readonly closed: Promise<void>
  readonly #life: Life
  readonly #highWaterMark: number
  #readable: TlsConnection['readable'] | undefined
  #writable: TlsConnection['writable'] | undefined
  /** {@link close} has seen to what was written. */
  #flushed = false

  constructor(life: Life, { highWaterMarkBytes = HIGH_WATER_MARK_BYTES }: Pick<LimitOptions, 'highWaterMarkBytes'>) {
    this.#life = life
    this.#highWaterMark = highWaterMarkBytes
    this.opened = life.opened
    this.closed = life.closed
    life.closed.catch(() => {})
  }

  get readable(): TlsConnection['readable'] {
    return this.#readable ??= this.#makeReadable()
  }

  get writable(): TlsConnection['writable'] {
    return this.#writable ??= this.#makeWritable()
  }

  async close({ waitForPeerMs = 0 }: { readonly waitForPeerMs?: number | undefined } = {}): Promise<void> {
    const wrong = isWaitMs(waitForPeerMs)
    if (wrong !== undefined) throw invalidArgument(`waitForPeerMs ${wrong}`)
    // What is queued in an unlocked stream goes out first; a locked one is its writer's business.
    await this.#life.close(waitForPeerMs, async () => {
      this.#flushed = true
      if (this.#writable?.locked === false) await this.#writable.close().catch(() => {}) // closed already
    })
  }

  abort(reason: unknown = new DOMException('The connection was aborted', 'AbortError')): void {
    this.#life.abort(reason)
  }

  exportKeyingMaterial: TlsConnection['exportKeyingMaterial'] = (options) => this.#life.ask('exportKeyingMaterial', options)
  channelBinding: TlsConnection['channelBinding'] = (type) => this.#life.ask('channelBinding', type)
  updateKeys: TlsConnection['updateKeys'] = (options) => this.#life.ask('updateKeys', options)
  requestClientCertificate: TlsConnection['requestClientCertificate'] = () => this.#life.ask('requestClientCertificate')

  #makeReadable(): TlsConnection['readable'] {
    const life = this.#life
    let source!: ReadableController
    const close = () => {
      try {
        source.close()
        source.byobRequest?.respond(0) // a BYOB read is waiting for this
      } catch {} // closed or cancelled before
    }
    // After an error, what was decrypted before it comes first, and the next pull tells.
    life.closed.then(close, () => {})
    return makeReadable({
      start: (controller) => { source = controller },
      pull: async () => {
        const request = source.byobRequest
        const view = request?.view as Uint8Array | undefined
        const bytes = await life.read(this.#highWaterMark, view && viewOf(view))
        if (bytes === undefined) close()
        else if (request && bytes.buffer === request.view?.buffer) request.respond(bytes.byteLength)
        else source.enqueue(bytes as Uint8Array<ArrayBuffer>)
      },
      cancel: () => life.stopReading(),
    })
  }

  #makeWritable(): TlsConnection['writable'] {
    const life = this.#life
    const said = this.#flushed
    let sink!: WritableStreamDefaultController
    const writable = new WritableStream<BytesLike>({
      start: (controller) => { sink = controller },
      write: (chunk) => this.#write(chunk),
      close: () => (said ? undefined : life.closeWriting()),
      abort: (reason) => this.abort(reason),
    }, { highWaterMark: this.#highWaterMark, size: (chunk) => (isBytesLike(chunk) ? chunk.byteLength : 0) })
    life.closed.then(() => sink.error(closedError()), (error: unknown) => sink.error(error))
    if (said) writable.close().catch(() => {})
    return writable
  }

  #write(chunk: BytesLike): Promise<void> {
    if (!isBytesLike(chunk)) {
      const error = invalidArgument('writable takes bytes: an ArrayBuffer or a view of one (for text, use TextEncoder)')
      this.abort(error) // a stream that failed cannot be closed any more, nor then the connection
      throw error
    }
    return this.#life.write(viewOf(chunk))
  }
}
