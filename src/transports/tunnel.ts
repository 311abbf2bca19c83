// The client's end of a WebSocket-to-TCP tunnel: one WebSocket a connection.

import { ApiMisuseError } from '../base/errors.js'
import { utf8 } from '../base/bytes.js'
import { checkOptions, each, invalid, isCount, isFunction, isOneOf, isSignal, isString, type Check } from '../base/options.js'
import { onAbort } from '../base/realms.js'
import { tellUntil, type ByteTransport } from '../pump/transport.js'
import { laterTransport } from './later.js'
import { demandTarget, formatTarget, parseTarget, type Target } from './target.js'
import { takeWebSocket } from './websocket.js'
import { unanswered, WebSocketError } from './websocket-close.js'
import { CREDIT_PROTOCOL } from './websocket-credit.js'
import { failureOf, isWebSocket, webSocketClass, withoutSecrets, type WebSocketConstructor } from './websocket-like.js'
import { isWindow, type WebSocketTransportOptions } from './websocket-options.js'
import { RAW_PROTOCOL } from './websocket-framing.js'
import { isWebSocketStream, takeWebSocketStream } from './websocket-stream.js'

/** Any WebSocketStream class. */
export type WebSocketStreamConstructor = new (url: string, options: { protocols: string[] }) => any

/** Options of {@link openTunnel}. */
export interface TunnelOptions extends Pick<WebSocketTransportOptions, 'highWaterMarkBytes' | 'maxBufferedBytes' | 'windowBytes'> {
  /**
   * How the tunnel is told where to lead. `'path'` (default): `wss://relay/host:port`. `'query'`:
   * `wss://relay/?address=host:port`, as Postgres-over-WebSocket proxies have it. `'fixed'`: not at all, it leads to one
   * target, as websockify's do.
   */
  readonly form?: 'path' | 'query' | 'fixed' | undefined
  /** The name of the parameter in the query. Default `address`. */
  readonly addressParameter?: string | undefined
  /**
   * `'credit'`: the relay must speak `libssl-wasm.credit.v1`, and holds back what is not read. `'none'`: it is not asked
   * to. `'auto'` (default): it is asked, and if that fails before the tunnel is open, once more without: platforms fail a
   * WebSocket whose server selects no subprotocol. A `'fixed'` tunnel is not asked unless told `'credit'`. A WebSocketStream
   * holds back what arrives by itself: with `'auto'` it asks for `libssl-wasm.raw.v1` instead, as only to one of its
   * subprotocols does our relay say why it refuses.
   */
  readonly flowControl?: 'auto' | 'credit' | 'none' | undefined
  /**
   * A bearer token for our relay. A page can set no headers, so it travels as a subprotocol that is offered beside
   * others, `libssl-wasm.bearer.` and the token in base64url. With it there is no second try. Default none.
   */
  readonly token?: string | undefined
  /** Ends the tunnel, open or not. */
  readonly signal?: AbortSignal | undefined
  /** The class to use. Default: the platform's own; Node 20 has none. */
  readonly WebSocket?: WebSocketConstructor | undefined
  /**
   * The class to use rather than a WebSocket. Default: the platform's own, if there is one, no `WebSocket` is given, and
   * `flowControl` is not `'credit'`.
   */
  readonly WebSocketStream?: WebSocketStreamConstructor | undefined
}

/**
 * Opens a tunnel to `target` through `relay` (`ws:`, `wss:`, or the same as `http:`, `https:`; its path and query are
 * kept). The transport may be used at once; its streams fail if the tunnel does not open. `opened` is fulfilled when the relay has
 * connected to the target, and rejects as the streams do. With `form: 'fixed'` there is no target: give `undefined`.
 *
 * The error of a failed stream names target and relay, and what the platform or the relay said. If the relay is ours and says why
 * it does not connect, its `code`, and that of a connection's `TransportError`, is `ERR_TLS_RELAY_…` (docs/credit-window.md).
 *
 * Throws `ERR_TLS_INVALID_ARGUMENT` for a relay or target that is none, `ERR_TLS_UNKNOWN_OPTION` (also for an
 * option in the target) and `ERR_TLS_INVALID_OPTION` with `option` naming it: `WebSocket` where the platform has none and none was given.
 */
export function openTunnel(
  relay: string | URL, target: Target | undefined, given: TunnelOptions = {},
): ByteTransport & { readonly opened: Promise<void> } {
  const options = checkOptions(given, checks, 'openTunnel')
  const { form = 'path', flowControl = form === 'fixed' ? 'none' : 'auto', token, signal, WebSocket, WebSocketStream } = options
  const { highWaterMarkBytes, maxBufferedBytes, windowBytes } = options
  const url = tunnelUrl(relay, form, target, options.addressParameter ?? 'address')
  const reach = `${target ? `${formatTarget(target)} through ` : ''}${withoutSecrets(String(relay))}`
  const platform = globalThis as { readonly WebSocketStream?: WebSocketStreamConstructor }
  const Stream = WebSocketStream ?? (WebSocket || options.flowControl === 'credit' ? undefined : platform.WebSocketStream)
  const Socket = Stream ? undefined : webSocketClass(WebSocket)
  const attempt = (protocols: string[]): ByteTransport & { readonly opened: Promise<unknown> } => {
    let made: object
    try {
      made = Stream ? new Stream(url, { protocols }) : new Socket!(url, protocols)
    } catch (error) {
      throw failureOf({ error, message: (error as Error).message }, { reach, url, opened: false }) // what a page's policy forbids
    }
    if (Stream && isWebSocketStream(made)) return takeWebSocketStream(made, reach)
    if (Socket && isWebSocket(made)) return takeWebSocket(made, { highWaterMarkBytes, maxBufferedBytes, windowBytes }, reach)
    const option = Stream ? 'WebSocketStream' : 'WebSocket'
    throw invalid(option, `must be a ${option} class`)
  }
  const tries = offers(Stream && flowControl === 'auto' ? 'raw' : Stream ? 'none' : flowControl, token)
  const tunnel = laterTransport(async (unwanted) => {
    for (;;) {
      const transport = attempt(tries.shift()!)
      const forget = onAbort(unwanted, (reason) => void transport.writable.abort(reason).catch(() => {}))
      try {
        await transport.opened
        return transport
      } catch (error) {
        unwanted.throwIfAborted()
        const refused = error instanceof WebSocketError && error.code !== undefined
        if (refused || tries.length === 0) throw error
      } finally {
        forget()
      }
    }
  }, signal)
  tellUntil(tunnel.opened, tunnel.writable, unanswered(reach))
  return tunnel
}

/** The subprotocols to offer, a try after the other. A token needs one beside it that may be selected. */
function offers(asked: 'auto' | 'credit' | 'raw' | 'none', token: string | undefined): string[][] {
  const open = { auto: [[CREDIT_PROTOCOL], []], credit: [[CREDIT_PROTOCOL]], raw: [[RAW_PROTOCOL], []], none: [[]] }
  if (token === undefined) return open[asked]
  const base64url = btoa(String.fromCharCode(...utf8(token))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
  const spoken = { auto: [CREDIT_PROTOCOL, RAW_PROTOCOL], credit: [CREDIT_PROTOCOL], raw: [RAW_PROTOCOL], none: [RAW_PROTOCOL] }[asked]
  return [[...spoken, `libssl-wasm.bearer.${base64url}`]]
}

function tunnelUrl(relay: string | URL, form: 'path' | 'query' | 'fixed', target: Target | undefined, addressParameter: string): string {
  const misuse = (why: string, options?: ErrorOptions) => new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', why, options)
  let url: URL
  try {
    url = new URL(relay)
  } catch (cause) {
    throw misuse(`the relay must be a URL, for example ws://127.0.0.1:8080, not ${JSON.stringify(relay)}`, { cause })
  }
  url.protocol = url.protocol.replace(/^http/, 'ws')
  if (!/^wss?:$/.test(url.protocol)) throw misuse(`a relay is reached by ws: or wss:, not by ${url.protocol}`)
  url.hash = ''
  if (form === 'fixed' && target === undefined) return url.href
  if (form === 'fixed') throw misuse('a fixed tunnel cannot be told a target: give undefined')
  // Read as the relay will: nothing in a host's name may become another part of the URL.
  if (target) demandTarget(target, 'openTunnel()', ['host', 'port'], Object.keys(checks), 'is an option: give it in the third argument')
  const address = typeof target?.host === 'string' ? parseTarget(formatTarget(target)) : undefined
  if (!address) {
    const given = target ? `, not host ${JSON.stringify(target.host)} and port ${String(target.port)}` : ''
    throw misuse(`the target must be { host, port }: a host name or an address, and 1 to 65535${given}`)
  }
  if (form === 'query') url.searchParams.set(addressParameter, formatTarget(address))
  else url.pathname = `${url.pathname.replace(/\/$/, '')}/${formatTarget(address)}`
  return url.href
}

const checks: Readonly<Record<keyof TunnelOptions, Check>> = {
  ...each(isCount, 'highWaterMarkBytes', 'maxBufferedBytes'),
  ...each(isFunction, 'WebSocket', 'WebSocketStream'),
  ...each(isString, 'addressParameter', 'token'),
  form: isOneOf('path', 'query', 'fixed'),
  flowControl: isOneOf('auto', 'credit', 'none'),
  signal: isSignal,
  windowBytes: isWindow,
}
