// What a TLSSocket has of net.Socket: addresses, time limits, counters, and what is passed on to the socket beneath. It is no net.Socket
// (`instanceof` says so), since those end in a handle of the system's.

import { Duplex, type DuplexOptions } from '#node'
import { demandInteger, demandType, outOfRange } from '../invalid-arguments.js'

/** What is beneath: any Duplex, perhaps with what sockets have. */
export type Beneath = Duplex & Partial<Readonly<SocketMembers>> & Partial<SocketMethods>

interface SocketMembers {
  connecting: boolean
  pending: boolean
  remoteAddress: string
  remoteFamily: string
  remotePort: number
  localAddress: string
  localFamily: string
  localPort: number
  autoSelectFamilyAttemptedAddresses: string[]
  _host: string | null
}

interface SocketMethods {
  address(): object
  connect(...args: unknown[]): unknown
  ref(): unknown
  unref(): unknown
  setKeepAlive(...args: unknown[]): unknown
  setNoDelay(...args: unknown[]): unknown
  setTypeOfService(tos: number): unknown
  getTypeOfService(): number
  resetAndDestroy(): unknown
}

/** The most that a timer can wait. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1

export abstract class SocketFace extends Duplex {
  /** @internal */
  protected readonly beneath: Beneath
  /** The time limit that {@link setTimeout} was given last. */
  timeout: number | undefined = undefined
  /** Plaintext that was received and sent. */
  bytesRead = 0
  #bytesSent = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #unrefed = false

  constructor(beneath: Beneath, options: DuplexOptions) {
    super({ ...options, emitClose: false }) // it says whether there was an error, when the socket beneath has closed
    this.beneath = beneath
    this.once('close', () => clearTimeout(this.#timer))
  }

  get connecting(): boolean { return this.beneath.connecting ?? false }
  get pending(): boolean { return this.beneath.pending ?? false }
  get remoteAddress(): string | undefined { return this.beneath.remoteAddress }
  get remoteFamily(): string | undefined { return this.beneath.remoteFamily }
  get remotePort(): number | undefined { return this.beneath.remotePort }
  get localAddress(): string | undefined { return this.beneath.localAddress }
  get localFamily(): string | undefined { return this.beneath.localFamily }
  get localPort(): number | undefined { return this.beneath.localPort }
  get autoSelectFamilyAttemptedAddresses(): string[] { return this.beneath.autoSelectFamilyAttemptedAddresses ?? [] }
  get _host(): string | null | undefined { return this.beneath._host }
  get bufferSize(): number | undefined { return this.destroyed ? undefined : this.writableLength }
  get bytesWritten(): number { return this.#bytesSent + this.writableLength }
  get _bytesDispatched(): number { return this.#bytesSent }

  get readyState(): 'opening' | 'open' | 'readOnly' | 'writeOnly' | 'closed' {
    if (this.connecting) return 'opening'
    if (this.readable) return this.writable ? 'open' : 'readOnly'
    return this.writable ? 'writeOnly' : 'closed'
  }

  address(): object {
    return this.beneath.address?.() ?? {}
  }

  /** Emits 'timeout' when nothing has come or gone for so long; 0: no more. The callback is called for the next one. */
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

  setNoDelay(...args: unknown[]): this { return this.#passOn('setNoDelay', args) }
  setKeepAlive(...args: unknown[]): this { return this.#passOn('setKeepAlive', args) }

  setTypeOfService(tos: number): this {
    demandInteger(tos, 'tos', 0, 255)
    return this.#passOn('setTypeOfService', [tos])
  }

  getTypeOfService(): number {
    return this.beneath.getTypeOfService?.() ?? 0
  }

  ref(): this {
    this.#unrefed = false
    return this.#passOn('ref', [])
  }

  unref(): this {
    this.#unrefed = true
    return this.#passOn('unref', [])
  }

  /** Ends, and destroys when all is written. */
  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy())
  }

  resetAndDestroy(): this {
    this.beneath.resetAndDestroy?.()
    return this.destroy()
  }

  /** @internal */
  protected received(bytes: number): void {
    this.bytesRead += bytes
    this._unrefTimer()
  }

  /** @internal */
  protected sent(bytes: number): void {
    this.#bytesSent += bytes
    this._unrefTimer()
  }

  #passOn(method: keyof SocketMethods, args: unknown[]): this {
    const { beneath } = this
    if (beneath.connecting && (method === 'ref' || method === 'unref')) {
      beneath.once('connect', () => { if (this.#unrefed === (method === 'unref')) this.#passOn(method, args) })
    } else {
      (beneath[method] as ((...args: unknown[]) => unknown) | undefined)?.apply(beneath, args)
    }
    return this
  }
}
