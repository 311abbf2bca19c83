// Who makes connections where the platform has no sockets: the application says so, once for all of them.

import { TransportError } from '../../base/errors.js'
import { onAbort } from '../../base/realms.js'
import type { TransportLike } from '../../transports/adapt.js'
import { openTunnel, type TunnelOptions } from '../../transports/tunnel.js'
import { connectWisp, type ConnectWispOptions, type WispConnection } from '../../transports/wisp/client.js'
import { demandType } from '../invalid-arguments.js'
import { nodeError } from '../node-error.js'

/** Where a socket wants to connect to. */
export interface DialTarget {
  /** A name or an address, as the caller of `connect()` gave it. */
  readonly host: string
  /** 1 to 65,535. */
  readonly port: number
  /** Aborts when the socket is destroyed before it is connected. */
  readonly signal: AbortSignal
}

/**
 * Connects to a target. The socket emits 'connect' when this has given its transport and, if that has a promise `opened`, this is
 * fulfilled. To fail as Node does, reject with an error whose `code` is Node's, for example `ECONNREFUSED`.
 */
export type Dialer = (target: DialTarget) => TransportLike | PromiseLike<TransportLike>

let current: Dialer | undefined

/**
 * Says how sockets connect from now on; `undefined`: not at all. Those that are there are left alone.
 * Throws `ERR_INVALID_ARG_TYPE`.
 */
export function setDialer(dialer: Dialer | undefined): void {
  if (dialer !== undefined) demandType(dialer, 'function', 'dialer')
  current = dialer
}

/** @internal What {@link setDialer} was given last. Throws `ERR_NET_NO_DIALER`. */
export function currentDialer(): Dialer {
  if (current) return current
  const how = "setDialer(tunnelDialer('wss://relay.example')) of libssl-wasm/node/net"
  throw nodeError('ERR_NET_NO_DIALER', `There are no sockets here, and nothing says how to connect. First call, for example, ${how}`)
}

/**
 * Dials through a WebSocket-to-TCP tunnel, one WebSocket for each socket. The options are those of `openTunnel()`, without `signal`; a
 * tunnel whose `form` is `'fixed'` leads to one target, whatever a socket asks for.
 */
export function tunnelDialer(relay: string | URL, options: Omit<TunnelOptions, 'signal'> = {}): Dialer {
  return ({ host, port, signal }) => openTunnel(relay, options.form === 'fixed' ? undefined : { host, port }, { ...options, signal })
}

/** Clients that connect one after another find it open. */
const IDLE_TIMEOUT_MS = 5_000

/**
 * Dials through a Wisp server, all sockets over one WebSocket. It is opened for the first of them, closed when there was none for
 * `idleTimeoutMs`, default 5 seconds, and opened again when it is needed. The options are those of `connectWisp()`, whose `signal` ends
 * it. Wisp does not say that a target has been reached: 'connect' is emitted when it has been asked for, and an 'error' may follow.
 */
export function wispDialer(server: string | URL, options: ConnectWispOptions = {}): Dialer {
  let current: Promise<WispConnection> | undefined
  const connect = (): Promise<WispConnection> => {
    const connecting = connectWisp(server, { idleTimeoutMs: IDLE_TIMEOUT_MS, ...options })
    const forget = () => { if (current === connecting) current = undefined }
    connecting.then(({ closed }) => closed.then(forget), forget)
    return connecting
  }
  return async ({ host, port, signal }) => {
    for (;;) {
      const used = current ??= connect()
      const connection = await Promise.race([used, aborted(signal)])
      try {
        return connection.open({ host, port })
      } catch (error) {
        if (!(error instanceof TransportError)) throw error
        if (current === used) current = undefined // it has ended, and is about to say so
      }
    }
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => onAbort(signal, reject))
}
