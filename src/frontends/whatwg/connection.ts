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

export class Connection implements TlsConnection {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>
  readonly writable: WritableStream<BytesLike>
  readonly opened: Promise<ConnectionInfo>
  readonly closed: Promise<void>
  readonly #life: Life
  #source!: ReadableController
  #sink!: WritableStreamDefaultController

  constructor(life: Life, { highWaterMarkBytes: highWaterMark = HIGH_WATER_MARK_BYTES }: Pick<LimitOptions, 'highWaterMarkBytes'>) {
    this.#life = life
    this.opened = life.opened
    this.closed = life.closed
    this.readable = makeReadable({
      start: (controller) => { this.#source = controller },
      pull: () => this.#pull(highWaterMark),
      cancel: () => life.stopReading(),
    })
    let ending: Promise<void> | undefined
    this.writable = new WritableStream<BytesLike>({
      start: (controller) => { this.#sink = controller },
      write: (chunk) => this.#write(chunk),
      close: () => (ending = life.closeWriting()),
      abort: (reason) => this.abort(reason),
    }, { highWaterMark, size: (chunk) => (isBytesLike(chunk) ? chunk.byteLength : 0) })
    life.closed.then(() => {
      this.#closeReadable()
      if (!ending) this.#sink.error(closedError()) // to make an error takes long
    }, (error: unknown) => {
      this.#sink.error(error)
      // Not the readable: what was decrypted before the error comes first, and the next pull tells.
    })
  }

  async close({ waitForPeerMs = 0 }: { readonly waitForPeerMs?: number | undefined } = {}): Promise<void> {
    const wrong = isWaitMs(waitForPeerMs)
    if (wrong !== undefined) throw invalidArgument(`waitForPeerMs ${wrong}`)
    // What is queued in an unlocked stream goes out first; a locked one is its writer's business.
    await this.#life.close(waitForPeerMs, async () => {
      if (!this.writable.locked) await this.writable.close().catch(() => {}) // closed already
    })
  }

  abort(reason: unknown = new DOMException('The connection was aborted', 'AbortError')): void {
    this.#life.abort(reason)
  }

  exportKeyingMaterial: TlsConnection['exportKeyingMaterial'] = (options) => this.#life.ask('exportKeyingMaterial', options)
  channelBinding: TlsConnection['channelBinding'] = (type) => this.#life.ask('channelBinding', type)
  updateKeys: TlsConnection['updateKeys'] = (options) => this.#life.ask('updateKeys', options)
  requestClientCertificate: TlsConnection['requestClientCertificate'] = () => this.#life.ask('requestClientCertificate')

  #write(chunk: BytesLike): Promise<void> {
    if (!isBytesLike(chunk)) {
      const error = invalidArgument('writable takes bytes: an ArrayBuffer or a view of one (for text, use TextEncoder)')
      this.abort(error) // a stream that failed cannot be closed any more, nor then the connection
      throw error
    }
    return this.#life.write(viewOf(chunk))
  }

  async #pull(limit: number): Promise<void> {
    const request = this.#source.byobRequest
    const view = request?.view as Uint8Array | undefined
    const bytes = await this.#life.read(limit, view && viewOf(view))
    if (bytes === undefined) this.#closeReadable()
    else if (request && bytes.buffer === request.view?.buffer) request.respond(bytes.byteLength)
    else this.#source.enqueue(bytes as Uint8Array<ArrayBuffer>)
  }

  #closeReadable(): void {
    try {
      this.#source.close()
      this.#source.byobRequest?.respond(0) // a BYOB read is waiting for this
    } catch {} // closed or cancelled before
  }
}
