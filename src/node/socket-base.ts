// What every socket of ours is, whatever carries its bytes: a Duplex with a time limit, counters and the states of net.Socket.

import { Duplex, type DuplexOptions } from '#node'
import { demandType, outOfRange } from './invalid-arguments.js'
import type { OnreadTarget } from './onread.js'

/** The most that a timer can wait. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1

export abstract class SocketBase extends Duplex {
  /** The time limit that {@link setTimeout} was given last. */
  declare timeout?: number
  /** What was received. */
  bytesRead = 0
  #bytesSent = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  /** @internal With it nothing is pushed: to pause and to go on is our own matter. */
  protected _onread: OnreadTarget | undefined

  constructor(options: DuplexOptions) {
    super({ ...options, emitClose: false }) // it is told by us: in its own turn, and when what is beneath has closed
  }

  abstract get connecting(): boolean

  /** Node's types do not say that it may be undefined. */
  get bufferSize(): number { return this.destroyed ? undefined as never : this.writableLength }
  /** What was sent or waits to be. */
  get bytesWritten(): number { return this.#bytesSent + this.writableLength }
  get _bytesDispatched(): number { return this.#bytesSent }

  get readyState(): 'opening' | 'open' | 'readOnly' | 'writeOnly' | 'closed' {
    if (this.connecting) return 'opening'
    if (this.readable) return this.writable ? 'open' : 'readOnly'
    return this.writable ? 'writeOnly' : 'closed'
  }

  /** Emits 'timeout' when nothing has come or gone for `msecs`; 0 turns that off. The callback is called for the next 'timeout'. */
  setTimeout(msecs: number, callback?: () => void): this {
    if (this.destroyed) return this
    demandType(msecs, 'number', 'msecs')
    if (!(msecs >= 0) || !Number.isFinite(msecs)) throw outOfRange('msecs', 'a non-negative finite number', msecs)
    this.timeout = msecs
    if (callback !== undefined) {
      demandType(callback, 'function', 'callback')
      if (msecs === 0) this.removeListener('timeout', callback)
      else this.once('timeout', callback)
    }
    this._unrefTimer()
    return this
  }

  /** Something has happened: the time limit begins anew. */
  _unrefTimer(): void {
    clearTimeout(this.#timer)
    if (!this.timeout || this.destroyed) return
    this.#timer = globalThis.setTimeout(() => this._onTimeout(), Math.min(this.timeout, MAX_TIMEOUT_MS))
    ;(this.#timer as { unref?(): void }).unref?.()
  }

  _onTimeout(): void {
    this.emit('timeout')
  }

  // By name: above this class may be the platform's net.Socket, which asks its handle.

  /** Once both sides have ended the pipe is broken: clients know that by its code. */
  override write(chunk: any, encoding?: any, callback?: any): boolean {
    const over = this.readableEnded && this.writableEnded && !this.allowHalfOpen
    if (!over) return Duplex.prototype.write.call(this, chunk, encoding, callback)
    const error = Object.assign(new Error('This socket has been ended by the other party'), { code: 'EPIPE' })
    const done = (typeof encoding === 'function' ? encoding : callback) as ((error: Error) => void) | undefined
    queueMicrotask(() => {
      done?.(error)
      this.destroy(error)
    })
    return false
  }

  override pause(): this {
    if (this._onread) this._onread.paused = true
    return Duplex.prototype.pause.call(this) as this
  }

  override resume(): this {
    this.#goOn()
    return Duplex.prototype.resume.call(this) as this
  }

  override read(size?: number): any {
    this.#goOn()
    return Duplex.prototype.read.call(this, size)
  }

  #goOn(): void {
    if (this._onread?.paused && this._onread.resume()) this._read(0)
  }

  /** Ends, and destroys when all is written. */
  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy())
  }

  override destroy(error?: Error | null): this {
    if (!this.destroyed) clearTimeout(this.#timer)
    return super.destroy(error ?? undefined)
  }

  /**
   * @internal Calls the callback of `_destroy()`, and `told` when the streams have told the error: as sockets tell 'close', in a turn after
   * that of 'error'. The streams tell it in their own time, which in pages is later than what `setImmediate` runs, and not at all if a
   * connection was begun meanwhile: so a stream is destroyed whose 'close' comes next.
   */
  protected _callBack(error: Error | null, callback: (error?: Error | null) => void, told: () => void): void {
    callback(error)
    const next = new Duplex({ read() {} })
    next.once('close', error ? () => laterTurn(told) : told)
    next.destroy()
  }

  /** @internal The end of `_destroy()` where nothing beneath has to close. */
  protected _finishDestroy(error: Error | null, callback: (error?: Error | null) => void): void {
    queueMicrotask(() => this._callBack(error, callback, () => this.emit('close', error !== null)))
  }

  /** @internal Gives the application what has come. What its listeners throw is theirs: as in Node, a program that lives on reads on. */
  protected _tell(give: () => void): void {
    try {
      give()
    } catch (error) {
      queueMicrotask(() => {
        this._onread ? this._read(0) : this.read(0)
        throw error
      })
    }
  }

  /** @internal */
  protected _received(bytes: number): void {
    this.bytesRead += bytes
    this._unrefTimer()
  }

  /** @internal */
  protected _sent(bytes: number): void {
    this.#bytesSent += bytes
    this._unrefTimer()
  }

  /** @internal A new connection of the same object. */
  protected _resetCounters(): void {
    this.bytesRead = this.#bytesSent = 0
  }
}

/** After what Node's streams tell in this turn. */
export function laterTurn(task: () => void): void {
  const { setImmediate = setTimeout } = globalThis as { setImmediate?(task: () => void): void }
  setImmediate(task)
}
