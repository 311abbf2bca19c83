// A life whose OpenSSL is in a worker. The page keeps the transport; bytes cross by MessagePorts with credit, events and
// calls by a port beside them.

import { ApiMisuseError, InternalError } from '../../base/errors.js'
import { deferred } from '../../base/deferred.js'
import { asRefusal, throwIfAborted } from '../../base/realms.js'
import { closeTimeout, isCloseTimeout, withDeadline } from '../../pump/deadline.js'
import { Interrupt } from '../../pump/interrupt.js'
import { toByteTransport, type TransportLike } from '../../transports/adapt.js'
import { fromMessagePort } from '../../transports/message-port.js'
import { callbackAnswers, type CommonOptions } from '../options.js'
import { abortBySignal, closeInTime, type Life } from '../life.js'
import type { Answer, OpenConnection } from '../open-connection.js'
import type { ConnectionInfo } from '../connection-info.js'
import { CLOSE_TIMEOUT_MS, HIGH_WATER_MARK_BYTES } from '../features/limits.js'
import { carry, type Carrying } from './carry.js'
import { encodeError, errorDecoder, type OwnErrors } from './errors.js'
import type { Begin, FromPage, FromWorker, Reply } from './protocol.js'
import { decodeValue, encodeOptions, type Callbacks } from './values.js'

/** What the worker's owner adds to it belongs to the worker: see tls-worker.ts. */
type BeginHere = Omit<Begin, 'wasm' | 'context'>

export class RemoteLife implements Life {
  readonly #opened = deferred<ConnectionInfo>()
  readonly opened = this.#opened.promise
  readonly #closed = deferred<void>()
  readonly closed = this.#closed.promise
  readonly #control: MessagePort
  readonly #ciphertext: { readonly in: Carrying; readonly out: Carrying }
  readonly #plaintext: ReadableStreamDefaultReader<Uint8Array>
  readonly #toWorker: WritableStreamDefaultWriter<Uint8Array>
  readonly #callbacks: Callbacks
  readonly #closeTimeoutMs: number
  /** Guards what waits for the worker. */
  readonly #waiting = new Interrupt()
  /** What the worker was asked and has not replied to, by number. */
  readonly #asks = new Map<number, (reply: Reply | undefined) => void>()
  #lastAsk = 0
  readonly #readableEnded = deferred<{ readonly failed: boolean }>()
  readonly #writableEnded = deferred<void>()
  readonly #ownErrors: OwnErrors = { calls: new Map() }
  readonly #decodeError = errorDecoder(this.#ownErrors)
  #settled = false
  #workerClosed = false
  /** The transport has accepted all that the worker sent. */
  #left = false
  /** The plaintext has ended, or is not wanted. */
  #readDone = false

  /** `options` are checked. `post` begins the connection in the worker. Throws as {@link LocalLife}. */
  constructor(type: Begin['type'], transport: TransportLike, options: CommonOptions, post: (begin: BeginHere, transfer: readonly MessagePort[]) => void) {
    throwIfAborted(options.signal)
    const { readable, writable } = toByteTransport(transport)
    const { signal, context, highWaterMarkBytes = HIGH_WATER_MARK_BYTES, closeTimeoutMs = CLOSE_TIMEOUT_MS, ...rest } = options
    this.#closeTimeoutMs = closeTimeoutMs
    const { values, callbacks } = encodeOptions(rest)
    this.#callbacks = callbacks
    // The worker has the others from the context. Keys that rotate by age are other bytes each time.
    const own = Object.entries(values).filter(([name, value]) => value !== (context?.options as typeof values | undefined)?.[name])
    const [control, ciphertext, plaintext] = [new MessageChannel(), new MessageChannel(), new MessageChannel()]
    post({
      type, options: { ...Object.fromEntries(own), closeTimeoutMs }, highWaterMarkBytes,
      callbacks: Object.keys(callbacks).map((name) => ({ name, answers: name in callbackAnswers })),
      control: control.port2, transport: ciphertext.port2, plaintext: plaintext.port2,
    }, [control.port2, ciphertext.port2, plaintext.port2])

    this.#control = control.port1
    this.#control.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => this.#hear(data))
    // The worker closes it when it has said all. Where there is no such event, the worker's own tell.
    this.#control.addEventListener('close', () => {
      if (!this.#workerClosed) this.die(new InternalError('ERR_TLS_INTERNAL', 'the worker has ended'))
    })
    this.#control.start()
    const link = fromMessagePort(ciphertext.port1)
    this.#ciphertext = { in: carry(readable, link.writable), out: carry(link.readable, writable) }
    for (const { done } of Object.values(this.#ciphertext)) done.catch((error: unknown) => { this.#ownErrors.transport ??= { error } })
    const streams = fromMessagePort(plaintext.port1, { highWaterMarkBytes })
    this.#plaintext = streams.readable.getReader()
    this.#toWorker = streams.writable.getWriter()
    for (const end of [this.#plaintext, this.#toWorker]) end.closed.catch(() => {}) // `closed` of the connection tells
    abortBySignal(signal, this)
  }

  async read(): Promise<Uint8Array | undefined> {
    const { done, value } = await this.#plaintext.read().catch(() => ({ done: true, value: undefined }))
    if (this.#readDone) return this.closed.then(() => undefined)
    if (!done) return value
    if ((await this.#readableEnded.promise).failed) return this.#whyBroken()
    this.#endReading()
    return undefined
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.opened
    await this.#reach(this.#toWorker.write(bytes))
  }

  async closeWriting(): Promise<void> {
    await this.opened
    await this.#reach(this.#toWorker.close().then(() => this.#writableEnded.promise))
  }

  async stopReading(): Promise<void> {
    await this.opened
    this.#plaintext.cancel().catch(() => {})
    this.#endReading()
  }

  close(waitForPeerMs: number, flush: () => Promise<void>): Promise<void> {
    return closeInTime(this, waitForPeerMs || this.#closeTimeoutMs, () => this.#close(waitForPeerMs, flush))
  }

  async #close(waitForPeerMs: number, flush: () => Promise<void>): Promise<void> {
    await this.opened
    // Plaintext is not wanted any more; and a peer may be unable to listen before it has spoken.
    this.#endReading()
    void (async () => { while (!(await this.#plaintext.read()).done); })().catch(() => {})
    await flush()
    if (!this.#settled) this.#post({ type: 'close', waitForPeerMs })
    return this.closed
  }

  abort(reason: unknown): void {
    if (this.#settled) return
    this.#post({ type: 'abort', reason: encodeError(reason) })
    this.die(reason)
  }

  /** As {@link abort}, when there is no worker to tell. */
  die(reason: unknown): void {
    this.#readableEnded.resolve({ failed: true })
    if (this.#settled) return
    this.#break(reason)
    for (const carrying of Object.values(this.#ciphertext)) carrying.giveUp(reason)
    this.#plaintext.cancel().catch(() => {})
    this.#toWorker.abort().catch(() => {})
  }

  async ask<Method extends keyof OpenConnection>(method: Method, ...args: Parameters<OpenConnection[Method]>): Promise<Answer<Method>> {
    await this.opened
    if (this.#settled) return this.#whyBroken()
    const ask = ++this.#lastAsk
    const reply = new Promise<Reply | undefined>((settle) => {
      this.#asks.set(ask, settle)
      this.#post({ type: 'ask', ask, method, args })
    })
    const answer = await this.#waiting.guard(reply).finally(() => this.#asks.delete(ask))
    if (!answer) return this.#whyBroken()
    if ('error' in answer) throw this.#decodeError(answer.error)
    return decodeValue(answer.value) as Answer<Method>
  }

  #post(message: FromPage): void {
    this.#control.postMessage(message)
  }

  #hear(message: FromWorker): void {
    switch (message.type) {
      case 'opened': return this.#opened.resolve(decodeValue(message.info) as ConnectionInfo)
      case 'broken': {
        const error = this.#decodeError(message.error)
        // Else the worker's last words are on their way.
        return isCloseTimeout(error) ? this.die(error) : this.#break(error)
      }
      case 'readable ended': return this.#readableEnded.resolve(message)
      case 'writable ended':
        return message.error ? this.#writableEnded.reject(this.#decodeError(message.error)) : this.#writableEnded.resolve()
      case 'closed':
        this.#workerClosed = true
        return void this.#leave()
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
      this.#post({ type: 'answer', call, answer: undefined, refusal: asRefusal(error)?.alertName })
    })
  }

  /** Plaintext's way to the worker may break before we hear why. */
  async #reach(task: Promise<void>): Promise<void> {
    await this.#waiting.guard(task.catch(() => this.#writableEnded.promise.then(() => this.#whyBroken())))
  }

  /** Rejects with what broke the connection, once that is known; if it was closed, with that. */
  async #whyBroken(): Promise<never> {
    await this.closed
    throw new ApiMisuseError('ERR_TLS_INVALID_STATE', 'the connection was closed')
  }

  #endReading(): void {
    this.#readDone = true
    this.#endIfDone()
  }

  /** The worker's last words are with us; the transport has not accepted them yet. */
  async #leave(): Promise<void> {
    const limitMs = this.#closeTimeoutMs
    await withDeadline(limitMs, () => this.die(closeTimeout(limitMs)), this.#ciphertext.out.done.catch(() => {}))
    this.#left = true
    this.#endIfDone()
  }

  /** The worker reads ahead: that it is done does not mean that we are. */
  #endIfDone(): void {
    if (!this.#left || !this.#readDone || this.#settled) return
    this.#settled = true
    this.#closed.resolve()
    for (const settle of this.#asks.values()) settle(undefined)
  }

  #break(error: unknown): void {
    if (this.#settled) return
    this.#settled = true
    this.#opened.reject(error)
    this.#closed.reject(error)
    this.#waiting.trip(error)
  }
}
