// A connection whose OpenSSL is in a worker, with the interface of one that is here. The page keeps the transport and
// the plaintext streams; bytes cross by MessagePort with credit, events and calls by a port beside it.

import { ApiMisuseError, InternalError, RefusalError } from '../../base/errors.js'
import { asBytes, isBytesLike, type BytesLike } from '../../base/bytes.js'
import { abortReason, throwIfAborted } from '../../base/realms.js'
import type { X509 } from '../../core/x509.js'
import { Interrupt } from '../../pump/interrupt.js'
import { toByteTransport, type TransportLike } from '../../transports/adapt.js'
import { fromMessagePort } from '../../transports/message-port.js'
import { callbackAnswers, type CommonOptions } from '../options.js'
import type { ChannelBindingType, KeyingMaterialOptions, OpenConnection } from '../open-connection.js'
import { makeReadable, type ReadableController } from '../readable.js'
import type { ConnectionInfo } from '../connection-info.js'
import type { TlsConnection } from '../tls-connection.js'
import { carry, type Carrying } from './carry.js'
import { decodeError, encodeError, type OwnErrors } from './errors.js'
import type { Begin, FromPage, FromWorker, Reply } from './protocol.js'
import { decodeValue, encodeValue, refuseWhatCannotCross } from './values.js'

/** As connect() has it. */
const HIGH_WATER_MARK_BYTES = 64 * 1024

type Callbacks = Readonly<Record<string, (...args: unknown[]) => unknown>>

export class RemoteConnection implements TlsConnection {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>
  readonly writable: WritableStream<BytesLike>
  readonly opened: Promise<ConnectionInfo>
  readonly closed: Promise<void>
  readonly #control: MessagePort
  readonly #ciphertext: readonly Carrying[]
  readonly #plaintext: ReadableStreamDefaultReader<Uint8Array>
  readonly #toWorker: WritableStreamDefaultWriter<Uint8Array>
  readonly #callbacks: Callbacks
  /** What waits for the worker. */
  readonly #waiting = new Interrupt()
  /** What the worker was asked and has not replied to, by number. */
  readonly #asks = new Map<number, (reply: Reply | undefined) => void>()
  #lastAsk = 0
  readonly #readableEnded = deferred<boolean>()
  readonly #writableEnded = deferred<void>()
  #onOpened!: (info: ConnectionInfo) => void
  #onClosed!: () => void
  #onBroken!: (error: unknown) => void
  #source!: ReadableController
  #sink!: WritableStreamDefaultController
  readonly #ownErrors: OwnErrors = { calls: new Map() }
  #settled = false
  #workerClosed = false
  /** The readable has ended, or nobody wants it. */
  #readDone = false

  /** `options` are checked. `post` begins the connection in the worker. */
  constructor(type: Begin['type'], transport: TransportLike, options: CommonOptions, wasm: Begin['wasm'], post: (begin: Begin, transfer: readonly MessagePort[]) => void) {
    throwIfAborted(options.signal)
    const { readable, writable } = toByteTransport(transport)
    const { signal: abortSignal, highWaterMarkBytes: highWaterMark = HIGH_WATER_MARK_BYTES, ...rest } = options
    const entries = Object.entries(rest)
    this.#callbacks = Object.fromEntries(entries.filter(([, value]) => typeof value === 'function')) as Callbacks
    const cloneable = Object.fromEntries(entries.filter(([, value]) => typeof value !== 'function').map(([name, value]) => [name, encodeValue(value)]))
    refuseWhatCannotCross(cloneable, Object.keys(this.#callbacks))
    const [control, ciphertext, plaintext] = [new MessageChannel(), new MessageChannel(), new MessageChannel()]
    post({
      type, wasm, options: { ...cloneable, highWaterMarkBytes: highWaterMark }, callbacks: Object.keys(this.#callbacks).map((name) => ({ name, answers: name in callbackAnswers })),
      control: control.port2, transport: ciphertext.port2, plaintext: plaintext.port2,
    }, [control.port2, ciphertext.port2, plaintext.port2])

    this.opened = new Promise((resolve, reject) => {
      this.#onOpened = resolve
      this.#onBroken = reject
    })
    this.closed = new Promise((resolve, reject) => {
      this.#onClosed = resolve
      const rejectOpened = this.#onBroken
      this.#onBroken = (error) => {
        rejectOpened(error)
        reject(error)
      }
    })
    // Whoever does not ask for these learns of errors from the streams; that is no unhandled rejection.
    this.opened.catch(() => {})
    this.closed.catch(() => {})

    this.#control = control.port1
    this.#control.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => this.#hear(data))
    // The worker closes it when it has said all. Where there is no such event, the worker's own tell.
    this.#control.addEventListener('close', () => {
      if (!this.#workerClosed) this.die(new InternalError('ERR_TLS_INTERNAL', 'the worker has ended'))
    })
    this.#control.start()
    const link = fromMessagePort(ciphertext.port1)
    this.#ciphertext = [carry(readable, link.writable), carry(link.readable, writable)]
    for (const { done } of this.#ciphertext) done.catch((error: unknown) => { this.#ownErrors.transport ??= { error } })
    const streams = fromMessagePort(plaintext.port1, { highWaterMarkBytes: highWaterMark })
    this.#plaintext = streams.readable.getReader()
    this.#toWorker = streams.writable.getWriter()
    for (const end of [this.#plaintext, this.#toWorker]) end.closed.catch(() => {}) // `closed` of the connection tells

    this.readable = makeReadable({
      start: (controller) => { this.#source = controller },
      pull: () => this.#pull(),
      cancel: async () => {
        await this.opened
        this.#plaintext.cancel().catch(() => {})
        this.#endReading()
      },
    })
    this.writable = new WritableStream<BytesLike>({
      start: (controller) => { this.#sink = controller },
      write: (chunk) => this.#write(chunk),
      close: async () => {
        await this.opened
        await this.#reach(this.#toWorker.close().then(() => this.#writableEnded.promise))
      },
      abort: (reason) => this.abort(reason),
    }, { highWaterMark, size: (chunk) => (isBytesLike(chunk) ? chunk.byteLength : 0) })

    const onAbort = () => this.abort(abortReason(abortSignal!))
    abortSignal?.addEventListener('abort', onAbort, { once: true })
    const forget = () => abortSignal?.removeEventListener('abort', onAbort)
    this.closed.then(forget, forget)
  }

  async close({ waitForPeerMs = 0 }: { readonly waitForPeerMs?: number } = {}): Promise<void> {
    // setTimeout's own limit
    if (!Number.isInteger(waitForPeerMs) || waitForPeerMs < 0 || waitForPeerMs > 0x7fffffff) {
      throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', 'waitForPeerMs must be an integer of milliseconds, 0 or more')
    }
    await this.opened
    // Nobody wants plaintext any more; and a peer may be unable to listen before it has spoken.
    this.#endReading()
    void (async () => { while (!(await this.#plaintext.read()).done); })().catch(() => {})
    if (!this.writable.locked) await this.writable.close().catch(() => {}) // closed already
    if (!this.#settled) this.#post({ type: 'close', waitForPeerMs })
    return this.closed
  }

  abort(reason: unknown = new DOMException('The connection was aborted', 'AbortError')): void {
    if (this.#settled) return
    this.#post({ type: 'abort', reason: encodeError(reason) })
    this.die(reason)
  }

  /** As {@link abort}, when there is no worker to tell. */
  die(reason: unknown): void {
    if (this.#settled) return
    this.#break(reason)
    this.#source.error(reason)
    for (const carrying of this.#ciphertext) carrying.giveUp(reason)
    this.#plaintext.cancel().catch(() => {})
    this.#toWorker.abort().catch(() => {})
  }

  exportKeyingMaterial(options: KeyingMaterialOptions): Promise<Uint8Array<ArrayBuffer>> {
    return this.#ask('exportKeyingMaterial', options)
  }

  channelBinding(type: ChannelBindingType): Promise<Uint8Array<ArrayBuffer>> {
    return this.#ask('channelBinding', type)
  }

  updateKeys(options?: { readonly requestPeer?: boolean }): Promise<void> {
    return this.#ask('updateKeys', options)
  }

  requestClientCertificate(): Promise<X509 | undefined> {
    return this.#ask('requestClientCertificate')
  }

  async #ask<Method extends keyof OpenConnection>(method: Method, ...args: Parameters<OpenConnection[Method]>): Promise<any> {
    await this.opened
    if (this.#settled) return this.closed.then(() => { throw wasClosed() })
    const ask = ++this.#lastAsk
    const reply = new Promise<Reply | undefined>((settle) => {
      this.#asks.set(ask, settle)
      this.#post({ type: 'ask', ask, method, args })
    })
    const answer = await this.#waiting.guard(reply).finally(() => this.#asks.delete(ask))
    if (!answer) return this.closed.then(() => { throw wasClosed() }) // it rejects with what broke the connection
    if ('error' in answer) throw decodeError(answer.error, this.#ownErrors)
    return decodeValue(answer.value)
  }

  #post(message: FromPage): void {
    this.#control.postMessage(message)
  }

  #hear(message: FromWorker): void {
    switch (message.type) {
      case 'opened': return this.#onOpened(decodeValue(message.info) as ConnectionInfo)
      case 'broken': return this.#break(decodeError(message.error, this.#ownErrors))
      case 'readable ended': return this.#readableEnded.give(message.failed)
      case 'writable ended': return this.#writableEnded.give()
      case 'closed':
        this.#workerClosed = true
        return this.#endIfDone()
      case 'reply': return this.#asks.get(message.ask)?.(message.reply)
      case 'call':
        return this.#call(message)
    }
  }

  #call({ callback, args, call }: Extract<FromWorker, { type: 'call' }>): void {
    if (this.#settled) return
    if (call === undefined) {
      try {
        this.#callbacks[callback]!(...args.map(decodeValue))
      } catch (error) {
        this.abort(error)
      }
      return
    }
    const answer = async () => this.#callbacks[callback]!(...args.map(decodeValue))
    answer().then((value) => this.#post({ type: 'answer', call, answer: { value } })).catch((error: unknown) => {
      this.#ownErrors.calls.set(call, error)
      this.#post({ type: 'answer', call, answer: undefined, refusal: error instanceof RefusalError ? error.alertName : undefined })
    })
  }

  async #pull(): Promise<void> {
    const { done, value } = await this.#plaintext.read().catch(() => this.closed.then(() => ({ done: true, value: undefined })))
    if (this.#readDone) return
    if (!done) return this.#source.enqueue(value as Uint8Array<ArrayBuffer>)
    if (await this.#waiting.guard(this.#readableEnded.promise)) return this.closed // which says why
    this.#endReading()
    this.#closeReadable()
  }

  async #write(chunk: BytesLike): Promise<void> {
    try {
      if (!isBytesLike(chunk)) throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', 'writable takes bytes: an ArrayBuffer or a view of one')
      await this.opened
      await this.#reach(this.#toWorker.write(asBytes(chunk)))
    } catch (error) {
      this.abort(error) // a stream that failed cannot be closed any more, nor then the connection
      throw error
    }
  }

  /** Plaintext's way to the worker may break before we hear why: `closed` will say. */
  async #reach(task: Promise<void>): Promise<void> {
    await this.#waiting.guard(task.catch(async (error: unknown) => {
      await this.closed
      throw error
    }))
  }

  #endReading(): void {
    this.#readDone = true
    this.#endIfDone()
  }

  /** The worker reads ahead: that it is done does not mean that we are. */
  #endIfDone(): void {
    if (!this.#workerClosed || !this.#readDone || this.#settled) return
    this.#settled = true
    this.#onClosed()
    for (const settle of this.#asks.values()) settle(undefined)
    this.#closeReadable()
    this.#sink.error(wasClosed())
  }

  #break(error: unknown): void {
    if (this.#settled) return
    this.#settled = true
    this.#onBroken(error)
    this.#sink.error(error)
    this.#waiting.trip(error)
    // Else what was decrypted before the error comes first, and the read that finds no more tells. Once close() has given
    // up reading there is no such read, and one that was waiting would wait for ever.
    if (this.#readDone) this.#source.error(error)
  }

  #closeReadable(): void {
    try {
      this.#source.close()
      this.#source.byobRequest?.respond(0) // a BYOB read is waiting for this
    } catch {} // closed or cancelled before
  }
}

function wasClosed(): ApiMisuseError {
  return new ApiMisuseError('ERR_TLS_INVALID_STATE', 'the connection was closed')
}

/** A promise and what fulfils it. */
function deferred<T>(): { readonly promise: Promise<T>; readonly give: (value: T) => void } {
  let give!: (value: T) => void
  const promise = new Promise<T>((resolve) => { give = resolve })
  return { promise, give }
}
