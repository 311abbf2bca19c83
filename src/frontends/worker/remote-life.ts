// A life whose OpenSSL is in a worker. The page keeps the transport; ciphertext crosses by a MessagePort with credit, and
// what is asked of the life, with its plaintext, by a port beside it.

import { DeadlineError, InternalError } from '../../base/errors.js'
import { deferred, type Deferred } from '../../base/deferred.js'
import { asRefusal, throwIfAborted } from '../../base/realms.js'
import { whyUnopened, type ByteTransport } from '../../pump/transport.js'
import { closedError, closeTimeout, isCloseTimeout, withDeadline } from '../../pump/waiting.js'
import { takeMessagePort } from '../../transports/message-port.js'
import type { CommonOptions } from '../options.js'
import type { Life } from '../life.js'
import { abortBySignal, closeInTime } from '../life-ends.js'
import type { Answer, OpenConnection } from '../open-connection.js'
import type { ConnectionInfo } from '../connection-info.js'
import { CLOSE_TIMEOUT_MS } from '../stream-limits.js'
import { carry, type Carrying } from './carry.js'
import { errorDecoder, type OwnErrors } from './errors.js'
import { FLUSH, type Begin, type FromPage, type FromWorker, type Method, type Reply } from './protocol.js'
import { callbacksOf, decodeValue, encodeOptions, type Callbacks } from './values.js'

/** What the worker's owner adds to it belongs to the worker: see tls-worker.ts. */
type Post = (begin: Omit<Begin, 'wasm' | 'context'>, ports: readonly MessagePort[]) => void

/** How much plaintext may be on its way to the worker while its writer goes on. */
const AHEAD_BYTES = 64 * 1024

export class RemoteLife implements Life {
  readonly #opened = deferred<ConnectionInfo>()
  readonly opened = this.#opened.promise
  readonly #closed = deferred<void>()
  readonly closed = this.#closed.promise
  readonly #control: MessagePort
  readonly #writable: WritableStream<Uint8Array>
  readonly #ciphertext: readonly [from: Carrying, to: Carrying]
  readonly #callbacks: Callbacks
  readonly #closeTimeoutMs: number
  /** What the worker was asked and has not replied to, by number. */
  readonly #asks = new Map<number, Deferred<Reply>>()
  #lastAsk = 0
  readonly #ownErrors: OwnErrors = { calls: new Map() }
  readonly #decodeError = errorDecoder(this.#ownErrors)
  #aheadBytes = 0
  #writeFailure: { readonly error: unknown } | undefined
  /** The worker was told to close: what is written now may come behind close_notify. */
  #closing = false
  /** Gives what the face has not written yet. */
  #flush = async (): Promise<void> => {}
  /** `closed` has settled. */
  #settled = false
  /** Plaintext has ended cleanly, though the connection has not. */
  #ended = false
  /** The worker has said all, but for replies. */
  #saidAll = false

  /** Of `options`, those that the page uses are checked. `post` begins the connection in the worker. Throws as {@link LocalLife}. */
  constructor(type: Begin['type'], { readable, writable }: ByteTransport, options: CommonOptions, post: Post) {
    throwIfAborted(options.signal)
    const { signal, context, highWaterMarkBytes, closeTimeoutMs = CLOSE_TIMEOUT_MS, ...rest } = options
    this.#closeTimeoutMs = closeTimeoutMs
    const { values, callbacks } = encodeOptions(rest)
    this.#callbacks = context ? { ...callbacksOf(context.options), ...callbacks } : callbacks
    const [control, ciphertext] = [new MessageChannel(), new MessageChannel()]
    post({
      type, options: { ...values, closeTimeoutMs }, callbacks: Object.keys(callbacks),
      control: control.port2, transport: ciphertext.port2,
    }, [control.port2, ciphertext.port2])

    this.#control = control.port1
    this.#writable = writable
    this.#control.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => this.#hear(data))
    // Where there is no such event, the worker's own tell.
    this.#control.addEventListener('close', () => this.die(new InternalError('ERR_TLS_INTERNAL', 'the worker has ended')))
    this.#control.start()
    const link = takeMessagePort(ciphertext.port1)
    this.#ciphertext = [carry(readable, link.writable), carry(link.readable, writable)]
    for (const { done } of this.#ciphertext) done.catch((error: unknown) => { this.#ownErrors.transport ??= { error } })
    abortBySignal(signal, this)
  }

  async read(limit: number, into?: Uint8Array): Promise<Uint8Array | undefined> {
    await this.opened
    if (this.#settled) return this.#ended ? undefined : this.closed.then(() => undefined)
    return await this.#ask('read', [into ? Math.min(limit, into.byteLength) : limit]) as Uint8Array | undefined
  }

  /** Until the end, settles at once while no more than {@link AHEAD_BYTES} are on their way: the next call tells if it fails. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.opened
    if (this.#writeFailure) throw this.#writeFailure.error
    const copy = new Uint8Array(bytes) // the caller's own buffer must not vanish under it
    const { byteLength } = copy
    this.#aheadBytes += byteLength
    const written = this.#ask('write', [copy], [copy.buffer]).finally(() => { this.#aheadBytes -= byteLength })
    written.catch((error: unknown) => { this.#writeFailure ??= { error } })
    if (this.#closing || this.#settled || this.#aheadBytes > AHEAD_BYTES) await written
  }

  async closeWriting(): Promise<void> {
    await this.#ask('closeWriting')
  }

  async stopReading(): Promise<void> {
    await this.#ask('stopReading')
  }

  close(waitForPeerMs: number, flush: () => Promise<void>): Promise<void> {
    return closeInTime(this, waitForPeerMs || this.#closeTimeoutMs, async () => {
      await this.opened
      this.#flush = flush
      this.#closing = true
      if (!this.#settled) await this.#ask('close', [waitForPeerMs])
      return this.closed
    })
  }

  async ask<Name extends keyof OpenConnection>(name: Name, ...args: Parameters<OpenConnection[Name]>): Promise<Answer<Name>> {
    return await this.#ask('ask', [name, ...args]) as Answer<Name>
  }

  abort(reason: unknown): void {
    if (this.#settled) return
    this.#post({ type: 'abort' })
    this.die(reason)
  }

  /** As {@link abort}, when there is no worker to tell. */
  die(reason: unknown): void {
    for (const reply of this.#asks.values()) reply.reject(reason)
    if (this.#settled) return
    for (const carrying of this.#ciphertext) carrying.giveUp(reason)
    this.#break(reason)
  }

  /** Calls a method of the life in the worker. */
  async #ask(method: Method, args: readonly unknown[] = [], transfer: Transferable[] = []): Promise<unknown> {
    await this.opened
    if (this.#settled) {
      await this.closed
      throw closedError()
    }
    const ask = ++this.#lastAsk
    const reply = deferred<Reply>()
    this.#asks.set(ask, reply)
    this.#post({ type: 'ask', ask, method, args }, transfer)
    const answer = await reply.promise.finally(() => {
      this.#asks.delete(ask)
      this.#hangUpIfDone()
    })
    if ('error' in answer) throw this.#decodeError(answer.error)
    return decodeValue(answer.value)
  }

  #post(message: FromPage, transfer: Transferable[] = []): void {
    this.#control.postMessage(message, transfer)
  }

  #hear(message: FromWorker): void {
    switch (message.type) {
      case 'opened': return this.#opened.resolve(decodeValue(message.info) as ConnectionInfo)
      case 'broken': {
        const error = this.#sayWhy(this.#decodeError(message.error))
        this.#saidAll = true
        this.#ended = message.ended
        if (isCloseTimeout(error)) this.die(error) // else the last words are on their way
        else this.#break(error)
        return this.#hangUpIfDone()
      }
      case 'closed': return void this.#leave()
      case 'reply': return this.#asks.get(message.ask)?.resolve(message.reply)
      case 'call': return this.#call(message)
    }
  }

  /** The worker cannot know that the transport is not open. */
  #sayWhy(error: unknown): unknown {
    const why = whyUnopened(this.#writable)
    return why !== undefined && error instanceof DeadlineError && error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT'
      ? new DeadlineError(error.code, error.message.replace(/: .*/s, `: ${why}`)) : error
  }

  #call({ callback, args, call }: Extract<FromWorker, { type: 'call' }>): void {
    if (this.#settled && callback !== FLUSH) return // a second close() in the worker waits for that
    const run = async () => (callback === FLUSH ? this.#flush() : this.#callbacks[callback]!(...args.map((arg) => decodeValue(arg))))
    run().then((value) => { if (call !== undefined) this.#post({ type: 'answer', call, answer: { value } }) }).catch((error: unknown) => {
      if (call === undefined) return this.abort(error)
      this.#ownErrors.calls.set(call, error)
      this.#post({ type: 'answer', call, answer: undefined, refusal: asRefusal(error)?.alertName })
    })
  }

  /** The worker's last words are with us; the transport has not accepted them yet. */
  async #leave(): Promise<void> {
    const limitMs = this.#closeTimeoutMs
    await withDeadline(limitMs, () => this.die(closeTimeout(limitMs)), this.#ciphertext[1].done.catch(() => {}))
    this.#settled = true
    this.#closed.resolve()
    this.#saidAll = true
    this.#hangUpIfDone()
  }

  #break(error: unknown): void {
    if (this.#settled) return
    this.#settled = true
    this.#opened.reject(error)
    this.#closed.reject(error)
  }

  #hangUpIfDone(): void {
    if (this.#saidAll && this.#asks.size === 0) this.#control.close()
  }
}
