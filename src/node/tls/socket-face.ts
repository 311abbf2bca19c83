// What a TLSSocket has of net.Socket: addresses, and what is passed on to the socket beneath. It is made as a Duplex, since a net.Socket
// ends in a handle of the system's; `instanceof net.Socket` holds all the same, for those who ask.

import { Duplex, type DuplexOptions } from '#node'
import { Socket } from '#node-net'
import { resetSocket } from '../../transports/reset-socket.js'
import { demandInteger } from '../invalid-arguments.js'
import { SocketBase } from '../socket-base.js'

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

export abstract class SocketFace extends SocketBase {
  /** @internal */
  protected readonly _beneath: Beneath
  #unrefed = false
  /** Whether ref() or unref() was called before there was a connection: the last call is passed on then. */
  #refWaits = false

  constructor(beneath: Beneath, options: DuplexOptions) {
    super(options)
    this._beneath = beneath
  }

  /** As in Node, also before connect() is called. */
  get connecting(): boolean {
    const { _beneath: beneath } = this
    return !this.destroyed && !beneath.destroyed && (beneath.connecting || beneath.pending || false)
  }
  get pending(): boolean { return this.destroyed || this.connecting }
  get remoteAddress(): string | undefined { return this._beneath.remoteAddress }
  get remoteFamily(): string | undefined { return this._beneath.remoteFamily }
  get remotePort(): number | undefined { return this._beneath.remotePort }
  get localAddress(): string | undefined { return this._beneath.localAddress }
  get localFamily(): string | undefined { return this._beneath.localFamily }
  get localPort(): number | undefined { return this._beneath.localPort }
  get autoSelectFamilyAttemptedAddresses(): string[] { return this._beneath.autoSelectFamilyAttemptedAddresses ?? [] }
  get _host(): string | null | undefined { return this._beneath._host }

  address(): object {
    return this._beneath.address?.() ?? {}
  }

  setNoDelay(...args: unknown[]): this { return this.#passOn('setNoDelay', args) }
  setKeepAlive(...args: unknown[]): this { return this.#passOn('setKeepAlive', args) }

  setTypeOfService(tos: number): this {
    demandInteger(tos, 'tos', 0, 255)
    return this.#passOn('setTypeOfService', [tos])
  }

  getTypeOfService(): number {
    return this._beneath.getTypeOfService?.() ?? 0
  }

  ref(): this {
    this.#unrefed = false
    return this.#passOn('ref', [])
  }

  unref(): this {
    this.#unrefed = true
    return this.#passOn('unref', [])
  }

  resetAndDestroy(): this {
    const { _beneath: beneath } = this
    if (beneath.resetAndDestroy) resetSocket(beneath as Required<Beneath>)
    return this.destroy()
  }

  #passOn(method: keyof SocketMethods, args: unknown[]): this {
    const { _beneath: beneath } = this
    if (beneath.connecting && (method === 'ref' || method === 'unref')) {
      if (!this.#refWaits) beneath.once('connect', () => this.#passOn(this.#unrefed ? 'unref' : 'ref', args))
      this.#refWaits = true
    } else {
      (beneath[method] as ((...args: unknown[]) => unknown) | undefined)?.apply(beneath, args)
    }
    return this
  }
}

// Where net.Socket overrides methods of Duplex, it does so for its handle. There is none here, so Duplex's own methods are put back.
if ((Socket.prototype as unknown) instanceof Duplex && !((Socket.prototype as unknown) instanceof SocketBase)) {
  for (const name of Object.getOwnPropertyNames(Socket.prototype)) {
    const inherited = Object.hasOwn(SocketBase.prototype, name) ? undefined : descriptorOf(Duplex.prototype, name)
    if (inherited) Object.defineProperty(SocketBase.prototype, name, inherited)
  }
  Object.setPrototypeOf(SocketBase.prototype, Socket.prototype)
}

function descriptorOf(object: object | null, name: string): PropertyDescriptor | undefined {
  return object ? Object.getOwnPropertyDescriptor(object, name) ?? descriptorOf(Object.getPrototypeOf(object), name) : undefined
}
